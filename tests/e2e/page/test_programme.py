"""What a programme brings to the cashier's page: rewards, points to choose, offers, questions, surprises, enrolment."""

import re
import threading
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.page import samples, scenes
from tests.e2e.page.agent import ScriptedAgent, problem
from tests.e2e.page.browser import boxes, choose_language
from tests.e2e.page.keys import scan_as_keyboard, type_by_hand

CODE = "2907890089067"
AT_TILL = {"card": {"from": "till"}}


def here(page: Page, agent: ScriptedAgent, **changes: Any) -> None:
    """A customer with something of everything is at the till."""
    agent.say("member", samples.full_member(**changes))
    page.wait_for_selector("body[data-state=member]")


def sold(page: Page, agent: ScriptedAgent, **changes: Any) -> None:
    """Their sale is done."""
    agent.say("sale", {"kind": "sale", "result": samples.sale(**changes)})
    page.wait_for_selector("body[data-state=sale]")


def text(page: Page, selector: str) -> str:
    return re.sub(r"\s+", " ", page.locator(selector).inner_text()).strip()


def test_rewards_stand_on_their_keys_those_first_that_can_be_had(
    page: Page, agent: ScriptedAgent
) -> None:
    here(page, agent)
    assert page.locator(".reward").all_inner_texts() == [
        "1\nKoffie met gebak\n500 punten · €\u00a04,50",
        "2\nPunten als korting\nzelf kiezen, tot 1.200 punten",
        "3\nKookworkshop\nnog 1.260 punten",
        "4\nOntbijt op zondag\nalleen op zondag",
    ]


def test_a_key_reserves_a_reward_and_the_same_key_lets_go_of_it(
    page: Page, agent: ScriptedAgent
) -> None:
    here(page, agent)
    page.keyboard.press("1")
    expect(page.locator("[data-reward=coffee]")).to_contain_text("Gereserveerd: € 4,50")
    [wish] = agent.posted("/v1/redemptions")
    redemption_id = wish.pop("redemption_id")
    assert wish == {"reward": "coffee", **AT_TILL}

    page.keyboard.press("1")
    expect(page.locator("[data-reward=coffee]")).to_contain_text("500 punten")
    assert agent.posted(f"/v1/redemptions/{redemption_id}/cancel") == [{}]


def test_a_finger_reserves_as_a_key_does(page: Page, agent: ScriptedAgent) -> None:
    here(page, agent)
    page.click("[data-reward=coffee]")
    expect(page.locator("[data-reward=coffee]")).to_have_attribute("aria-pressed", "true")


def test_no_reward_changes_its_key_when_another_is_reserved(
    page: Page, agent: ScriptedAgent
) -> None:
    here(page, agent)
    before = page.locator(".reward-title").all_inner_texts()
    dearer = [{**each, "available": False, "why_not": "te weinig"} for each in
              (samples.OWN_CHOICE, samples.BREAKFAST, samples.COFFEE, samples.COOKING)]  # fmt: skip
    agent.say("member", samples.full_member(rewards=dearer))
    expect(page.locator("[data-reward=coffee]")).to_contain_text("te weinig")
    assert page.locator(".reward-title").all_inner_texts() == before


def test_a_reward_that_cannot_be_had_says_why_and_asks_nothing(
    page: Page, agent: ScriptedAgent
) -> None:
    here(page, agent)
    page.keyboard.press("3")
    expect(page.locator("#notice")).to_contain_text("nog 1.260 punten")
    page.keyboard.press("9")
    assert agent.calls == []


def test_what_the_agent_refuses_is_said_in_its_words(page: Page, agent: ScriptedAgent) -> None:
    agent.act_problem = problem("refused", 409, "Vandaag al gebruikt.")
    here(page, agent)
    page.keyboard.press("1")
    expect(page.locator("#notice")).to_contain_text("Vandaag al gebruikt.")
    expect(page.locator("[data-reward=coffee]")).to_have_attribute("aria-pressed", "false")


