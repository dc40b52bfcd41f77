"""Selling: once, durable, with an answer that stays the same."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from pysqlite3 import dbapi2

from edge_agent.domain.basket import EntryMode, PresentedCard
from edge_agent.domain.cards import card_key
from edge_agent.domain.member import Standing
from edge_agent.errors import (
    DiskFull,
    Invalid,
    LedgerUnavailable,
    NoProgramme,
    QuoteLapsed,
    SaleDiffers,
)
from edge_agent.till.present import PRESENT_FOR, Present
from edge_agent.till.quotes import QUOTE_LASTS
from edge_agent.till.sell import content
from edge_agent.till.views import Answer
from sync.wire import WireRecord
from tests.tills import (
    AT,
    DAY,
    JAN,
    JAN_REF,
    KEY,
    PROGRAMME,
    STRANGER,
    Shop,
    jan,
    milk,
    open_shop,
    points,
    sale,
    scanned,
    tobacco,
)


def balance(answer: Answer) -> dict[str, int]:
    points: dict[str, int] = answer.result["balance"]["points"]
    return points


def test_points_are_awarded_and_told_apart_from_what_central_confirmed(shop: Shop) -> None:
    answer = shop.till.sell(sale())
    assert answer.first
    assert answer.result["earned"] == {"points": 2}
    assert (balance(answer)["confirmed"], balance(answer)["unconfirmed"]) == (118, 2)
    assert balance(answer)["spendable"] == 118


def test_every_entry_says_why_in_the_terminals_language(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, language="de")
    (entry,) = shop.till.sell(sale()).result["entries"]
    assert entry["rule"] == "base"
    assert entry["why"] == "1 Punkt je vollem Euro"
    assert entry["expires_on"] == "2027-11-30"
    shop.close()


def test_the_same_sale_gets_the_same_answer_and_no_second_record(shop: Shop) -> None:
    first = shop.till.sell(sale())
    again = shop.till.sell(sale())
    assert not again.first
    assert json.dumps(again.result) == json.dumps(first.result)
    assert shop.ledger.head.seq == 1


def test_what_was_recorded_is_told_also_where_nothing_can_be_written(shop: Shop) -> None:
    first = shop.till.sell(sale("before"))
    error = dbapi2.OperationalError("disk I/O error")
    error.sqlite_errorcode, error.sqlite_errorname = dbapi2.SQLITE_IOERR, "SQLITE_IOERR_FSYNC"
    with pytest.raises(LedgerUnavailable), shop.ledger.act():
        raise error
    assert shop.till.sell(sale("before")).text == first.text
    with pytest.raises(LedgerUnavailable):
        shop.till.sell(sale("after"))


def test_the_same_sale_gets_the_same_answer_after_a_restart_and_another_programme(
    shop: Shop,
) -> None:
    first = shop.till.sell(sale())
    text = (
        PROGRAMME.read_text()
        .replace("version = 3", "version = 4")
        .replace("per = 100", "per = 10", 1)
    )
    shop.shelf.offer(text, "next", AT)
    shop.close()
    reopened = open_shop(shop.data, at=AT + DAY)
    assert reopened.till.sell(sale()).result == first.result
    reopened.close()


def test_a_sale_whose_record_central_could_not_take_is_refused_and_nothing_is_written(
    shop: Shop,
) -> None:
    why = "".join(f'why.{language} = "extra"\n' for language in ("nl", "en", "de", "fr"))
    rules = "".join(
        f'[[bonus]]\nid = "extra-{n}"\nadd = 600\nwhen = {{ minimum_spend = 100 }}\n{why}\n'
        for n in range(40)
    )
    text = PROGRAMME.read_text().replace("version = 3", "version = 9", 1) + "\n" + rules
    shop.shelf.offer(text, "many rules", AT)
    trolley = [milk(n, "1", 1000) for n in range(1, 501)]
    with pytest.raises(Invalid) as caught:
        shop.till.sell(sale("big", *trolley))
    assert [error.path for error in caught.value.fields] == ["lines"]
    assert shop.ledger.head.seq == 0
    shop.till.sell(sale("small", *trolley[:100]))
    (record,) = shop.ledger.records(0, 1)
    WireRecord.of(record)


def test_ten_at_once_make_one_sale(shop: Shop) -> None:
    answers: list[Answer] = []
    ready = threading.Barrier(10)

    def post() -> None:
        ready.wait()
        answers.append(shop.till.sell(sale()))

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.first for answer in answers].count(True) == 1
    assert len({json.dumps(answer.result) for answer in answers}) == 1
    assert shop.ledger.head.seq == 1


@pytest.mark.parametrize(
    "other",
    [
        sale("s", milk(amount=259)),
        sale("s", milk(quantity="3")),
        sale("s", card=None),
        sale("s", cashier="C18"),
        sale("s", at=AT + timedelta(seconds=1)),
        sale("s", milk(brand="Zuiver")),
    ],
    ids=["amount", "quantity", "card", "cashier", "time", "brand"],
)
def test_another_sale_under_the_same_id_is_refused_and_the_first_one_stands(
    shop: Shop, other: object
) -> None:
    first = shop.till.sell(sale("s"))
    with pytest.raises(SaleDiffers):
        shop.till.sell(other)  # type: ignore[arg-type]
    assert shop.till.sale("s")[0] == first.result
    assert shop.ledger.head.seq == 1


def test_print_is_no_part_of_what_makes_a_sale_the_same(shop: Shop) -> None:
    shop.till.sell(sale("s"))
    assert not shop.till.sell(sale("s", print=True)).first
    assert shop.tray.jobs == []


def test_a_sale_without_a_card_is_recorded_without_entries(shop: Shop) -> None:
    answer = shop.till.sell(sale(card=None))
    assert answer.result["entries"] == []
    assert answer.result["card"] is None
    assert shop.ledger.head.seq == 1


def test_an_unknown_well_formed_card_earns_under_one_random_ref(shop: Shop) -> None:
    first = shop.till.sell(sale("a", card=STRANGER))
    second = shop.till.sell(sale("b", card=STRANGER))
    assert first.result["standing"] == "unknown"
    assert balance(second) | {"as_of": None} == {
        "confirmed": 0, "unconfirmed": 4, "maturing": 0, "held": 0, "reserved": 0, "spendable": 0, "as_of": None,
    }  # fmt: skip
    refs = {shop.till.sale(each)[1].member for each in ("a", "b")}
    (ref,) = refs
    assert ref is not None
    assert STRANGER not in ref


def test_what_a_stranger_earned_moves_along_when_central_joins_the_card(shop: Shop) -> None:
    shop.till.sell(sale("a", card=JAN.replace("29", "29")))
    shop.till.sell(sale("b", card=STRANGER))
    ref = shop.till.sale("b")[1].member
    assert ref is not None
    stranger = replace(jan(0, joined=[ref]), ref="b" * 32, cards=())
    shop.confirm(stranger, applied_seq=1)
    answer = shop.till.sell(sale("c", card=STRANGER))
    assert (balance(answer)["confirmed"], balance(answer)["unconfirmed"]) == (0, 4)


def test_what_a_card_earned_before_central_told_of_it_still_counts_until_it_is_posted(
    shop: Shop,
) -> None:
    shop.till.sell(sale("a", card=STRANGER))
    ref = shop.till.sale("a")[1].member
    assert ref is not None
    told = replace(jan(118), ref="b" * 32, cards=(card_key(KEY, STRANGER),))
    shop.confirm(told)
    shown = points(shop, STRANGER)
    assert (shown.confirmed, shown.unconfirmed) == (118, 2)
    shop.confirm(replace(told, joined=(ref,), lots=jan(120).lots), applied_seq=1)
    shown = points(shop, STRANGER)
    assert (shown.confirmed, shown.unconfirmed) == (120, 0)


def test_what_central_rejected_of_a_card_that_it_does_not_know_is_on_its_way_no_more(
    shop: Shop,
) -> None:
    shop.till.sell(sale("a", card=STRANGER))
    shop.confirm(jan(), applied_seq=1, parked=(1,))
    assert points(shop, STRANGER).unconfirmed == 2
    shop.confirm(jan(), applied_seq=1)
    assert points(shop, STRANGER).unconfirmed == 0


@pytest.mark.parametrize("standing", [Standing.BLOCKED, Standing.ERASED])
def test_a_blocked_or_erased_account_earns_nothing_and_the_answer_says_so(
    shop: Shop, standing: Standing
) -> None:
    shop.confirm(jan(standing=standing))
    answer = shop.till.sell(sale())
    assert answer.result["entries"] == []
    assert answer.result["standing"] == standing.value


def test_a_card_of_another_form_is_refused_by_name_and_nothing_is_written(shop: Shop) -> None:
    with pytest.raises(Invalid) as caught:
        shop.till.sell(sale(card="2912345678907"))
    assert [field.path for field in caught.value.fields] == ["card.code"]
    assert "2912345678907" not in str(caught.value)
    assert shop.ledger.head.seq == 0


def test_excluded_goods_earn_nothing_and_the_answer_says_which_and_why(shop: Shop) -> None:
    answer = shop.till.sell(sale("s", milk(), tobacco(2)))
    assert answer.result["earned"] == {"points": 2}
    assert answer.result["excluded"] == [
        {"line": 2, "rule": "tobacco", "why": "geen punten op tabak"}
    ]


def test_what_central_posted_is_confirmed_once_and_never_counted_twice(shop: Shop) -> None:
    shop.till.sell(sale("a"))
    shop.till.sell(sale("b"))
    shop.confirm(jan(120), applied_seq=1)
    shown = points(shop)
    assert (shown.confirmed, shown.unconfirmed) == (120, 2)
    shop.confirm(jan(122), applied_seq=2)
    shown = points(shop)
    assert (shown.confirmed, shown.unconfirmed) == (122, 0)


def test_a_position_of_another_epoch_says_nothing_about_this_journal(shop: Shop) -> None:
    shop.till.sell(sale())
    shop.confirm(jan(), applied_seq=5, epoch="f" * 32)
    assert points(shop).unconfirmed == 2


def test_lots_that_are_expired_at_the_time_of_the_sale_do_not_count(shop: Shop) -> None:
    shop.system.at = AT.replace(year=2027, month=3, day=31, hour=21, minute=59)
    assert points(shop).confirmed == 118
    shop.system.at = AT.replace(
        year=2027, month=3, day=31, hour=22, minute=0
    )  # midnight in Amsterdam
    assert points(shop).confirmed == 0


def test_a_training_sale_leaves_no_trace_but_its_answer(shop: Shop) -> None:
    answer = shop.till.sell(sale(training=True, print=True))
    assert answer.result["earned"] == {"points": 2}
    assert answer.result["record"] is None
    assert any(
        "OEFENBON" in line or "TRAINING" in line.upper()
        for line in answer.result["receipt"]["lines"]
    )
    assert shop.ledger.head.seq == 0
    assert shop.tray.jobs == []
    assert shop.heard.events == []


def test_a_training_sale_may_use_the_id_of_a_real_one(shop: Shop) -> None:
    shop.till.sell(sale("s"))
    assert shop.till.sell(sale("s", milk(amount=999), training=True)).result["earned"] == {
        "points": 9
    }
    assert shop.till.sale("s")[0]["earned"] == {"points": 2}


def test_the_receipt_is_queued_after_the_sale_is_on_disk(shop: Shop) -> None:
    shop.till.sell(sale("s", print=True))
    assert [job for job, _ in shop.tray.jobs] == ["sale:s"]
    assert shop.till.sale("s")[1].print == "queued"


def test_a_full_print_queue_is_a_failed_receipt_and_the_sale_stands(shop: Shop) -> None:
    shop.tray.full = True
    assert shop.till.sell(sale("s", print=True)).first
    assert shop.till.sale("s")[1].print == "failed"


def test_without_a_printer_the_lines_come_all_the_same(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, columns=None)
    answer = shop.till.sell(sale("s", print=True))
    assert answer.result["receipt"]["lines"]
    assert shop.till.sale("s")[1].print == "none"
    shop.close()


def test_a_receipt_that_waited_when_the_agent_stopped_is_unknown(shop: Shop) -> None:
    shop.till.sell(sale("s", print=True))
    shop.close()
    reopened = open_shop(shop.data)
    assert reopened.till.sale("s")[1].print == "unknown"
    reopened.close()


def test_the_sale_is_told_to_the_pages_with_its_result(shop: Shop) -> None:
    answer = shop.till.sell(sale())
    assert shop.heard.events == [("sale", {"kind": "sale", "result": answer.result})]


def test_a_pos_may_leave_the_card_to_the_tills_own_scanner(shop: Shop) -> None:
    assert shop.till.scanned("hand", f"]E0{JAN}", "EAN-13")
    answer = shop.till.sell(sale("s", card=None, from_till=True))
    assert answer.result["card"] == "*********8906"
    again = shop.till.sell(sale("s", card=None, from_till=True))
    assert not again.first
    assert shop.till.sell(sale("t", card=None, from_till=True)).result["card"] is None


def test_a_card_that_nobody_followed_up_is_not_the_next_customers(shop: Shop) -> None:
    shop.till.scanned("hand", JAN, None)
    shop.system.at += PRESENT_FOR + timedelta(seconds=1)
    assert shop.till.sell(sale(card=None, from_till=True, at=shop.system.at)).result["card"] is None


def test_a_quote_says_what_the_sale_will_earn_and_records_nothing(shop: Shop) -> None:
    quote = shop.till.quote("q", sale(""))
    assert quote["earned"] == {"points": 2}
    assert shop.ledger.head.seq == 0
    result = shop.till.sell(sale(quote_id="q")).result
    assert result["entries"] == quote["entries"]


def test_a_quote_is_refused_for_a_card_that_the_sale_would_be_refused_for(shop: Shop) -> None:
    with pytest.raises(Invalid) as caught:
        shop.till.quote("Q-1", sale(card="123456"))
    assert [error.path for error in caught.value.fields] == ["card.code"]


def test_a_quote_pins_the_programme_across_a_publish(shop: Shop) -> None:
    shop.till.quote("q", sale(""))
    text = (
        PROGRAMME.read_text().replace("version = 3", "version = 4").replace("per = 100", "per = 10")
    )
    shop.shelf.offer(text, "next", AT)
    assert shop.till.sell(sale("a", quote_id="q")).result["earned"] == {"points": 2}
    assert shop.till.sell(sale("b")).result["earned"] == {"points": 25}


def test_a_lapsed_quote_is_refused_by_name(shop: Shop) -> None:
    shop.till.quote("q", sale(""))
    shop.system.at += QUOTE_LASTS + timedelta(seconds=1)
    with pytest.raises(QuoteLapsed):
        shop.till.sell(sale(quote_id="q"))
    with pytest.raises(QuoteLapsed):
        shop.till.sell(sale(quote_id="never"))
    assert shop.ledger.head.seq == 0


def test_without_a_programme_for_its_time_a_sale_is_refused_for_now(shop: Shop) -> None:
    early = AT.replace(year=2025)
    shop.close()
    # A till whose clock says 2025, before the programme begins, and whose ledger is still empty.
    reopened = open_shop(shop.data, at=early)
    with pytest.raises(NoProgramme):
        reopened.till.sell(sale(at=early))
    assert reopened.ledger.head.seq == 0
    reopened.close()


def test_a_sale_dated_more_than_a_day_off_is_flagged_and_gets_our_time(shop: Shop) -> None:
    answer = shop.till.sell(sale(at=AT - timedelta(hours=25)))
    body = shop.ledger.lookups().body(1)
    assert body["clock"]["flagged"] is True
    assert answer.result["at"] == AT.isoformat()
    shop.till.sell(sale("near", at=AT - timedelta(hours=23)))
    assert "flagged" not in shop.ledger.lookups().body(2)["clock"]


def test_a_record_holds_no_card_no_name_and_no_free_text(shop: Shop) -> None:
    shop.till.sell(sale("s", milk(), cashier="Karin de Vries"))
    (record,) = shop.ledger.records(0, 10)
    for personal in (JAN, "Halfvolle", "Karin", "Jan B."):
        assert personal.encode() not in record.body
    assert record.attachment is not None
    kept = json.loads(record.attachment.content)
    assert kept["card"] == {"code": JAN, "entry": "scanned"}
    assert kept["cashier"] == "Karin de Vries"
    assert kept["names"] == {"1": "Halfvolle melk 1L"}
    assert json.loads(record.body)["facts"]["account"] == JAN_REF


def test_how_a_card_came_in_is_kept(shop: Shop) -> None:
    typed = replace(sale(), card=PresentedCard(JAN, EntryMode.KEYED, None))
    shop.till.sell(typed)
    (record,) = shop.ledger.records(0, 10)
    assert record.attachment is not None
    assert json.loads(record.attachment.content)["card"]["entry"] == "keyed"


def test_times_are_kept_with_their_zone(shop: Shop) -> None:
    answer = shop.till.sell(sale())
    assert answer.result["at"].endswith("+00:00")
    assert shop.ledger.records(0, 1)[0].at.tzinfo is not None
    assert AT.tzinfo is UTC


def test_many_sales_at_once_are_all_taken_and_the_chain_is_whole(shop: Shop) -> None:
    refused: list[Exception] = []

    def post(till: int) -> None:
        for number in range(25):
            try:
                shop.till.sell(sale(f"{till}-{number}"))
            except Exception as error:  # noqa: BLE001 - any refusal at all is what we look for
                refused.append(error)

    threads = [threading.Thread(target=post, args=(till,)) for till in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    found = shop.ledger.verify()
    assert (found.records, found.faults) == (200, ())


def test_a_sale_that_comes_right_after_the_lock_is_free_follows_the_one_before(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment between the commit and whatever follows it: another thread may write then."""
    real_write = shop.ledger._connections.write
    squeezed_in: list[str] = []

    def squeeze_in() -> None:
        answer = shop.till.sell(sale("squeezed-in"))
        squeezed_in.append(f"{answer.result['seq']}")

    @contextmanager
    def write(*args: Any, **more: Any) -> Iterator[Any]:
        with real_write(*args, **more) as db:
            yield db
        monkeypatch.undo()
        thread = threading.Thread(target=squeeze_in)
        thread.start()
        thread.join()

    monkeypatch.setattr(shop.ledger._connections, "write", write)
    shop.till.sell(sale("first"))
    assert squeezed_in == ["2"]
    assert shop.ledger.head.seq == 2


