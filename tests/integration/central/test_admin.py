"""Administration over HTTP."""

from pathlib import Path

import pytest
import requests

from edge_agent.domain.record import RecordKind
from tests.central import Running, Till, earn

PROGRAMME = Path(__file__).parents[3] / "config" / "programme.example.toml"
CARD = "2912345678906"


@pytest.fixture(scope="module", autouse=True)
def members(running: Running) -> None:
    csv = f"card,member_id,display_name,points,city\n{CARD},M1,Anneke,10,Utrecht\n4111111111111111,M2,X,1,Y\n"
    report = running.admin("POST", "/members/import", data=csv.encode()).json()
    assert (report["added"], report["bad"]) == (1, 1)


PAN = "4111111111111111"
WIDE_PAN = "４１１１１１１１１１１１１１１１"


@pytest.mark.parametrize("token", [None, "", "wrong"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/members/M1"),
        ("POST", "/members/import"),
        ("PUT", "/programme"),
        ("GET", "/totals"),
        ("POST", "/terminals"),
    ],
)
def test_without_the_token_nothing_is_told_or_done(
    running: Running, method: str, path: str, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = requests.request(method, f"{running.url}/admin/v1{path}", headers=headers, timeout=9)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")


def test_a_terminals_signature_is_no_administrators(running: Running) -> None:
    path = "/admin/v1/totals"
    headers = running.enrol("0412", "50").signer.signed("GET", path, None, {})
    assert requests.get(running.url + path, headers=headers, timeout=9).status_code == 401


def test_a_member_is_found_by_id_and_by_card_and_its_card_is_masked(running: Running) -> None:
    member = running.admin("GET", "/members/M1").json()
    assert member == running.admin("GET", f"/members?card={CARD}").json()
    assert (member["display_name"], member["balance"]) == ("Anneke", {"points": 10})
    assert (member["cards"], member["attributes"]) == (["*********8906"], {"city": "Utrecht"})
    assert running.admin("GET", "/members/none").status_code == 404
    assert running.admin("GET", "/members?card=1").status_code == 404
    assert running.admin("GET", "/members").json()["errors"][0]["path"] == "card"


def test_an_adjustment_is_made_once(running: Running) -> None:
    body = {"adjustment_id": "adj-1", "quantity": 5, "reason": "klacht"}
    first = running.admin("POST", "/members/M1/adjustments", json=body)
    again = running.admin("POST", "/members/M1/adjustments", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["balance"] == again.json()["balance"] == {"points": 15}
    other = running.admin("POST", "/members/M1/adjustments", json=body | {"quantity": 6})
    assert (other.status_code, other.json()["code"]) == (409, "adjustment-differs")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (
            "/members/M1/adjustments",
            {"adjustment_id": "x", "quantity": 1.5, "reason": "r"},
            "quantity",
        ),
        ("/members/M1/adjustments", {"adjustment_id": "x", "quantity": 1}, "reason"),
        (
            "/members/M1/adjustments",
            {"adjustment_id": "../", "quantity": 1, "reason": "r"},
            "adjustment_id",
        ),
        ("/members/M1/cards", {}, "code"),
        ("/members/M1/standing", {"standing": "gone"}, "standing"),
        ("/terminals", {"store": "0412"}, "till"),
        ("/terminals", {"store": "0412", "till": "a/b"}, "till"),
    ],
)
def test_a_bad_field_is_named(
    running: Running, path: str, body: dict[str, object], field: str
) -> None:
    answer = running.admin("POST", path, json=body)
    assert answer.status_code == 422
    assert [error["path"] for error in answer.json()["errors"]] == [field]


def test_a_payment_card_is_given_to_nobody(running: Running) -> None:
    answer = running.admin("POST", "/members/M1/cards", json={"code": "4111111111111111"})
    assert (answer.status_code, answer.json()["code"]) == (422, "payment-card")
    assert "4111" not in answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/members/M1/standing", {"standing": "known", PAN: 1}),
        ("/members/M1/adjustments", {"adjustment_id": PAN, "quantity": 1, "reason": "x"}),
        ("/members/M1/adjustments", {"adjustment_id": "a", "quantity": 1, "reason": WIDE_PAN}),
        ("/members/M1/tiers", {"grant_id": "g", "tier": PAN}),
        ("/members/M1/transfers", {"transfer_id": PAN, "to": "M1", "quantity": 1}),
    ],
)
def test_a_payment_card_in_any_field_is_neither_kept_nor_repeated(
    running: Running, path: str, body: dict[str, object]
) -> None:
    answer = running.admin("POST", path, json=body)
    assert answer.status_code == 422
    assert PAN not in answer.text


def test_a_programme_is_published_or_its_mistakes_are_named(running: Running) -> None:
    text = PROGRAMME.read_bytes()
    assert running.admin("PUT", "/programme", data=text).status_code == 201
    assert running.admin("PUT", "/programme", data=text).status_code == 200
    bad = running.admin("PUT", "/programme", data=b"id = 7\n")
    assert (bad.status_code, bad.json()["code"]) == (422, "programme-invalid")
    assert bad.json()["errors"]
    assert running.admin("PUT", "/programme", data=b"\xff\xfe").status_code == 400