def test_pressed_again_after_no_answer_it_is_the_same_redemption(
    page: Page, agent: ScriptedAgent
) -> None:
    here(page, agent)
    sent: list[Any] = []

    def swallow(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.abort()

    page.route("**/v1/redemptions", swallow)
    page.keyboard.press("1")
    expect(page.locator("#notice")).to_contain_text("Geen antwoord")
    page.unroute("**/v1/redemptions")
    page.keyboard.press("1")
    page.wait_for_selector("[data-is=reserved]")
    assert agent.posted("/v1/redemptions") == sent


@pytest.mark.parametrize(
    ("keys", "points"),
    [
        ((), "1200"),
        (("ArrowDown", "ArrowDown"), "1000"),
        (("7", "0", "0"), "700"),
        (("7", "5", "0", "-"), "700"),
        (("7", "5", "0", "+"), "800"),
        (("9", "9", "9", "9", "+"), "1200"),
    ],
)
def test_the_customer_chooses_how_many_points(
    page: Page, agent: ScriptedAgent, keys: tuple[str, ...], points: str
) -> None:
    here(page, agent)
    page.keyboard.press("2")
    page.wait_for_selector("#choose[open]")
    expect(page.locator("#choose-worth")).to_have_text("€\u00a012,00")
    for key in keys:
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-reward=points-off][data-is=reserved]")
    [wish] = agent.posted("/v1/redemptions")
    assert (wish["reward"], wish["points"]) == ("points-off", points)


@pytest.mark.parametrize("typed", ["50", "250", "1300", "x"])
def test_a_number_of_points_that_cannot_be_used_is_not_sent(
    page: Page, agent: ScriptedAgent, typed: str
) -> None:
    here(page, agent)
    page.keyboard.press("2")
    page.fill("#choose-points", typed)
    page.keyboard.press("Enter")
    expect(page.locator("#choose-worth")).to_have_text("Van 200 tot 1.200, per 100")
    assert agent.calls == []
    page.keyboard.press("Escape")
    expect(page.locator("#choose")).to_be_hidden()


def test_the_stepper_works_by_touch_alone(page: Page, agent: ScriptedAgent) -> None:
    here(page, agent)
    page.click("[data-reward=points-off]")
    page.click("#choose-least")
    page.click("#choose-more")
    page.click("#choose-send")
    page.wait_for_selector("[data-is=reserved]")
    assert agent.posted("/v1/redemptions")[0]["points"] == "300"


def test_a_scan_is_never_taken_for_keys_of_rewards(page: Page, agent: ScriptedAgent) -> None:
    agent.members[CODE] = samples.member(member={"id": "next", "display_name": "De Volgende"})
    here(page, agent)
    scan_as_keyboard(page, CODE)
    expect(page.locator(".who-name")).to_have_text("De Volgende")
    assert agent.bodies("/v1/redemptions") == []


def test_a_scan_while_points_are_chosen_ends_that(page: Page, agent: ScriptedAgent) -> None:
    agent.members[CODE] = samples.member(card="*********9067")
    here(page, agent)
    page.keyboard.press("2")
    page.wait_for_selector("#choose[open]")
    scan_as_keyboard(page, CODE)
    page.wait_for_selector("#choose", state="hidden")
    assert agent.posted("/v1/identify") == [{"code": CODE, "entry": "scanned"}]


def test_the_offer_is_said_and_activated_with_one_key(page: Page, agent: ScriptedAgent) -> None:
    here(page, agent)
    assert "De jonge kaas is deze week voor u een kwart goedkoper." in text(page, ".offer")
    page.keyboard.press("F9")
    expect(page.locator("#notice")).to_contain_text("Geactiveerd")
    [act] = agent.posted("/v1/actions")
    act.pop("action_id")
    assert act == {"action": "activate/cheese", **AT_TILL}
    assert page.locator("[data-activate]").count() == 0


def test_an_offer_that_the_rules_failed_on_is_not_called_activated(
    page: Page, agent: ScriptedAgent
) -> None:
    here(page, agent)
    agent.act_result = samples.UNWORKED
    page.keyboard.press("F9")
    expect(page.locator("#notice")).to_contain_text("Punten niet uitgerekend")
    assert page.locator("[data-activate]").count() == 1