def test_whoever_comes_while_a_sale_is_under_way_stays(shop: Shop) -> None:
    present = Present()
    first, second = scanned(JAN), scanned(STRANGER)
    present.set(first, AT)
    present.set(second, AT)
    present.served(first)
    assert present.card(AT) is second
    present.served(second)
    assert present.card(AT) is None


def test_nobody_stays_longer_because_the_clock_stands_still() -> None:
    elapsed_s = 0.0
    present = Present(lambda: elapsed_s)
    present.set(scanned(JAN), AT)
    elapsed_s = PRESENT_FOR.total_seconds()
    assert present.card(AT) is not None
    elapsed_s += 1
    assert present.card(AT) is None


def test_whoever_goes_while_they_are_shown_again_is_not_put_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment between looking who is there and showing them: the sale of that customer may end then."""
    shop.till.identify(scanned(JAN))
    directory = shop.till._parts.directory
    presented = directory.presented

    def and_goes(*args: Any) -> Any:
        shop.till.leave()
        return presented(*args)

    monkeypatch.setattr(directory, "presented", and_goes)
    shop.till._show_again()
    assert shop.till._parts.present.card(shop.clock.now()) is None


def test_a_disk_that_fails_after_the_commit_does_not_turn_the_answer(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_sale_id: str, _state: str) -> None:
        raise DiskFull("there is no room")

    shop.tray.full = True
    monkeypatch.setattr(shop.ledger, "set_print_state", full)
    assert shop.till.sell(sale("s", print=True)).first
    assert shop.ledger.head.seq == 1


def test_after_a_join_the_sale_shows_the_real_account(shop: Shop) -> None:
    shop.till.sell(sale("s", card=STRANGER))
    ref = shop.till.sale("s")[1].member
    assert ref is not None
    shop.confirm(replace(jan(0, joined=[ref]), ref="b" * 32, cards=()), applied_seq=1)
    assert shop.till.sale("s")[1].member == "b" * 32


def test_what_makes_a_sale_the_same_is_the_same_in_every_version() -> None:
    """A till that was updated overnight must still know yesterday's sale."""
    bought = sale("s", milk(), tobacco(2), cashier="C17")
    mark = hashlib.sha256(content(bought))
    assert mark.hexdigest() == "ed6e4536405fc5bbc4ce957a353037b2225badd9c1929bf9217cf75191d643e3"
