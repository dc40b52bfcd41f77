"""Store IT's page."""

import pytest
from playwright.sync_api import Page, expect

from edge_agent.web.pages import LANGUAGES
from tests.e2e.page import samples
from tests.e2e.page.agent import ScriptedAgent, problem, wait_until
from tests.e2e.page.browser import choose_language, scroll_size
from tests.e2e.page.test_boxes import CONTRAST, SMALL_TARGETS

SCANS_MAX = 50


def figure(page: Page, key: str) -> str:
    return page.locator(f"[data-figure='{key}'] dd").inner_text().replace("\u00a0", " ")


def test_devices_are_listed_with_where_they_are_and_how_they_do(it_page: Page) -> None:
    scanner = it_page.locator("[data-device=hand]")
    expect(scanner).to_contain_text("Scanner “hand”")
    expect(scanner).to_contain_text("In orde")
    expect(scanner).to_contain_text("/dev/serial/by-id/usb-Datalogic_QuickScan_QD2400-if00")
    expect(scanner).to_contain_text("zo sinds")
    expect(it_page.locator("#verdict")).to_have_text("Alles werkt")


def test_trouble_says_what_to_do_at_the_device_and_on_top(
    it_page: Page, agent: ScriptedAgent
) -> None:
    agent.device("receipt", state="offline", reason="no-answer")

    printer = it_page.locator("[data-device=receipt]")
    expect(printer).to_contain_text("Printer antwoordt niet")
    expect(printer).to_contain_text("Kijk naar stroom, netwerkkabel en adres")
    expect(printer).to_contain_text("reden: no-answer")
    expect(it_page.locator("#verdict")).to_contain_text("receipt: Printer antwoordt niet")


def test_a_test_print_is_asked_for_and_its_outcome_shown(
    it_page: Page, agent: ScriptedAgent
) -> None:
    it_page.click("[data-test=receipt]")

    expect(it_page.locator("[data-device=receipt] .test-result")).to_have_text("Test gestart")
    assert agent.posted("/v1/devices/receipt/test") == [{}]
    expect(it_page.locator("[data-test=receipt]")).to_be_focused()


def test_a_test_that_fails_says_so(it_page: Page, agent: ScriptedAgent) -> None:
    agent.print_problem = "refused"
    it_page.click("[data-test=receipt]")

    expect(it_page.locator("[data-device=receipt] .test-result")).to_have_text("Test mislukt")


def test_a_scanner_is_tested_by_scanning(it_page: Page, agent: ScriptedAgent) -> None:
    it_page.click("[data-test=hand]")

    expect(it_page.locator("[data-device=hand] .test-result")).to_contain_text("Scan nu een kaart")


def test_scans_are_logged_masked_with_their_outcome_the_latest_first(
    it_page: Page, agent: ScriptedAgent
) -> None:
    agent.say("scan", samples.scan())
    agent.say("scan", samples.scan(accepted=False, reason="payment-card"))

    rows = it_page.locator("#scans tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Betaalkaart: geweigerd, niets bewaard")
    expect(rows.nth(1)).to_contain_text("*********8906")
    expect(rows.nth(1)).to_contain_text("Spaarkaart")


def test_the_scan_log_is_bounded(it_page: Page, agent: ScriptedAgent) -> None:
    for number in range(SCANS_MAX + 5):
        agent.say("scan", {**samples.scan(), "shown": f"*{number}"})
    expect(it_page.locator("#scans tr").first).to_contain_text(f"*{SCANS_MAX + 4}")

    expect(it_page.locator("#scans tr")).to_have_count(SCANS_MAX)


def test_position_members_programme_and_machine_are_shown(it_page: Page) -> None:
    assert figure(it_page, "it.seq") == figure(it_page, "it.received") == "173"
    assert figure(it_page, "it.central") == "Verbonden"
    assert figure(it_page, "it.outbox") == "0"
    assert figure(it_page, "it.members_count") == "1.000"
    assert figure(it_page, "it.members_version") == "2026-11-21.3"
    assert figure(it_page, "it.programme") == "zuiver"
    assert figure(it_page, "it.programme_version") == "12"
    assert figure(it_page, "it.version") == "0.1.0"
    assert figure(it_page, "it.clock") == "Betrouwbaar"
    assert figure(it_page, "it.offset") == "+0,2 s"
    assert figure(it_page, "it.disk_free") == "21,5 GB"
    assert figure(it_page, "it.head") == "9f2c41d07be2"
    assert figure(it_page, "it.worst_loss") == "€ 400,00 (20.000 punten)"