@pytest.mark.parametrize("kind", ["sale", "return"])
def test_what_the_rules_failed_on_says_so_and_that_paying_goes_on(
    page: Page, agent: ScriptedAgent, kind: str
) -> None:
    here(page, agent)
    agent.say("sale", {"kind": kind, "result": samples.sale(**samples.UNWORKED)})
    expect(page.locator("#notice")).to_contain_text("Afrekenen kan gewoon")


def test_after_the_sale_nothing_is_activated_any_more(page: Page, agent: ScriptedAgent) -> None:
    here(page, agent)
    sold(page, agent)
    assert "De jonge kaas" in text(page, ".offer")
    assert page.locator("[data-activate]").count() == 0
    page.keyboard.press("F9")
    agent.say("member", samples.full_member(messages=[{"id": "m", "text": "Tot ziens!"}]))
    expect(page.locator(".facts")).to_contain_text("Tot ziens!")
    assert agent.calls == []


def test_stamps_are_dots_and_longer_ways_a_bar(page: Page, agent: ScriptedAgent) -> None:
    here(page, agent)
    dots = page.eval_on_selector_all(".dot", "dots => dots.map((dot) => dot.className)")
    assert [each.removeprefix("dot dot-") for each in dots] == [
        *["full"] * 6,
        "half",
        *["none"] * 3,
    ]
    assert page.get_attribute(".bar", "value") == "17"
    assert page.get_attribute(".bar", "max") == "30"


def test_tier_pending_and_what_expires_are_said(page: Page, agent: ScriptedAgent) -> None:
    here(page, agent)
    shown = text(page, "#member")
    assert "Zilver Nog € 34,00 tot Goud" in shown
    assert "Wacht tot 5 dec +85" in shown
    assert "120 punten vervallen op 31 december 2026" in shown


QUESTIONS = [
    (samples.NPS, "9", 9),
    (samples.NPS, "0", 0),
    (samples.NPS, "+", 10),
    (samples.STARS, "4", 4),
    (samples.CHOICE, "3", "slow"),
    (samples.YES_NO, "2", "no"),
]


@pytest.mark.parametrize(("question", "key", "value"), QUESTIONS)
def test_a_question_is_asked_after_the_sale_and_answered_with_one_key(
    page: Page, agent: ScriptedAgent, question: dict[str, Any], key: str, value: int | str
) -> None:
    here(page, agent)
    sold(page, agent, questions=[question])
    expect(page.locator("#notice")).to_contain_text(question["text"])
    page.keyboard.press(key)
    expect(page.locator("#notice")).to_contain_text("Bedankt")
    [answer] = agent.posted("/v1/answers")
    answer.pop("answer_id")
    sale_id = samples.sale()["sale_id"]
    assert answer == {"question": question["id"], "value": value, "sale_id": sale_id}
    assert agent.bodies("/v1/redemptions") == []


def test_a_question_of_the_greeting_waits_for_the_end_of_the_sale(
    page: Page, agent: ScriptedAgent
) -> None:
    here(page, agent, questions=[samples.YES_NO])
    expect(page.locator("#notice")).not_to_contain_text(samples.YES_NO["text"])
    sold(page, agent)
    page.click("[data-answer=yes]")
    expect(page.locator("#notice")).to_contain_text("Bedankt")


def test_a_question_for_the_receipt_alone_is_not_asked_here(
    page: Page, agent: ScriptedAgent
) -> None:
    here(page, agent)
    sold(page, agent, questions=[{**samples.NPS, "where": ["receipt"]}])
    assert page.get_attribute("#notice", "data-tone") == "quiet"


def test_trouble_goes_before_a_question(page: Page, agent: ScriptedAgent) -> None:
    scenes.nps_asked(agent)
    page.wait_for_selector("#notice[data-tone=question]")
    scenes.paper_out(agent)
    page.wait_for_selector("#notice[data-tone=bad]")


def test_a_surprise_is_celebrated(page: Page, agent: ScriptedAgent) -> None:
    scenes.surprise_won(agent)
    expect(page.locator(".surprise")).to_contain_text("Verrassing! Zomergeluk")
    expect(page.locator(".surprise")).to_contain_text("50 punten extra!")


