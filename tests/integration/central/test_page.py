"""The page in a real browser, and what guards it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from edge_agent.domain.record import RecordKind
from tests.central import DEADLINE_S, Running, Till, earn, take_back

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("central-page")]

CARD = "2912345678906"


@pytest.fixture(scope="module", autouse=True)
def filled(running: Running) -> None:
    csv = f"card,member_id,display_name,points\n{CARD},M1,<b>Anneke</b>,10\n2912345678913,M2,Bram,20\n"
    running.admin("POST", "/members/import", data=csv.encode())
    wire = running.enrol("0412", "03")
    till = Till(wire.terminal)
    sale = till.sale("ref-1", [earn(5)], card=CARD)
    till.give_back(sale.id, [take_back(sale, 500)], "ref-1")
    till.give_back(None)
    till.five_euro("ref-2", "2912345678913")
    wire.push(till.message())
    clone = Till(till.terminal, till.epoch)
    clone.sale()
    wire.push(clone.message())


@pytest.fixture
def page(browser: Browser, running: Running) -> Iterator[Page]:
    """The page after logging in."""
    context = browser.new_context(
        viewport={"width": 1024, "height": 768}, locale="nl-NL", base_url=running.url
    )
    opened = context.new_page()
    refused: list[str] = []
    opened.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    opened.goto("/")
    opened.fill("#token", running.admin_token)
    opened.press("#token", "Enter")
    opened.wait_for_selector("#q")
    yield opened
    assert refused == []
    context.close()


def test_a_member_is_found_by_its_card_and_its_entries_are_there(page: Page) -> None:
    page.fill("#q", CARD)
    page.press("#q", "Enter")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("15 punten")
    expect(row).not_to_contain_text(CARD)
    row.locator("a").first.click()
    expect(page.locator("h1")).to_have_text("<b>Anneke</b>")
    expect(page.locator("main")).to_contain_text("gespaard")


def test_terminals_show_what_was_received(page: Page) -> None:
    page.click("nav a[href='/terminals']")
    expect(page.locator("tbody")).to_contain_text("0412/03")
    expect(page.locator("tbody")).to_contain_text("ontvangen t/m 4")


def test_what_was_refused_is_there_with_its_reason_in_words(page: Page) -> None:
    page.click("nav a[href='/refused']")
    main = page.locator("main")
    expect(main).to_contain_text("klopt niet met de regels van het programma")
    expect(main).to_contain_text("wacht op de verkoop waar dit bij hoort")
    expect(main).to_contain_text("gekopieerde kassa")


def test_who_redeemed_too_much_is_listed_and_may_be_let_redeem_without_central_again(
    page: Page, running: Running
) -> None:
    page.click("nav a[href='/overdrafts']")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("M2")
    expect(row).to_contain_text("230 punten")
    allow = row.locator("button")
    if allow.count():  # the first of the two screens
        assert not running.admin("GET", "/members/M2").json()["redeems_offline"]
        allow.click()
    page.locator("td", has_text="toegestaan").wait_for()
    assert running.admin("GET", "/members/M2").json()["redeems_offline"]
    page.click("p a.id")
    expect(page.locator("main")).to_contain_text("-230 punten")


def test_what_was_refused_is_looked_into_and_given_up(page: Page) -> None:
    page.click("nav a[href='/refused']")
    page.wait_for_selector("h1:has-text('Niet geboekt')")
    page.wait_for_load_state()  # Or the rows are counted while they come in.
    listed = page.locator("a[href^='/records/']")
    before = listed.count()
    listed.first.click()
    expect(page.locator("pre")).to_contain_text('"return_id"')
    page.fill("#reason", "een vergissing")
    page.click("form.panel button")
    page.wait_for_selector("dd:has-text('opgegeven')")
    expect(page.locator("main")).to_contain_text("een vergissing")
    expect(page.locator("#reason")).to_have_count(0)
    page.click("nav a[href='/refused']")
    page.wait_for_selector("h1:has-text('Niet geboekt')")
    expect(listed).to_have_count(before - 1)


def test_nothing_is_wider_than_the_screen_and_everything_can_be_pressed(page: Page) -> None:
    for path in ("/", "/members/M1", "/cases", "/terminals", "/refused", "/overdrafts"):
        page.goto(path)
        for width, height in ((1024, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            for pressed in page.locator("nav a, main a, button").all():
                pressed.click(trial=True)


def test_logging_out_ends_it(page: Page) -> None:
    page.click("header button")
    page.wait_for_selector("#token")
    page.goto("/terminals")
    assert urlsplit(page.url).path == "/login"


@pytest.mark.parametrize(
    "path", ["/", "/members/M1", "/cases", "/cases/1", "/terminals", "/refused", "/overdrafts"]
)
def test_without_logging_in_nothing_is_shown(running: Running, path: str) -> None:
    answer = requests.get(running.url + path, allow_redirects=False, timeout=DEADLINE_S)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_a_wrong_token_is_refused_and_the_cookie_is_strict(running: Running) -> None:
    url = f"{running.url}/login"
    wrong = requests.post(url, data={"token": "wrong"}, timeout=DEADLINE_S)
    assert (wrong.status_code, "klopt niet" in wrong.text) == (401, True)
    right = requests.post(
        url, data={"token": running.admin_token}, allow_redirects=False, timeout=DEADLINE_S
    )
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert running.admin_token not in cookie


def test_a_case_is_noted_on_and_closed_by_a_form_of_the_page_alone(running: Running) -> None:
    wire = running.enrol("0412", "04")
    till = Till(wire.terminal)
    names = {"answer_id": "a-1", "question": "recommend", "value": 2, "case": True}
    attached = {"card": {"code": CARD, "entry": "scanned"}, "text": "te <b>lang</b> gewacht"}
    till.act(RecordKind.ANSWER, names, "ref-4", (), attached)
    wire.push(till.message())
    url = f"{running.url}/cases"
    number = running.admin("GET", "/cases").json()["cases"][0]["id"]
    form = {"note": "gebeld", "close": ""}

    stranger = requests.post(
        f"{url}/{number}", data=form, allow_redirects=False, timeout=DEADLINE_S
    )
    assert stranger.headers["Location"] == "/login"
    with requests.Session() as browser:
        browser.post(
            f"{running.url}/login", data={"token": running.admin_token}, timeout=DEADLINE_S
        )
        shown = browser.get(url, timeout=DEADLINE_S).text
        assert "te &lt;b&gt;lang&lt;/b&gt; gewacht" in shown
        foreign = {"Origin": "https://evil.example"}
        refused = browser.post(f"{url}/{number}", data=form, headers=foreign, timeout=DEADLINE_S)
        assert refused.status_code == 403
        assert "Geen zaken" not in browser.get(url, timeout=DEADLINE_S).text
        done = browser.post(f"{url}/{number}", data=form, timeout=DEADLINE_S).text
        assert "gebeld" in done
        assert "afgesloten" in done
        assert "Geen zaken" in browser.get(url, timeout=DEADLINE_S).text


def test_a_form_from_another_page_is_refused(running: Running) -> None:
    answer = requests.post(
        f"{running.url}/login",
        data={"token": running.admin_token},
        headers={"Origin": "https://evil.example"},
        timeout=DEADLINE_S,
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden-origin")


def test_the_page_runs_no_script_and_may_not_be_framed(running: Running) -> None:
    answer = requests.get(f"{running.url}/login", timeout=DEADLINE_S)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in answer.text


def test_the_page_speaks_english_when_asked(running: Running) -> None:
    answer = requests.get(
        f"{running.url}/login", headers={"Accept-Language": "en-GB"}, timeout=DEADLINE_S
    )
    assert "Admin token" in answer.text
