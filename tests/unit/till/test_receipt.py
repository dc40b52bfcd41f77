"""What the receipt tells, case by case, and what it must never do."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from drivers.document import Cut, QrCode, Text
from edge_agent.domain.balance import Balance
from edge_agent.domain.member import Standing
from edge_agent.till.receipt import compose
from edge_agent.till.receipt_facts import (
    Change,
    Dated,
    MemberShown,
    NextReward,
    ReceiptFacts,
    ReceiptKind,
    ReceiptTexts,
    changes_of,
    next_reward,
    sale_reference,
)
from edge_agent.till.receipt_pen import CHANGES_SHOWN_MAX
from edge_agent.till.receipt_texts import Language
from edge_agent.till.views import RewardView
from tests.unit.till.sample_receipts import (
    AT,
    SALE_ID,
    no_card,
    offline,
    plain_lines,
    returned,
    returned_unknown_sale,
    sale,
    slip,
    training,
    unknown_card,
    voided,
)

NL = Language.NL


def printed(facts: ReceiptFacts, columns: int = 48) -> str:
    """The receipt with every run of spaces as one: for tests about words, not about columns."""
    return "\n".join(" ".join(line.split()) for line in plain_lines(facts, columns))


def test_base_points_and_each_bonus_stand_apart_with_their_reason() -> None:
    assert (
        "Gespaard op deze bon 55 punten\n"
        "1 punt per hele euro 38\n"
        "bonus: dubbele punten op zuivel van Zuiver 12\n"
        "bonus: extra op zaterdag 5\n"
    ) in printed(sale(NL))


def test_confirmed_and_unconfirmed_are_told_apart() -> None:
    assert "Uw saldo om 14:03 1.418 punten\nwaarvan nog niet bevestigd 55\n" in printed(sale(NL))


def test_a_balance_that_is_all_confirmed_says_nothing_of_confirmation() -> None:
    facts = replace(sale(NL), balances={"points": Balance(confirmed=10, as_of=AT)})
    assert "bevestigd" not in printed(facts)


def test_the_time_of_the_balance_is_printed_and_its_day_where_it_is_not_fresh() -> None:
    assert "Uw saldo om 14:03 1.418 punten\n" in printed(sale(NL))
    assert "Stand van" not in printed(sale(NL))
    text = printed(offline(NL))
    assert "Uw saldo 1.418 punten\n" in text
    assert "Stand van 20-11-2026 18:48" in text


def test_where_the_time_has_no_room_beside_the_balance_or_is_of_several_it_stands_below() -> None:
    long = {"points": Balance(confirmed=1_234_567, as_of=AT)}
    text = printed(replace(sale(NL), balances=long), columns=32)
    assert "Uw saldo 1.234.567 punten\nStand om 14:03\n" in text
    several = {"points": Balance(confirmed=7, as_of=AT), "coffee": Balance(confirmed=7, as_of=AT)}
    text = printed(replace(sale(NL), balances=several))
    assert text.count("14:03") == 2  # with the time of the sale
    assert "Stand om 14:03\n" in text


def test_fresh_figures_of_the_day_before_have_their_day() -> None:
    midnight = datetime(2026, 11, 21, 23, 3, tzinfo=UTC)
    known_at = midnight - timedelta(minutes=5)
    facts = replace(sale(NL), at=midnight, balances={"points": Balance(7, as_of=known_at)})
    assert "Stand van 21-11-2026 23:58" in printed(facts)


def test_of_two_times_the_older_one_is_printed() -> None:
    older = AT - timedelta(days=2)
    balances = {"points": Balance(1, as_of=AT), "coffee": Balance(1, as_of=older)}
    text = printed(replace(sale(NL), balances=balances, fresh=False))
    assert text.count("Stand van") == 1
    assert "Stand van 19-11-2026 14:03" in text


def test_points_can_be_used_up_to_and_including_the_printed_day() -> None:
    facts = replace(sale(NL), expiring=(Dated("points", 1, date(2027, 11, 30)),))
    assert "Vervalt na 30-11-2027 1 punt\n" in printed(facts)


def test_the_next_reward_says_what_is_missing_in_euro() -> None:
    assert "Nog 82 punten tot € 5 korting\n" in printed(sale(NL))
    assert "1.418 van 1.500" in printed(sale(NL))


def test_a_title_of_the_programme_is_used_and_its_worth_added_once() -> None:
    def with_title(title: str) -> str:
        reward = NextReward(title, "points", have=0, cost=10, value=250)
        return printed(replace(sale(NL), next_reward=reward))

    assert "Nog 10 punten tot Gratis koffie (€ 2,50)" in with_title("Gratis koffie")
    assert "Nog 10 punten tot € 2,50 korting\n" in with_title("€ 2,50 korting")


def test_a_reward_without_worth_in_money_shows_no_euro() -> None:
    reward = NextReward("Gratis koffie", "points", have=0, cost=10)
    assert "€" not in printed(replace(sale(NL), next_reward=reward))


def test_a_reached_reward_is_promised_only_when_the_points_are_confirmed() -> None:
    reward = NextReward("", "points", have=500, cost=500, value=500)
    usable = printed(replace(sale(NL), next_reward=reward))
    assert "Uw saldo is genoeg voor € 5 korting" in usable
    later = printed(replace(sale(NL), next_reward=replace(reward, usable=False)))
    assert "Zodra het bevestigd is, is uw saldo genoeg voor € 5 korting" in later.replace("\n", " ")


def test_an_offline_sale_says_that_it_will_be_confirmed() -> None:
    remark = "Offline geboekt: wordt later bevestigd"
    assert remark in printed(offline(NL))
    assert remark not in printed(sale(NL))
    assert remark not in printed(slip(NL)), "a slip books nothing"


def test_a_slip_without_a_line_warns_that_the_balance_may_have_changed() -> None:
    remark = "Geen verbinding: uw saldo kan inmiddels anders zijn"
    assert remark in printed(slip(NL), 64)
    assert remark not in printed(replace(slip(NL), offline=False), 64)
    assert remark not in printed(offline(NL), 64)


def test_excluded_goods_are_mentioned_only_where_there_were_any() -> None:
    remark = "Op sommige artikelen wordt niet gespaard."
    assert remark in printed(offline(NL))
    assert remark not in printed(sale(NL))


def test_a_sale_that_earned_nothing_says_so() -> None:
    assert "Gespaard op deze bon 0 punten" in printed(replace(sale(NL), changes=()))


def test_an_unknown_card_sees_what_was_booked_here_and_no_balance() -> None:
    text = printed(unknown_card(NL))
    assert "Geboekt aan deze kassa 55 punten" in text
    assert "Uw saldo" not in text
    assert "Deze kaart is hier nog niet bekend." in text


def test_a_known_member_without_figures_from_central_is_not_shown_an_invented_balance() -> None:
    text = printed(replace(sale(NL), balances={"points": Balance(unconfirmed=55)}))
    assert "Geboekt aan deze kassa 55 punten" in text
    assert "Uw saldo is hier nog niet bekend." in text


@pytest.mark.parametrize("standing", [Standing.BLOCKED, Standing.ERASED])
def test_a_card_that_may_not_earn_is_told_kindly_and_promised_nothing(standing: Standing) -> None:
    member = MemberShown("*********8906", standing=standing)
    text = printed(replace(offline(NL), member=member, changes=(), balances={}, fresh=True))
    assert "Met deze kaart kunt u nu niet sparen." in text
    assert "Gespaard" not in text
    assert "wordt later bevestigd" not in text


def test_without_a_balance_to_show_none_is_shown() -> None:
    text = printed(replace(sale(NL), balances={}, fresh=False, next_reward=None))
    assert "saldo" not in text
    assert "Stand van" not in text
    assert "Gespaard op deze bon 55 punten" in text


def test_a_return_shows_what_is_taken_back_and_from_which_receipt() -> None:
    text = printed(returned(NL))
    assert "RETOUR\n" in text
    assert f"Retour van bon {SALE_ID}" in text
    assert "Afgeboekt bij deze retour -12 punten" in text
    assert "Uw saldo om 10:15 1.406 punten\nna afboeking, nog niet bevestigd -12" in text


def test_a_return_of_an_unknown_sale_shows_no_points_taken() -> None:
    text = printed(returned_unknown_sale(NL))
    assert "Afgeboekt" not in text
    assert "Deze kassa kent de oorspronkelijke bon niet." in text


def test_a_void_takes_everything_back_and_says_so() -> None:
    text = printed(voided(NL))
    assert "GEANNULEERD\n" in text
    assert "Afgeboekt: bon geannuleerd -55 punten" in text


def test_nobody_is_cheered_at_when_money_goes_back() -> None:
    assert "Fijn dat u er weer was!" in printed(sale(NL))
    assert "Fijn dat u er weer was!" not in printed(voided(NL))


@pytest.mark.parametrize(
    ("facts", "mark"),
    [
        (replace(sale(NL), copy=True), "*** KOPIE ***"),
        (replace(sale(Language.FR), copy=True), "*** DUPLICATA ***"),
        (training(NL), "*** OEFENBON - NIET GELDIG ***"),
        (replace(no_card(NL), training=True), "*** OEFENBON - NIET GELDIG ***"),
    ],
)
@pytest.mark.parametrize("columns", [32, 48])
def test_a_copy_and_a_training_sale_are_marked_at_both_ends(
    facts: ReceiptFacts, mark: str, columns: int
) -> None:
    lines = [line.strip() for line in plain_lines(facts, columns)]
    assert lines[0] == mark
    assert lines[-1] == mark


def test_a_customer_without_a_card_gets_an_invitation_and_no_account() -> None:
    text = printed(no_card(NL))
    assert "Spaart u al mee met Zuiver Spaarplan?" in text
    assert not any(word in text for word in ("saldo", "Gespaard", "Kaart", "punten"))


def test_the_shop_may_word_the_invitation_or_leave_it_out() -> None:
    own = replace(no_card(NL), texts=ReceiptTexts(invitation="Doe mee,\nhet is gratis!"))
    assert "Doe mee,\nhet is gratis!" in printed(own)
    none = replace(no_card(NL), texts=ReceiptTexts(invitation=""))
    assert compose(none, 48) is None
    assert plain_lines(none, 48) == []


@pytest.mark.parametrize("kind", [ReceiptKind.RETURN, ReceiptKind.VOID, ReceiptKind.SLIP])
def test_without_a_card_only_a_sale_is_worth_paper(kind: ReceiptKind) -> None:
    assert compose(replace(no_card(NL), kind=kind), 48) is None


def test_the_time_is_the_programmes_whatever_zone_it_came_in() -> None:
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert "02-07-2026 00:30" in printed(replace(sale(NL), at=summer))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^at: "):
        replace(sale(NL), at=datetime(2026, 11, 21, 14, 3))  # noqa: DTZ001


def test_a_card_that_is_not_masked_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="masked") as error:
        MemberShown(card="2912345678906")
    assert "2912345678906" not in str(error.value)


@pytest.mark.parametrize("columns", [0, 23, 65])
def test_a_width_that_no_receipt_printer_has_is_refused(columns: int) -> None:
    with pytest.raises(ValueError, match=r"^columns: "):
        compose(sale(NL), columns)


def test_a_line_break_or_command_in_a_name_does_not_reach_the_paper() -> None:
    facts = replace(sale(NL), terminal="Markt\nUtrecht\x1b@")
    assert "Markt Utrecht@\n" in printed(facts)


def test_what_is_printed_is_what_the_pos_prints() -> None:
    facts = sale(NL)
    document = compose(facts, 42)
    assert document is not None
    texts = [block.text.strip() for block in document.blocks if isinstance(block, Text)]
    assert texts == [line.strip() for line in plain_lines(facts, 42)]


def test_the_qr_code_holds_the_sale_and_nothing_about_a_person() -> None:
    document = compose(sale(NL), 48)
    assert document is not None
    codes = [block.data for block in document.blocks if isinstance(block, QrCode)]
    assert codes == [f"sale:0412/03/{SALE_ID}"]
    assert sale_reference("0412", "03", SALE_ID) == codes[0]
    assert isinstance(document.blocks[-1], Cut)


def test_a_slip_has_no_qr_code_since_there_is_no_sale() -> None:
    document = compose(slip(NL), 48)
    assert document is not None
    assert not any(isinstance(block, QrCode) for block in document.blocks)


def test_a_programme_with_hundreds_of_rules_does_not_print_a_carpet() -> None:
    many = tuple(Change("points", 1, f"regel {n}", bonus=True) for n in range(500))
    lines = plain_lines(replace(sale(NL), changes=many), 48)
    assert len(lines) < CHANGES_SHOWN_MAX + 30
    shown = " ".join(" ".join(lines).split())
    assert "Gespaard op deze bon 500 punten" in shown
    assert f"... {500 - CHANGES_SHOWN_MAX}" in shown, "what is not listed is summed up"


def test_entries_are_summed_over_the_lines_of_the_basket_and_the_base_comes_first() -> None:
    entries = [
        {"unit": "points", "quantity": 3, "rule": "dairy", "why": "zuivel"},
        {"unit": "points", "quantity": 10, "rule": "base", "why": "basis"},
        {"unit": "points", "quantity": 4, "rule": "dairy", "why": "zuivel"},
        {"unit": "points", "quantity": 20, "rule": "base", "why": "basis"},
        {"unit": "coffee", "quantity": 1, "rule": "stamps", "why": "koffie"},
    ]
    assert changes_of(entries, lambda rule: rule != "base") == (
        Change("points", 30, "basis"),
        Change("points", 7, "zuivel", bonus=True),
        Change("coffee", 1, "koffie", bonus=True),
    )


def reward(title: str, cost: int, unit: str = "points") -> RewardView:
    return RewardView(
        title, title, "discount", unit, cost, cost, value=None, available=False, why_not=None
    )


def test_the_next_reward_is_the_one_that_is_nearest_ahead() -> None:
    balances = {"points": Balance(confirmed=600, unconfirmed=20, as_of=AT)}
    rewards = [reward("a", 1_500), reward("b", 500), reward("c", 1_000), reward("d", 700, "gone")]
    near = next_reward(rewards, balances)
    assert near == NextReward("c", "points", have=620, cost=1_000, usable=False)
    assert near.missing == 380


def test_where_every_reward_is_reached_it_is_the_dearest() -> None:
    rewards = [reward("a", 100), reward("b", 500)]
    confirmed = next_reward(rewards, {"points": Balance(confirmed=500, as_of=AT)})
    assert confirmed == NextReward("b", "points", have=500, cost=500)
    hoped_for = next_reward(rewards, {"points": Balance(confirmed=499, unconfirmed=1, as_of=AT)})
    assert hoped_for == NextReward("b", "points", have=500, cost=500, usable=False)


def test_without_rewards_there_is_no_next_one() -> None:
    assert next_reward([], {"points": Balance(confirmed=500)}) is None