def test_somebody_becomes_a_member_by_keyboard_alone(page: Page, agent: ScriptedAgent) -> None:
    scenes.unknown_card(agent)
    page.wait_for_selector("body[data-state=unknown]")
    page.keyboard.press("F6")
    page.wait_for_selector(".consent")
    expect(page.locator("#enrol-card")).to_contain_text("5551")
    type_by_hand(page, "Jan Berg", end="Tab")
    type_by_hand(page, "jan@example.com", end="Tab")
    for key in ("Tab", "Space", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#notice")).to_contain_text("Welkom als lid!")
    [form] = agent.posted("/v1/members")
    form.pop("member_id")
    assert form == {
        "profile": {"display_name": "Jan Berg", "email": "jan@example.com", "language": "nl"},
        "consents": [
            {"purpose": "terms", "version": "2026-01", "given": True},
            {"purpose": "newsletter", "version": "2026-01", "given": False},
        ],
        **AT_TILL,
    }
    assert "Jan Berg" not in page.content()


WRONG_FORMS = [
    ({}, "Vul een naam in."),
    ({"name": "Jan"}, "Vul een e-mailadres of een telefoonnummer in."),
    ({"name": "Jan", "email": "jan"}, "Dit is geen e-mailadres."),
    ({"name": "Jan", "phone": "06-12"}, "Dit telefoonnummer is te kort."),
    ({"name": "Jan", "phone": "0612345678"}, "Zonder deze toestemming"),
]


@pytest.mark.parametrize(("fields", "says"), WRONG_FORMS)
def test_a_form_that_is_not_complete_says_what_is_missing(
    page: Page, agent: ScriptedAgent, fields: dict[str, str], says: str
) -> None:
    page.keyboard.press("F6")
    page.wait_for_selector(".consent")
    for name, value in fields.items():
        page.fill(f"#enrol-{name}", value)
    page.keyboard.press("Enter")
    expect(page.locator("#enrol-fault")).to_contain_text(says)
    assert agent.bodies("/v1/members") == []


def test_a_new_card_scanned_into_the_form_is_the_new_members(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.members[CODE] = samples.unknown_member()
    page.keyboard.press("F6")
    page.wait_for_selector(".consent")
    page.fill("#enrol-name", "Jan Berg")
    page.focus("#enrol-name")
    scan_as_keyboard(page, CODE)
    expect(page.locator("#enrol-card")).to_contain_text("5551")
    assert page.input_value("#enrol-name") == "Jan Berg"


def test_consents_are_asked_in_the_language_of_the_page(page: Page, agent: ScriptedAgent) -> None:
    choose_language(page, "fr")
    page.click("#enrol-open")
    expect(page.locator(".consent").first).to_contain_text("J’accepte les conditions")


def test_a_member_is_not_enrolled_again(page: Page, agent: ScriptedAgent) -> None:
    here(page, agent)
    page.keyboard.press("F6")
    expect(page.locator("#notice")).to_contain_text("Deze klant is al lid")


def test_nothing_moves_while_points_are_chosen_or_somebody_enrols(
    page: Page, agent: ScriptedAgent
) -> None:
    before = boxes(page)
    page.keyboard.press("F6")
    page.wait_for_selector(".consent")
    assert boxes(page) == before
    page.keyboard.press("Escape")
    here(page, agent)
    page.keyboard.press("2")
    page.wait_for_selector("#choose[open]")
    assert boxes(page) == before


def test_the_focus_stays_on_a_reward_that_was_pressed(page: Page, agent: ScriptedAgent) -> None:
    here(page, agent)
    page.focus("[data-reward=coffee]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-reward=coffee][data-is=reserved]")
    expect(page.locator("[data-reward=coffee]")).to_be_focused()


def test_what_is_answered_too_late_changes_nothing_for_the_next_customer(
    page: Page, agent: ScriptedAgent
) -> None:
    agent.hold_answers = threading.Event()
    here(page, agent)
    page.keyboard.press("1")
    agent.posted("/v1/redemptions")
    agent.say("member", samples.full_member(card="*********1111"))
    expect(page.locator(".card-number")).to_contain_text("1111")
    with page.expect_response("**/v1/redemptions"):
        agent.hold_answers.set()
    page.wait_for_timeout(50)  # For what the page would do with it.
    assert page.locator("[data-is=reserved]").count() == 0
