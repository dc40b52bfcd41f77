"""What a cashier can do with keys alone, a finger, or a scanner that poses as a keyboard."""

import threading

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.page import samples, scenes
from tests.e2e.page.agent import ScriptedAgent
from tests.e2e.page.browser import choose_language
from tests.e2e.page.keys import scan_as_keyboard, type_by_hand

CODE = "2912345678906"
PAYMENT_CARD = "4111111111111111"


def test_a_number_is_typed_with_keys_alone(page: Page, agent: ScriptedAgent) -> None:
    agent.members[CODE] = samples.member()
    page.keyboard.press("F2")
    type_by_hand(page, CODE)

    page.wait_for_selector("body[data-state=member]")
    assert agent.posted("/v1/identify") == [{"code": CODE, "entry": "keyed"}]


def test_a_number_is_typed_with_a_finger(page: Page, agent: ScriptedAgent) -> None:
    agent.members["290"] = agent.members["2907"] = samples.member()
    page.click("#key-in")
    for key in ("2", "9", "clear", "2", "9", "0", "1", "back", "7"):
        page.click(f"[data-key='{key}']")
    page.click("#keyed-send")

    page.wait_for_selector("body[data-state=member]")
    assert agent.posted("/v1/identify") == [{"code": "2907", "entry": "keyed"}]


def test_a_typed_number_stays_nowhere_on_the_page(page: Page, agent: ScriptedAgent) -> None:
    agent.members[CODE] = samples.member()
    page.keyboard.press("F2")
    type_by_hand(page, CODE)
    page.wait_for_selector("body[data-state=member]")

    assert CODE not in page.content()
    assert page.input_value("#keyed-code") == ""
    kept = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert CODE not in kept


def test_closing_the_dialog_forgets_what_was_typed(page: Page, agent: ScriptedAgent) -> None:
    page.keyboard.press("F2")
    type_by_hand(page, "29123", end="Escape")
    page.wait_for_selector("#keyed:not([open])", state="attached")

    assert page.input_value("#keyed-code") == ""
    assert agent.calls == []


def test_a_slip_of_the_hand_is_not_sent(page: Page, agent: ScriptedAgent) -> None:
    page.keyboard.press("F2")
    type_by_hand(page, "29")

    expect(page.locator("#keyed-code.keyed-short")).to_be_visible()
    assert agent.calls == []


