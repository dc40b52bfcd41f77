"""What a record says of its redemptions, held against what the rules charge and take off for them. Pure.

Who stood for a redemption is not in the facts, and neither is what the POS took off by itself, without a quote, on the
till's answer to the reservation. That may be of an earlier version of the programme, so another value is only listed.
"""

from collections.abc import Iterable, Iterator

from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.situation import Outcome, Redemption, Wanted
from edge_agent.domain.record import RecordKind
from edge_agent.domain.redeemed import charged_of, taken_off_by
from sync.central.bodies import Act, BodyRedeemed, rejected
from sync.central.differing import Difference

UNLIKE = "not-as-programmed"
"""The entries, what was taken off, what was redeemed, or the notes are not what the rules come to."""


def check_redeemed(
    act: Act, programme: Programme, wanted: Wanted, outcomes: Iterable[Outcome]
) -> None:
    """Raises `Unpostable` unless the record names what was charged, and nothing else, with what it cost and gave."""
    done = [each for each in outcomes if each.unmet is None]
    asked = {each.asked for each in done}
    charged = [each for each in wanted.redemptions if each.id in asked]
    if [each.id for each in act.redeemed] != [each.id for each in charged]:
        raise rejected(UNLIKE)
    for said, wish in zip(act.redeemed, charged, strict=True):
        # Without a sale there is one redemption, and whatever follows from it is part of it.
        alone = act.kind is RecordKind.REDEMPTION
        of = [each for each in done if alone or each.asked == wish.id]
        if not _is_so(said, programme, wish, of, reduces=wanted.reduces):
            raise rejected(UNLIKE)


def _is_so(
    said: BodyRedeemed,
    programme: Programme,
    wish: Redemption,
    outcomes: list[Outcome],
    *,
    reduces: bool,
) -> bool:
    paid_in = {rule.id: rule.paid_in for rule in programme.file.reward}
    return (
        (said.reward, said.unit) == (wish.reward, paid_in.get(wish.reward))
        and said.quantity == charged_of(outcomes, said.unit)
        and (not reduces or said.value == taken_off_by(outcomes))
    )


def worth_otherwise(act: Act, programme: Programme, wanted: Wanted) -> Iterator[Difference]:
    """What redemptions without a quote gave in money by the till's word, where the programme gives another value."""
    if wanted.reduces:
        return
    rules = {rule.id: rule for rule in programme.file.reward}
    wishes = {wish.id: wish for wish in wanted.redemptions}
    for said in act.redeemed:
        wish = wishes[said.id]
        chosen = None if wish.points is None else said.quantity
        value = rules[wish.reward].discount(chosen, wish.times, programme.file.unit)
        if value != said.value:
            yield Difference(f"redeemed.{said.id}.value", _text(said.value), _text(value))


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