def test_without_a_programme_no_loss_is_named(it_page: Page, agent: ScriptedAgent) -> None:
    agent.sync(programme=None, redemption={"worst_loss": 0, "points_per_outage": 20_000})

    expect(it_page.locator("[data-figure='it.worst_loss'] dd")).to_have_text("onbekend")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", "€ 400,00 (20.000 punten), zonder cup, tea-towel: daarvan is geen grens bekend"),
        ("en", "€400.00 (20,000 points), without cup, tea-towel: these have no known bound"),
        ("de", "400,00 € (20.000 Punkte), ohne cup, tea-towel: dafür ist keine Grenze bekannt"),
        ("fr", "400,00 € (20 000 points), sans cup, tea-towel : aucune limite connue"),
    ],
)
def test_the_rewards_that_are_not_in_the_worst_loss_stand_beside_it(
    it_page: Page, agent: ScriptedAgent, language: str, said: str
) -> None:
    choose_language(it_page, language)
    redemption = {**samples.status()["redemption"], "unbounded": ["cup", "tea-towel"]}
    agent.sync(redemption=redemption)

    expect(it_page.locator("[data-figure='it.worst_loss'] dd")).to_contain_text("tea-towel")
    assert figure(it_page, "it.worst_loss").replace("\u202f", " ") == said


def test_a_till_that_is_not_enrolled_asks_for_its_code_and_one_that_is_does_not(
    it_page: Page, agent: ScriptedAgent
) -> None:
    expect(it_page.locator("#verdict")).to_have_text("Alles werkt")
    expect(it_page.locator("#enrolling")).to_be_hidden()
    agent.sync(central={"state": "not-enrolled", "reason": "not-enrolled"})
    agent.act_problem = problem("refused", 409)
    it_page.fill("#enrolling-code", "AAAA-AAAA-AAAA")
    it_page.keyboard.press("Enter")  # as a scanner ends what it types
    expect(it_page.locator("#enrolling-result")).to_contain_text("Deze code geldt niet")
    agent.act_problem = problem("central-away", 503)
    it_page.click("#enrolling button")
    expect(it_page.locator("#enrolling-result")).to_contain_text("niet te bereiken")
    agent.act_problem = None
    it_page.fill("#enrolling-code", "K7QF-3MXA-9TRC")
    it_page.keyboard.press("Enter")
    expect(it_page.locator("#enrolling-code")).to_have_value("")
    assert agent.posted("/v1/terminal")[-1] == {"code": "K7QF-3MXA-9TRC"}
    agent.sync(**samples.status())
    expect(it_page.locator("#enrolling")).to_be_hidden()


TROUBLES: tuple[tuple[dict[str, object], str], ...] = (
    ({"central": {"state": "offline", "reason": "timeout"}}, "Geen verbinding"),
    ({"central": {"state": "refused", "reason": "unauthorised"}}, "De centrale weigert"),
    ({"central": {"state": "refused", "reason": "cloned"}}, "Twee machines spreken als deze kassa"),
    ({"central": {"state": "refused", "reason": "revoked"}}, "Deze kassa is ingetrokken"),
    (
        {"central": {"state": "refused", "reason": "journal-damaged"}},
        "Het journaal van deze kassa is beschadigd",
    ),
    ({"central": {"state": "not-enrolled", "reason": "not-enrolled"}}, "nog niet aangemeld"),
    ({"outbox": {"records": 9, "oldest_seconds": 4000}}, "Gegevens blijven liggen"),
    ({"states": {"rejected": 1, "parked": 0}}, "afgewezen"),
    ({"states": {"rejected": 0, "parked": 1}}, "geparkeerd"),
    ({"programme": None}, "Er is nog geen spaarprogramma"),
    ({"members": None}, "Er is nog geen ledenbestand"),
    ({"members": {"as_of": "2020-01-01T00:00:00Z"}}, "Het ledenbestand is oud"),
    ({"clock": {"trusted": False, "offset_seconds": 0}}, "De klok loopt niet gelijk"),
    ({"clock": {"trusted": True, "offset_seconds": -300}}, "De klok loopt niet gelijk"),
    ({"disk_free_bytes": 1000}, "De schijf is bijna vol"),
)


def test_each_trouble_is_found_and_goes_when_it_is_over(
    it_page: Page, agent: ScriptedAgent
) -> None:
    for change, words in TROUBLES:
        agent.sync(**change)
        expect(it_page.locator(".finding-title")).to_contain_text(words)
        expect(it_page.locator(".finding-text")).not_to_be_empty()

        agent.sync(**samples.status())
        expect(it_page.locator("#verdict")).to_have_text("Alles werkt")


def test_an_agent_that_is_away_is_said_so(it_page: Page, agent: ScriptedAgent) -> None:
    agent.stop()
    expect(it_page.locator("#verdict")).to_contain_text("De agent antwoordt niet")
    agent.start()

    expect(it_page.locator("#verdict")).to_have_text("Alles werkt")