def test_a_payment_cards_number_is_refused_in_words_and_shown_nowhere(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.identify_problem = "payment-card"
    scan_as_keyboard(page, PAYMENT_CARD)

    expect(page.locator("#notice")).to_contain_text("Dat is een betaalkaart, geen spaarkaart")
    assert PAYMENT_CARD not in page.content()


@pytest.mark.parametrize("end", ["Enter", "Tab"])
def test_a_scanner_that_poses_as_a_keyboard_is_heard(
    page: Page, agent: ScriptedAgent, end: str
) -> None:
    agent.members[CODE] = samples.member()
    scan_as_keyboard(page, CODE, end)

    page.wait_for_selector("body[data-state=member]")
    assert agent.posted("/v1/identify") == [{"code": CODE, "entry": "scanned"}]


@pytest.mark.parametrize("focus", ["#key-in", "#print-again", "[data-language=fr]"])
def test_a_scan_presses_no_button_whatever_has_the_focus(
    page: Page, agent: ScriptedAgent, focus: str
) -> None:
    agent.members[CODE] = samples.member()
    page.focus(focus)
    scan_as_keyboard(page, CODE)

    page.wait_for_selector("body[data-state=member]")
    assert page.get_attribute("html", "lang") == "nl"
    assert not page.locator("#keyed").is_visible()
    assert [path for path, _, _ in agent.calls] == ["/v1/identify"]


def test_a_scan_while_a_number_is_being_typed_counts_as_scanned(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.members[CODE] = samples.member()
    page.keyboard.press("F2")
    scan_as_keyboard(page, CODE)

    page.wait_for_selector("body[data-state=member]")
    assert agent.posted("/v1/identify") == [{"code": CODE, "entry": "scanned"}]
    assert not page.locator("#keyed").is_visible()


def test_digits_typed_by_hand_outside_the_dialog_are_no_scan(
    page: Page, agent: ScriptedAgent
) -> None:
    type_by_hand(page, CODE)
    scan_as_keyboard(page, "1234567")  # Fast, and too short for a card.
    agent.say("member", samples.member())
    page.wait_for_selector("body[data-state=member]")

    assert agent.calls == []


def test_a_slow_answer_does_not_bring_back_a_former_customer(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.hold_answers = threading.Event()
    agent.members[CODE] = samples.member(member={"id": "old", "display_name": "Te Laat"})
    scan_as_keyboard(page, CODE)
    agent.posted("/v1/identify")
    agent.say("scan", samples.scan())
    agent.say("member", samples.member())
    expect(page.locator(".who-name")).to_have_text("Marijke de Vries")
    with page.expect_response("**/v1/identify"):
        agent.hold_answers.set()

    expect(page.locator(".who-name")).to_have_text("Marijke de Vries")


def test_without_an_answer_the_page_says_so(page: Page, agent: ScriptedAgent) -> None:
    page.route("**/v1/identify", lambda route: route.abort())
    scan_as_keyboard(page, CODE)

    expect(page.locator("#notice")).to_contain_text("Geen antwoord")


def test_the_last_receipt_is_printed_again_as_a_copy(page: Page, agent: ScriptedAgent) -> None:
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    page.keyboard.press("F4")

    page.wait_for_selector("#notice[data-tone=good]")
    sale_id = samples.sale()["sale_id"]
    assert agent.posted(f"/v1/receipts/{sale_id}/print") == [{"copy": True}]


def test_with_the_next_customer_here_it_is_said_whose_receipt_comes_out(
    page: Page, agent: ScriptedAgent
) -> None:
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    page.keyboard.press("F4")
    expect(page.locator("#notice")).to_contain_text("De bon komt uit de printer")

    agent.say("member", samples.full_member(card="*********1111"))
    page.wait_for_selector("body[data-state=member]")
    page.keyboard.press("F4")
    said = f"Dit is de bon van de vorige verkoop: {samples.sale()['sale_id']}"
    expect(page.locator("#notice")).to_contain_text(said)


def test_the_last_receipt_can_still_be_printed_after_loading_the_page_again(
    page: Page, agent: ScriptedAgent
) -> None:
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    page.reload()
    page.wait_for_selector("body[data-link=up]")
    page.click("#print-again")

    page.wait_for_selector("#notice[data-tone=good]")


def test_without_a_sale_there_is_no_receipt_to_print(page: Page, agent: ScriptedAgent) -> None:
    assert page.get_attribute("#print-again", "aria-disabled") == "true"
    page.keyboard.press("F4")

    expect(page.locator("#notice")).to_contain_text("Nog geen kassabon")
    assert agent.calls == []


def test_a_receipt_that_could_not_be_printed_says_what_to_do(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.print_problem = "refused"
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    page.keyboard.press("F4")

    expect(page.locator("#notice")).to_contain_text("Niet geprint Kijk of", use_inner_text=True)


def test_a_balance_slip_is_asked_for_of_the_card_that_the_agent_read(
    page: Page, agent: ScriptedAgent
) -> None:
    scenes.member_found(agent)
    page.wait_for_selector("body[data-state=member]")
    page.keyboard.press("F8")

    page.wait_for_selector("#notice[data-tone=good]")
    assert agent.posted("/v1/slips") == [{"card": {"from": "till"}}]


def test_a_balance_slip_is_asked_for_with_the_code_that_this_page_read(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.members[CODE] = samples.member()
    scan_as_keyboard(page, CODE)
    page.wait_for_selector("body[data-state=member]")
    page.keyboard.press("F8")

    page.wait_for_selector("#notice[data-tone=good]")
    assert agent.posted("/v1/slips") == [{"code": CODE, "entry": "scanned"}]


def test_after_the_sale_the_agent_has_no_card_for_a_slip(page: Page, agent: ScriptedAgent) -> None:
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    page.keyboard.press("F8")

    expect(page.locator("#notice")).to_contain_text("Nu geen saldobon")
    assert agent.bodies("/v1/slips") == []


def test_a_card_that_the_agent_has_let_go_of_gets_no_slip(page: Page, agent: ScriptedAgent) -> None:
    agent.print_problem = "unknown-card"
    scenes.member_found(agent)
    page.wait_for_selector("body[data-state=member]")
    page.keyboard.press("F8")

    expect(page.locator("#notice")).to_contain_text(
        "Nu geen saldobon Scan eerst", use_inner_text=True
    )


def test_a_full_print_queue_is_not_called_printing(page: Page, agent: ScriptedAgent) -> None:
    agent.print_state = "failed"
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    page.keyboard.press("F4")

    expect(page.locator("#notice")).to_contain_text("Niet geprint")


def test_no_slip_is_printed_for_a_customer_whose_balance_is_hidden(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.members[CODE] = samples.member(balance=None)
    page.keyboard.press("F2")
    type_by_hand(page, CODE)
    page.wait_for_selector("body[data-state=member]")
    page.keyboard.press("F8")

    expect(page.locator("#notice")).to_contain_text("Nu geen saldobon")
    assert agent.bodies("/v1/slips") == []


@pytest.mark.parametrize("scanned_here", [True, False])
def test_the_code_of_one_customer_prints_no_slip_for_the_next(
    page: Page, agent: ScriptedAgent, scanned_here: bool
) -> None:
    agent.members[CODE] = samples.member()
    scan_as_keyboard(page, CODE)
    page.wait_for_selector("body[data-state=member]")
    if scanned_here:
        agent.say("scan", samples.scan())
    agent.say("member", samples.member(card="*********1111"))
    expect(page.locator(".card-number")).to_contain_text("1111")
    page.keyboard.press("F8")

    page.wait_for_selector("#notice[data-tone=good]")
    assert agent.posted("/v1/slips") == [{"card": {"from": "till"}}]


def test_escape_makes_room_for_the_next_customer(page: Page, agent: ScriptedAgent) -> None:
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    with page.expect_response("**/v1/present/clear"):
        page.keyboard.press("Escape")

    page.wait_for_selector("body[data-state=waiting]")
    assert "Marijke" not in page.content()
    assert agent.posted("/v1/present/clear") == [{}]


def test_tab_reaches_everything_in_the_order_of_the_screen_and_shows_where_it_is(
    page: Page,
) -> None:
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => document.activeElement.id || document.activeElement.dataset.language"
            )
        )
        outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"

    languages = ["nl", "en", "de", "fr"]
    actions = ["key-in", "enrol-open", "print-again", "print-balance", "next-customer"]
    assert reached == [*languages, *actions]


def test_every_action_works_with_tab_and_enter(page: Page, agent: ScriptedAgent) -> None:
    agent.members["2907"] = samples.member()
    page.focus("#key-in")
    page.keyboard.press("Enter")
    expect(page.locator("#keyed-code")).to_be_focused()
    for key in ("2", "9", "0", "7"):
        page.focus(f"[data-key='{key}']")
        page.keyboard.press("Enter")
    page.focus("#keyed-send")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-state=member]")
    page.focus("#next-customer")
    page.keyboard.press("Enter")

    page.wait_for_selector("body[data-state=waiting]")


def test_the_focus_stays_while_the_page_changes_around_it(page: Page, agent: ScriptedAgent) -> None:
    page.focus("#print-again")
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")

    expect(page.locator("#print-again")).to_be_focused()


def test_a_chosen_language_is_remembered(page: Page, agent: ScriptedAgent) -> None:
    choose_language(page, "de")
    expect(page.locator("#member")).to_contain_text("Treuekarte scannen")
    page.reload()

    expect(page.locator("#member")).to_contain_text("Treuekarte scannen")
    assert page.get_attribute("[data-language=de]", "aria-pressed") == "true"


def test_a_language_can_be_chosen_in_the_middle_of_a_sale(page: Page, agent: ScriptedAgent) -> None:
    scenes.sale_posted(agent)
    page.wait_for_selector("body[data-state=sale]")
    choose_language(page, "fr")

    expect(page.locator(".sale-unit")).to_have_text("points en plus")
    expect(page.locator(".balance-total .figure")).to_have_text("1\u202f303")
