"""What a return does to points, vouchers and tiers, in plain Dutch and English."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from edge_agent.authoring.wording import Speech
from edge_agent.domain.programme.returns import (
    Issued,
    ReachedTier,
    ReturnsTable,
    ReversalPolicy,
    Reverse,
    Shortfall,
    Spent,
)

_SAYS: Mapping[tuple[type[StrEnum], str], tuple[str, str]] = {
    (Reverse, Reverse.LINES): (
        "brengt u iets terug, dan vervallen de punten die dat artikel gaf, naar het deel dat terugkomt",
        "when you return something, the points that the article gave are taken back for the part that comes back",
    ),
    (Reverse, Reverse.AMOUNT): (
        "brengt u iets terug, dan vervallen punten naar het deel van het bedrag dat terugkomt",
        "when you return something, points are taken back for the share of the amount that comes back",
    ),
    (Reverse, Reverse.KEPT): (
        "brengt u iets terug, dan rekenen wij opnieuw uit wat u houdt; het verschil vervalt",
        "when you return something, we work out again what you keep; the difference is taken back",
    ),
    (Reverse, Reverse.PERIOD): (
        "brengt u iets terug, dan gaat het van uw aankopen in de periode af",
        "when you return something, it comes off your purchases of the period",
    ),
    (Reverse, Reverse.NOTHING): (
        "brengt u iets terug, dan houdt u de punten die het gaf",
        "when you return something, you keep the points that it gave",
    ),
    (ReversalPolicy, ReversalPolicy.UNLIMITED): (
        "uw saldo kan daardoor onder nul komen",
        "your balance may go below zero by that",
    ),
    (ReversalPolicy, ReversalPolicy.WITHIN_BALANCE): (
        "uw saldo komt daardoor niet onder de ondergrens",
        "your balance does not go below the floor by that",
    ),
    (ReversalPolicy, ReversalPolicy.ONLY_PENDING): (
        "alleen punten die nog niet te gebruiken zijn vervallen",
        "only points that cannot be used yet are taken back",
    ),
    (Shortfall, Shortfall.DEDUCT): (
        "wat u al besteed hebt, gaat van het terug te betalen bedrag af",
        "what you have spent already comes off the refund",
    ),
    (Spent, Spent.BY_AMOUNT): (
        "punten waarmee u betaalde, krijgt u naar verhouding terug",
        "points that you paid with are given back in proportion",
    ),
    (Spent, Spent.FULL_RETURN): (
        "punten waarmee u betaalde, krijgt u terug als alles terugkomt",
        "points that you paid with are given back when everything comes back",
    ),
    (Spent, Spent.NEVER): (
        "punten waarmee u betaalde, krijgt u niet terug",
        "points that you paid with are not given back",
    ),
    (Issued, Issued.TAKE_BACK): (
        "bonnen en beloningen die u zonder het teruggebrachte niet gekregen had, vervallen",
        "vouchers and rewards that you would not have had without it are taken back",
    ),
    (Issued, Issued.DEDUCT): (
        "bonnen en beloningen die u zonder het teruggebrachte niet gekregen had, gaan van het bedrag af",
        "vouchers and rewards that you would not have had without it come off the refund",
    ),
    (Issued, Issued.KEPT): (
        "bonnen en beloningen die u kreeg, houdt u",
        "vouchers and rewards that you were given are yours to keep",
    ),
    (ReachedTier, ReachedTier.TAKE_BACK): (
        "een niveau dat u zonder het teruggebrachte niet gehaald had, vervalt",
        "a tier that you would not have reached without it is taken back",
    ),
    (ReachedTier, ReachedTier.KEPT): (
        "een niveau dat u haalde, houdt u",
        "a tier that you reached is yours to keep",
    ),
}


def returns(speech: Speech, table: ReturnsTable) -> Iterator[str]:
    """What holds for returns, a sentence each; of what the programme does not have nothing is said."""
    file = speech.file
    yield _said(speech, table.reverse)
    yield _said(speech, table.policy)
    if table.shortfall is Shortfall.DEDUCT:
        yield _said(speech, table.shortfall)
    if file.reward:
        yield _said(speech, table.spent)
        yield _said(speech, table.issued)
    if file.tiers is not None:
        yield _said(speech, table.tiers)


def _said(speech: Speech, choice: StrEnum) -> str:
    # By its kind too: choices of different kinds may be written alike.
    return speech.either(*_SAYS[type(choice), choice])