def test_records_are_listed_by_terminal_and_state(running: Running) -> None:
    wire = running.enrol("0412", "51")
    till = Till(wire.terminal)
    till.sale("ref-a", [earn(1)], card="2912345678913")
    till.give_back(None)
    wire.push(till.message())
    listed = running.admin("GET", "/records", params={"terminal": "0412/51"}).json()["records"]
    assert [(each["seq"], each["kind"], each["state"]) for each in listed] == [
        (1, "sale", "accepted"),
        (2, "return", "parked"),
    ]
    parked = running.admin("GET", "/records?terminal=0412/51&state=parked").json()["records"]
    assert [(each["seq"], each["code"]) for each in parked] == [(2, "awaiting-original")]
    rest = running.admin("GET", f"/records?terminal=0412/51&after={listed[0]['row']}").json()
    assert [each["seq"] for each in rest["records"]] == [2]
    assert running.admin("GET", "/records?state=lost").status_code == 422


def test_totals_add_up(running: Running) -> None:
    totals = running.admin("GET", "/totals").json()
    assert sum(each["quantity"] for each in totals["entries"]) == totals["balances"]["points"]


def test_terminals_are_listed_with_what_was_received(running: Running) -> None:
    wire = running.enrol("0412", "52")
    till = Till(wire.terminal)
    till.sale()
    wire.push(till.message())
    listed = running.admin("GET", "/terminals").json()["terminals"]
    (terminal,) = [each for each in listed if each["terminal"] == "0412/52"]
    assert (terminal["state"], terminal["epochs"][0]["received"]) == ("enrolled", 1)
    assert terminal["last_contact"]
    assert "token" not in str(terminal)


def test_a_members_file_without_cards_is_refused(running: Running) -> None:
    answer = running.admin("POST", "/members/import", data=b"name\nx\n")
    assert answer.status_code == 422


def test_a_case_is_read_noted_on_and_closed(running: Running) -> None:
    wire = running.enrol("0412", "61")
    till = Till(wire.terminal)
    names = {"answer_id": "a-1", "question": "recommend", "value": 2, "case": True}
    till.act(RecordKind.ANSWER, names, "ref-61", (), {"card": {"code": CARD, "entry": "scanned"}})
    wire.push(till.message())
    (case,) = running.admin("GET", "/cases").json()["cases"]
    assert (case["member"]["id"], case["value"]) == ("M1", 2)
    path = f"/cases/{case['id']}"
    wrong = running.admin("POST", path, json={"note": ""})
    assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (422, "note")
    done = running.admin("POST", path, json={"note": "gebeld", "close": True}).json()
    assert (done["state"], [each["text"] for each in done["notes"]]) == ("closed", ["gebeld"])
    assert running.admin("GET", "/cases").json() == {"cases": []}
    assert len(running.admin("GET", "/cases?state=closed").json()["cases"]) == 1
    assert running.admin("GET", "/cases?state=lost").json()["errors"][0]["path"] == "state"
    assert running.admin("GET", "/cases/99").status_code == 404
    assert running.admin("GET", "/answers").json()["answers"][0]["question"] == "recommend"


@pytest.mark.parametrize("report", ["overdrafts", "draws", "offers"])
def test_reports_are_there_when_there_is_nothing_to_report(running: Running, report: str) -> None:
    assert running.admin("GET", f"/{report}").json() == {report: []}


def test_a_member_is_exported_and_erased(running: Running) -> None:
    csv = b"card,member_id,display_name\n2912345678999,M99,Zoe\n"
    running.admin("POST", "/members/import", data=csv)
    kept = running.admin("GET", "/members/M99/export").json()
    assert [each["display_name"] for each in kept["profiles"]] == ["Zoe"]
    erased = running.admin("DELETE", "/members/M99").json()
    assert erased.pop("left") in {"nowhere", "log", "pages"}
    assert erased == {"ref": kept["profiles"][0]["ref"], "standing": "erased"}
    assert running.admin("GET", "/members/M99").status_code == 404
    assert running.admin("DELETE", "/members/nobody").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("/members/M1/tiers", {"grant_id": "g"}, "tier"),
        ("/members/M1/transfers", {"transfer_id": "t", "to": "M1", "quantity": 0}, "quantity"),
        ("/records/x/releases", {"event": ""}, "event"),
    ],
)
def test_what_is_done_by_hand_names_what_is_wrong_with_it(
    running: Running, path: str, body: dict[str, object], wrong: str
) -> None:
    answer = running.admin("POST", path, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, wrong)


def test_a_release_of_no_sale_and_a_transfer_within_one_account_are_refused(
    running: Running,
) -> None:
    release = running.admin("POST", f"/records/{'0' * 32}/releases", json={"event": "delivered"})
    assert release.status_code == 404
    body = {"transfer_id": "t-1", "to": "M1", "quantity": 1}
    transfer = running.admin("POST", "/members/M1/transfers", json=body)
    assert (transfer.status_code, transfer.json()["code"]) == (409, "refused")