def test_a_status_with_nothing_in_it_breaks_nothing(it_page: Page, agent: ScriptedAgent) -> None:
    agent.status = {"version": "0.1.0"}
    agent.devices = []
    agent.say("reset", {})

    expect(it_page.locator("#devices")).to_have_text("Er zijn geen apparaten ingesteld.")
    assert figure(it_page, "it.seq") == "onbekend"


def test_what_somebody_is_copying_stays_selected(it_page: Page, agent: ScriptedAgent) -> None:
    it_page.locator("[data-figure='it.head'] dd").select_text()
    agent.sync(disk_free_bytes=5_000_000_000)
    expect(it_page.locator("[data-figure='it.disk_free'] dd")).to_contain_text("5")
    agent.device("receipt", state="trouble", reason="paper-out")
    expect(it_page.locator("#verdict")).to_contain_text("Papier op")

    assert it_page.evaluate("() => getSelection().toString()") == "9f2c41d07be2"


def test_no_text_of_the_agent_becomes_html(it_page: Page, agent: ScriptedAgent) -> None:
    hostile = "<img src=x onerror=\"console.error('injected')\">"
    agent.device("receipt", where=hostile, reason=hostile, state="trouble")
    agent.say("scan", {**samples.scan(accepted=False, reason=hostile), "shown": hostile})
    expect(it_page.locator("#scans")).to_contain_text(hostile)

    assert it_page.locator("img").count() == 0


@pytest.mark.parametrize("width", [1024, 390])
def test_it_fits_across_in_every_language(it_page: Page, agent: ScriptedAgent, width: int) -> None:
    it_page.set_viewport_size({"width": width, "height": 800})
    agent.device("hand", state="offline", reason="unplugged")
    agent.sync(states={"rejected": 2, "parked": 1})
    it_page.wait_for_selector(".finding:nth-child(3)")
    for language in LANGUAGES:
        choose_language(it_page, language)
        assert scroll_size(it_page)[0] <= width, language
        assert it_page.evaluate(CONTRAST) == [], language
        targets = it_page.evaluate(SMALL_TARGETS)
        assert targets == [], language


def test_why_central_took_records_without_effect_is_said_in_words(
    it_page: Page, agent: ScriptedAgent
) -> None:
    reasons = [
        {"state": "rejected", "code": "not-as-programmed", "records": 2},
        {"state": "parked", "code": "sale-differs", "records": 1},
        {"state": "parked", "code": "not-yet-thought-of", "records": 3},
    ]
    agent.sync(states={"rejected": 2, "parked": 4, "reasons": reasons})
    figure = it_page.locator("[data-figure='it.reasons'] dd")
    expect(figure).to_have_text(
        "2 × klopt niet met de regels van het programma; 1 × eerder met andere inhoud ontvangen;"
        " 3 × andere reden"
    )


def test_the_pages_share_the_chosen_language(it_page: Page, agent: ScriptedAgent) -> None:
    choose_language(it_page, "en")
    it_page.click("a")

    expect(it_page.locator("#member")).to_contain_text("Scan the loyalty card")
    wait_until(lambda: len(agent._streams) >= 1, "the till's page to listen")


def test_a_code_for_another_till_is_drawn_for_its_scanner(
    it_page: Page, agent: ScriptedAgent
) -> None:
    it_page.fill("#passing-till", "04")
    it_page.fill("#passing-code", samples.CODE)
    it_page.keyboard.press("Enter")

    expect(it_page.locator("#passing")).to_contain_text(samples.CODE)
    drawn = str(it_page.locator("#passing path").get_attribute("d"))
    dark = sum(row.count("1") for row in samples.CODE_SHOWN["qr"])
    assert drawn.count("M") == dark
    asked = {"code": samples.CODE, "till": "04", "print": False}
    assert agent.posted("/v1/terminal/codes") == [asked]


def test_a_code_for_another_till_is_printed_and_how_that_went_is_said(
    it_page: Page, agent: ScriptedAgent
) -> None:
    it_page.fill("#passing-till", "04")
    it_page.fill("#passing-code", samples.CODE)
    it_page.click("#passing-print")
    expect(it_page.locator("#passing-result")).to_have_text("Wordt geprint")
    agent.print_state = "failed"
    it_page.click("#passing-print")
    expect(it_page.locator("#passing-result")).to_have_text("Niet geprint")
    agent.act_problem = problem("invalid", 422)
    it_page.click("#passing-print")
    expect(it_page.locator("#passing-result")).to_contain_text("12 letters en cijfers")
    expect(it_page.locator("#passing")).to_be_hidden()


def test_without_a_printer_a_code_is_only_shown(it_page: Page, agent: ScriptedAgent) -> None:
    agent.devices = [each for each in agent.devices if each["role"] != "printer"]
    agent.say("reset", {})
    expect(it_page.locator("#passing-print")).to_be_hidden()
