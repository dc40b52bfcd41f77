"""What a cashier sees in each state, brought about by the agent's events."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.page import samples, scenes
from tests.e2e.page.agent import ScriptedAgent
from tests.e2e.page.browser import FRESH, Watched, till_session, watch
from tests.e2e.page.scenes import SCENES, Scene


@pytest.fixture(scope="module")
def resident(browser: Browser) -> Iterator[tuple[ScriptedAgent, Watched]]:
    """Start an agent and open a page that stay for all of these tests, as they do in a shop."""
    agent = ScriptedAgent()
    agent.start()
    context = till_session(browser)
    watched = watch(context.new_page())
    watched.page.goto(agent.url)
    yield agent, watched
    context.close()
    agent.stop()


@pytest.fixture
def agent(resident: tuple[ScriptedAgent, Watched]) -> ScriptedAgent:
    return resident[0]


@pytest.fixture
def page(resident: tuple[ScriptedAgent, Watched]) -> Iterator[Page]:
    """Give the page back as it was: up, nobody there, nothing wrong."""
    agent, watched = resident
    agent.all_is_well()
    watched.page.keyboard.press("Escape")
    watched.page.wait_for_selector(FRESH)
    yield watched.page
    faults, watched.faults = watched.faults, []
    assert faults == []


def region(page: Page, name: str) -> str:
    """Return the text of a region, its spaces made plain."""
    text = page.locator(f"[data-region={name}]").inner_text()
    return re.sub(r"\s+", " ", text).strip()


def happens(page: Page, agent: ScriptedAgent, name: str) -> Scene:
    """Bring the scene about and wait until the page shows its state."""
    [scene] = [scene for scene in SCENES if scene.name == name]
    scene.happens(agent)
    page.wait_for_selector(f"body[data-state={scene.state}]:has(#notice[data-tone={scene.tone}])")
    return scene


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: str(scene.name))
def test_each_state_is_shown_when_its_events_come(
    page: Page, agent: ScriptedAgent, scene: Scene
) -> None:
    happens(page, agent, scene.name)


def test_waiting_says_to_scan(page: Page) -> None:
    assert "Scan de spaarkaart" in region(page, "member")
    assert "Alles werkt" in region(page, "notice")


def test_a_member_is_shown_with_confirmed_and_unconfirmed_apart(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "member-found")

    shown = region(page, "member")
    assert shown.startswith("Marijke de Vries Kaart •••• 8906 Zilver")
    assert "Saldo 1.258 punten Bevestigd 1.240 Nog niet bevestigd +18" in shown
    assert "stand van" not in shown, "a fresh balance needs no time"
    assert "Gefeliciteerd! Er ligt een taartje klaar." in shown
    assert "120 punten vervallen op 31 december 2026" in shown


def test_a_balance_that_is_not_fresh_says_when_it_is_from(page: Page, agent: ScriptedAgent) -> None:
    happens(page, agent, "member-not-fresh")

    assert re.search(r"Bevestigd 1\.240 stand van \d+ \w+", region(page, "member"))


def test_a_balance_without_a_time_says_that_it_is_unknown(page: Page, agent: ScriptedAgent) -> None:
    balance = samples.balance()
    del balance["points"]["as_of"]
    agent.say("member", {**samples.member(balance=balance), "as_of": None})

    expect(page.locator("#member")).to_contain_text("tijd onbekend")


def test_a_typed_number_shows_no_balance(page: Page, agent: ScriptedAgent) -> None:
    happens(page, agent, "member-keyed")

    shown = region(page, "member")
    assert "Saldo niet getoond" in shown
    assert "0 punten" not in shown


def test_the_balance_stays_hidden_after_the_sale_of_a_typed_number(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "member-keyed")
    agent.say("sale", {"kind": "sale", "result": samples.sale()})
    page.wait_for_selector("body[data-state=sale]")

    assert "1.303" not in page.locator("body").inner_text()
    assert "+45" in region(page, "sale")


def test_a_member_on_whom_the_rules_fail_has_their_balance_until_a_sale_knows_more(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "member-unworked")

    assert "Saldo 1.258 punten" in region(page, "member")
    assert region(page, "notice").startswith("Aanbiedingen niet te tonen")
    agent.say("sale", {"kind": "sale", "result": samples.sale()})
    expect(page.locator("#notice[data-tone=quiet]")).to_be_visible()


@pytest.mark.parametrize(
    ("until", "said"),
    [("2027-11-22", "Plus, tot en met 22 november 2027"), (None, "Plus, zonder einddatum")],
)
def test_a_membership_is_shown_with_its_last_day_where_it_has_one(
    page: Page, agent: ScriptedAgent, until: str | None, said: str
) -> None:
    running = {"id": "plus", "title": "Plus", "until": until}
    agent.say("member", samples.member(memberships=[running]))

    expect(page.locator("#member")).to_contain_text(said)


@pytest.mark.parametrize(
    ("scene", "title"), [("sale-unworked", "Vastgelegd"), ("return-unworked", "Retour")]
)
def test_points_that_were_not_worked_out_are_unknown_and_not_nought(
    page: Page, agent: ScriptedAgent, scene: str, title: str
) -> None:
    happens(page, agent, scene)

    assert region(page, "sale") == f"{title} – punten nog niet uitgerekend"
    assert region(page, "notice").startswith("Punten niet uitgerekend")


def test_an_unknown_card_earns_anyway(page: Page, agent: ScriptedAgent) -> None:
    happens(page, agent, "unknown-card")

    shown = region(page, "member")
    assert "Nieuwe kaart: spaart gewoon mee" in shown
    assert "Op deze kassa gespaard: 12 punten" in shown
    assert "Klaar" in region(page, "sale")


@pytest.mark.parametrize(
    ("name", "words"),
    [("blocked-card", "Deze kaart is geblokkeerd"), ("erased-card", "Deze kaart is opgezegd")],
)
def test_a_card_that_may_not_be_used_says_so(
    page: Page, agent: ScriptedAgent, name: str, words: str
) -> None:
    happens(page, agent, name)

    assert words in region(page, "member")
    assert "Geen punten op deze kaart" in region(page, "notice")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("payment-card", "Dat is een betaalkaart, geen spaarkaart Er is niets bewaard."),
        ("not-our-card", "Dat is geen spaarkaart van ons Scan de spaarkaart"),
        ("misread", "De scan is niet goed gelezen Scan de kaart nog eens"),
    ],
)
def test_a_scan_that_is_not_accepted_says_why(
    page: Page, agent: ScriptedAgent, name: str, words: str
) -> None:
    happens(page, agent, name)

    assert region(page, "notice").startswith(words)


def test_a_refused_scan_leaves_the_customer_where_they_are(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "member-found")
    agent.say("scan", samples.scan(accepted=False, reason="payment-card"))

    page.wait_for_selector("#notice[data-tone=bad]")
    assert "Marijke de Vries" in region(page, "member")


def test_a_product_that_a_shared_scanner_passes_on_is_none_of_our_business(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "sale-posted")
    agent.say("scan", samples.scan(accepted=False, reason="passed-on"))
    agent.device("receipt", state="ok", reason="paper-low")
    page.wait_for_selector("#notice[data-tone=warn]")

    assert "Papier bijna op" in region(page, "notice")
    assert page.get_attribute("body", "data-state") == "sale"


def test_a_sale_shows_points_with_bonus_apart_and_why_and_the_new_balance(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "sale-posted")

    shown = region(page, "sale")
    assert shown.startswith("Gespaard +45 punten erbij 1 punt per hele euro +14")
    assert "Bonus Dubbele punten op zuivel +6" in shown
    assert "Bonus Weekendactie: 25 punten vanaf 50 euro +25" in shown
    assert "Nieuw saldo waarvan +63 nog niet bevestigd 1.303" in shown
    assert "Saldo 1.303 punten" in region(page, "member")


def test_the_singular_is_used_for_one_point(page: Page, agent: ScriptedAgent) -> None:
    one = samples.sale(entries=[samples.entry(1, "base", "1 punt per hele euro")])
    agent.say("sale", {"kind": "sale", "result": {**one, "earned": {"points": 1}}})

    expect(page.locator(".sale-unit")).to_have_text("punt erbij")


def test_a_sale_without_points_says_so(page: Page, agent: ScriptedAgent) -> None:
    happens(page, agent, "sale-without-card")

    assert "geen punten op deze kassabon" in region(page, "sale")
    assert "Zonder spaarkaart" in region(page, "member")


def test_many_reasons_end_in_one_row_that_says_how_many_are_left(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "long-texts")

    expect(page.locator(".reason")).to_have_count(4)
    expect(page.locator(".reason-more")).to_have_text("en nog 6 redenen; zie de kassabon")


@pytest.mark.parametrize(("name", "title"), [("return", "Retour"), ("void", "Verkoop vervallen")])
def test_points_taken_back_are_shown_below_zero(
    page: Page, agent: ScriptedAgent, name: str, title: str
) -> None:
    happens(page, agent, name)

    assert region(page, "sale").startswith(f"{title} −10 punten teruggenomen")


def test_a_return_whose_answer_counts_upwards_is_shown_below_zero_too(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.say("sale", {"kind": "return", "result": samples.sale(earned={"points": 10})})

    expect(page.locator("#sale .figure")).to_have_text("−10")


def test_a_return_of_another_tills_sale_shows_no_points(page: Page, agent: ScriptedAgent) -> None:
    happens(page, agent, "return-of-unknown-sale")

    assert "Retour zonder kaart" in region(page, "member")
    assert "De aankoop is van een andere kassa." in region(page, "sale")
    expect(page.locator("#sale .figure")).to_have_text("–")


def test_offline_is_calm_and_says_how_many_records_wait(page: Page, agent: ScriptedAgent) -> None:
    happens(page, agent, "offline")

    assert "Alles werkt gewoon door Er wachten 12 berichten" in region(page, "notice")
    assert "Offline · 12" in region(page, "header")
    assert "Scan de spaarkaart" in region(page, "member")


def test_back_online_the_calm_returns_by_itself(page: Page, agent: ScriptedAgent) -> None:
    happens(page, agent, "offline")
    agent.sync(**samples.status())

    page.wait_for_selector("#notice[data-tone=quiet]")
    assert "Centrale Verbonden" in region(page, "header")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("paper-out", "Papier op Leg een nieuwe rol in de bonprinter."),
        ("paper-low", "Papier bijna op"),
        ("cover-open", "Printerklep open Druk de klep"),
        ("printer-silent", "Printer antwoordt niet Kijk of hij aanstaat"),
        ("scanner-gone", "Scanner is los Steek de stekker"),
    ],
)
def test_trouble_with_a_device_says_what_to_do(
    page: Page, agent: ScriptedAgent, name: str, words: str
) -> None:
    happens(page, agent, name)

    assert region(page, "notice").startswith(words)


def test_a_reason_that_the_page_does_not_know_is_trouble_all_the_same(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.device("receipt", state="trouble", reason="head-too-hot")

    expect(page.locator("#notice")).to_contain_text("Printerstoring")


def test_an_unknown_printer_is_not_called_fine(page: Page, agent: ScriptedAgent) -> None:
    agent.device("receipt", state="unknown", reason=None)

    expect(page.locator("[data-pill=printer]")).to_have_text("BonprinterOnbekend")
    assert page.get_attribute("#notice", "data-tone") == "quiet"


def test_the_worst_comes_first_and_the_rest_stays_in_the_header(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "offline")
    happens(page, agent, "paper-out")

    assert region(page, "notice").startswith("Papier op")
    assert "Offline · 12" in region(page, "header")


def test_without_a_programme_the_page_says_so(page: Page, agent: ScriptedAgent) -> None:
    agent.sync(programme=None)

    expect(page.locator("#notice")).to_contain_text("Nog geen spaarprogramma")


def test_each_change_is_told_once_to_who_listens(page: Page, agent: ScriptedAgent) -> None:
    expect(page.locator("#announce")).to_have_text("Scan de spaarkaart")
    happens(page, agent, "sale-posted")

    expect(page.locator("#announce")).to_have_text("Gespaard: 45 punten")
    assert page.get_attribute("#announce", "aria-live") == "polite"
    assert page.get_attribute("#notice", "role") == "status"


def test_points_of_another_card_never_stand_beside_this_customers_name(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "member-found")
    happens(page, agent, "sale-read-by-the-pos")

    shown = region(page, "member")
    assert "Marijke" not in shown
    assert "Kaart •••• 1111" in shown


def test_a_sale_without_a_card_never_stands_beside_this_customers_name(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "member-found")
    happens(page, agent, "sale-without-card")

    assert "Zonder spaarkaart" in region(page, "member")


def test_a_customer_who_is_looked_up_again_keeps_the_sale_on_the_screen(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "sale-posted")
    agent.say("member", samples.member(balance=samples.balance(4321)))

    expect(page.locator(".balance-total .figure")).to_have_text("4.321")
    assert page.get_attribute("body", "data-state") == "sale"


def test_a_balance_that_nobody_knows_is_not_called_nought(page: Page, agent: ScriptedAgent) -> None:
    agent.say("member", samples.member(balance={}))

    expect(page.locator("#member")).to_contain_text("Saldo onbekend")


def test_a_line_that_was_not_tried_yet_is_unknown_not_offline(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.sync(central={"state": "never", "reason": None, "last_contact": None})

    expect(page.locator("[data-pill=central]")).to_have_text("CentraleOnbekend")
    assert page.get_attribute("#notice", "data-tone") == "quiet"


def test_news_that_changes_nothing_on_the_screen_draws_nothing(
    page: Page, agent: ScriptedAgent
) -> None:
    happens(page, agent, "sale-posted")
    page.evaluate("() => document.querySelectorAll('.region > *').forEach((e) => { e.mine = 1; })")
    agent.sync(disk_free_bytes=5)
    agent.device("hand", last=samples.ago(seconds=1))
    agent.sync(central={"state": "offline", "reason": "timeout"})
    page.wait_for_selector("#notice[data-tone=calm]")

    redrawn = page.evaluate("""() => [...document.querySelectorAll('.region > *')]
        .filter((part) => !part.mine).map((part) => part.parentElement.dataset.region)""")
    assert set(redrawn) == {"notice"}


HOSTILE = "<img src=x onerror=\"console.error('injected')\"><script>alert(1)</script>"


def test_no_text_of_the_agent_becomes_html(page: Page, agent: ScriptedAgent) -> None:
    who = {"id": "m", "display_name": HOSTILE, "tier": HOSTILE}
    said = [{"id": "m", "text": HOSTILE}]
    agent.say("member", samples.member(member=who, card=HOSTILE, messages=said))
    page.wait_for_selector("body[data-state=member]")
    expect(page.locator(".who-name")).to_have_text(HOSTILE)
    result = samples.sale(entries=[samples.entry(1, "x", HOSTILE)])
    agent.say("sale", {"kind": "sale", "result": result})
    page.wait_for_selector("body[data-state=sale]")

    expect(page.locator(".reason-why")).to_have_text(HOSTILE)
    assert page.locator("img, main script").count() == 0


def test_the_next_scan_ends_the_sale_before_the_member_is_known(
    page: Page, agent: ScriptedAgent
) -> None:
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    agent.say("scan", samples.scan())

    page.wait_for_selector("body[data-state=waiting]")
