"""What happens at a till: everything that a cashier or a POS can ask for, with whatever luck brings.

Each act returns what it did in words, or None where there was nothing to do. What the till refuses is said too; what
it acknowledged has to be in its journal, once, and the same call again has to get the same answer.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from edge_agent.domain.basket import Basket, EntryMode, Line, PresentedCard, ReturnedLine, Sale
from edge_agent.domain.programme.consents import Consent
from edge_agent.errors import LoyaltyError, SaleDiffers
from edge_agent.till.attach import Attaching
from edge_agent.till.redeem import Wish
from edge_agent.till.till import Till
from edge_agent.till.views import Answer
from edge_agent.till.without_sale import Answering, Consenting, Enrolling, Reported
from tests.simulator.books import demand
from tests.simulator.terminal import Terminal
from tests.simulator.world import World

GOODS = (
    Line(1, "8710400011118", Decimal(1), 129, categories=("dairy",)),
    Line(1, "8710400022225", Decimal(1), 649, categories=("coffee",)),
    Line(1, "8710400033332", Decimal(1), 279, categories=("bakery",)),
    Line(1, "8710400044449", Decimal(1), 899, categories=("cheese",)),
    Line(1, "8710400055556", Decimal(1), 189, categories=("pasta",)),
    Line(1, "8710400066663", Decimal(1), 349, categories=("fruit", "apples"), labels=("organic",)),
    Line(1, "8710400077770", Decimal(1), 399, categories=("soup",)),
    Line(1, "8710400088887", Decimal(1), 1120, categories=("tobacco",)),
    Line(1, "8710400099994", Decimal(1), 15, kind="deposit"),
)
REGULARS = 12
"""Whom every till meets all the time, so that they redeem what another till has just taken."""

PIECES_MAX = 4
LINES_MAX = 4
ASKED_AGAIN = 0.3
"""How often a wish is one that was refused before, under the same id: the customer stays and tries again."""

KEPT_TO_REPEAT = 200
"""Old enough that restarts, pushes and pulls lie between an act and its repeat."""

Step = Callable[[World, Terminal, random.Random], str | None]


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale that can come back; `proof` is the text on its receipt."""

    sale_id: str
    lines: tuple[Line, ...]
    has_card: bool
    proof: str


def basket(luck: random.Random) -> Basket:
    """A few goods, some of them several times."""
    lines = []
    for number in range(1, luck.randint(1, LINES_MAX) + 1):
        one, pieces = luck.choice(GOODS), luck.randint(1, PIECES_MAX)
        lines.append(
            replace(one, number=number, quantity=Decimal(pieces), amount=one.amount * pieces)
        )
    return Basket(tuple(lines), sum(line.amount for line in lines), "EUR")


def card(world: World, luck: random.Random) -> PresentedCard:
    """Somebody's card, known or not, held before the scanner or typed."""
    mode = EntryMode.KEYED if luck.random() < 0.05 else EntryMode.SCANNED
    often = luck.random() < 0.4
    return PresentedCard(luck.choice(world.cards[:REGULARS] if often else world.cards), mode)


def sell(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Somebody buys, mostly with a card, sometimes with what is reserved for them."""
    bought = basket(luck)
    shown = card(world, luck) if luck.random() < 0.85 else None
    made = Sale(world.name("s"), terminal.store.clock.now(), bought, shown)
    said = f"sells {made.sale_id} to {shown and shown.code}"
    answer = _once(world, terminal, said, lambda till: till.sell(made), shown)
    if answer is not None:
        sold = Sold(made.sale_id, bought.lines, shown is not None, answer.result["reference"])
        _keep(terminal.memory.sales, sold)
    return said


def sell_for_points(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Somebody pays a part with points: reserved, quoted, and mostly sold."""
    bought, shown = basket(luck), card(world, luck)
    wish = Wish(world.name("w"), shown, points=Decimal(50 * luck.randint(2, 10)))
    said = f"{shown.code} wants {wish.points} off"
    if _once(world, terminal, said, lambda till: till.reserve(wish), records=False) is None:
        return f"{said}, and may not"
    now = terminal.store.clock.now()
    asked = Sale("", now, bought, shown, redemptions=(wish.redemption_id,))
    try:
        quoted = terminal.till.quote(wish.redemption_id, asked)
    except LoyaltyError as error:
        return f"{said}: {error.code}"
    off = {each["line"]: each["discount"] for each in quoted["lines"]}
    lines = tuple(
        replace(line, amount=line.amount - off[line.number], discount=off[line.number])
        for line in bought.lines
    )
    paid = Basket(lines, sum(line.amount for line in lines), "EUR")
    made = Sale(world.name("s"), now, paid, shown, quote_id=wish.redemption_id)
    if luck.random() < 0.2:
        terminal.memory.reserved.append(wish.redemption_id)
        return f"{said} and goes away"
    answer = _once(world, terminal, said, lambda till: till.sell(made), shown, repeats=False)
    if answer is not None:
        sold = Sold(made.sale_id, bought.lines, True, answer.result["reference"])
        _keep(terminal.memory.sales, sold)
    return f"{said} and buys {made.sale_id}"


def redeem(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Somebody gives points away without buying, for the first time or after it was refused: reserved, and mostly
    committed."""
    if terminal.memory.refused and luck.random() < ASKED_AGAIN:
        wish = terminal.memory.refused.pop(luck.randrange(len(terminal.memory.refused)))
    else:
        times = luck.randint(1, 2)
        wish = Wish(world.name("w"), card(world, luck), reward="food-bank", times=times)
    said = f"somebody gives points away as {wish.redemption_id}"
    if _once(world, terminal, said, lambda till: till.reserve(wish), records=False) is None:
        _keep(terminal.memory.refused, wish)
        return f"{said}, and may not"
    if luck.random() < 0.3:
        terminal.memory.reserved.append(wish.redemption_id)
        return f"{said}, later perhaps"
    _once(world, terminal, said, lambda till: till.commit(wish.redemption_id))
    return said


def settle(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """What was reserved and left is committed or cancelled at last, or has lapsed."""
    if not terminal.memory.reserved:
        return None
    left = terminal.memory.reserved
    redemption = left.pop(luck.randrange(len(left)))
    world.check_set_aside(terminal, redemption)
    if luck.random() < 0.5:
        said = f"commits {redemption} at last"
        _once(world, terminal, said, lambda till: till.commit(redemption))
        return said
    try:
        terminal.till.cancel(redemption)
    except LoyaltyError as error:
        return f"cannot cancel {redemption}: {error.code}"
    return f"cancels {redemption}"


def give_back(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Some of a sale comes back."""
    if not terminal.memory.sales:
        return None
    sold = luck.choice(terminal.memory.sales)
    return _give_back(world, terminal, luck, sold)


def give_back_elsewhere(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Some of a sale comes back at another till, which does not know it; central may not yet either."""
    sold = [
        each for other in world.terminals for each in other.memory.sales if other is not terminal
    ]
    if not sold:
        return None
    return _give_back(world, terminal, luck, luck.choice(sold))


def _give_back(world: World, terminal: Terminal, luck: random.Random, sold: Sold) -> str:
    lines = luck.sample(sold.lines, luck.randint(1, len(sold.lines)))
    back = tuple(
        ReturnedLine(line.number, Decimal(luck.randint(1, int(line.quantity)))) for line in lines
    )
    return_id = world.name("r")
    said = f"takes {len(back)} lines of {sold.sale_id} back as {return_id}"
    _once(world, terminal, said, lambda till: till.give_back(sold.sale_id, return_id, back, None))
    return said


def void(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """A sale is taken back as a whole."""
    if not terminal.memory.sales:
        return None
    sold = luck.choice(terminal.memory.sales)
    void_id = world.name("v")
    said = f"voids {sold.sale_id} as {void_id}"
    _once(world, terminal, said, lambda till: till.void(sold.sale_id, void_id))
    return said


def attach(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Somebody comes back with the receipt of a sale without a card."""
    bare = [each for each in terminal.memory.sales if not each.has_card]
    if not bare:
        return None
    sold = luck.choice(bare)
    wanted = Attaching(sold.sale_id, card(world, luck), sold.proof)
    said = f"attaches a card to {sold.sale_id}"
    answer = _once(world, terminal, said, lambda till: till.attach(wanted), repeats=False)
    if answer is not None:
        place = terminal.memory.sales.index(sold)
        terminal.memory.sales[place] = replace(sold, has_card=True)
    return said


def report(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Somebody earns without buying."""
    shown = card(world, luck)
    wanted = Reported(world.name("a"), shown, "batteries")
    said = f"batteries as {wanted.act_id}"
    _once(world, terminal, said, lambda till: till.report(wanted), shown)
    return said


def give_answer(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Somebody answers a question."""
    shown = card(world, luck)
    wanted = Answering(world.name("q"), "recommend", luck.randint(0, 10), shown)
    said = f"an answer as {wanted.act_id}"
    _once(world, terminal, said, lambda till: till.answer(wanted), shown)
    return said


def enrol(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Somebody becomes a member, with a new card or with one that some till has met."""
    shown = PresentedCard(luck.choice(world.strangers), EntryMode.SCANNED)
    referrer = card(world, luck) if luck.random() < 0.3 else None
    profile = {"display_name": f"Name {luck.randrange(50)}"}
    if luck.random() < 0.3:
        profile["email"] = f"{luck.randrange(50)}@example.org"
    consents = (Consent("newsletter", "2026-01", given=luck.random() < 0.5),)
    wanted = Enrolling(world.name("m"), shown, profile, consents, referrer)
    said = f"enrols {shown.code} as {wanted.act_id}"
    _once(world, terminal, said, lambda till: till.enrol(wanted), shown)
    return said


def change_consents(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """Somebody agrees to something, or takes it back."""
    consents = (Consent("newsletter", "2026-01", given=luck.random() < 0.5),)
    shown = card(world, luck)
    wanted = Consenting(world.name("c"), shown, consents)
    said = f"consents as {wanted.act_id}"
    _once(world, terminal, said, lambda till: till.change_consents(wanted), shown)
    return said


def identify(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """A card is scanned and the member shown: what is confirmed and what is not, to the point."""
    shown = PresentedCard(card(world, luck).code, EntryMode.SCANNED)
    view = terminal.till.identify(shown)
    if view.balance is not None:
        balance = {unit: each.to_json() for unit, each in view.balance.items()}
        world.check_shown(terminal, shown.code, balance, terminal.store.clock.now())
    return f"shows {shown.code}"


def repeat(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """The POS had no answer, or lost it, and asks again."""
    if not terminal.memory.acts:
        return None
    said, call, result = luck.choice(terminal.memory.acts)
    again = call(terminal.till)
    demand(not again.first, f"{terminal.key}: {said} was done again")
    demand(again.result == result, f"{terminal.key}: {said} is answered differently")
    return f"again: {said}"


def reuse_id(world: World, terminal: Terminal, luck: random.Random) -> str | None:
    """A POS sends another sale under a used id: refused; of whom was forgotten nothing is left to tell it by."""
    if not terminal.memory.sales:
        return None
    sold = luck.choice(terminal.memory.sales)
    other = Sale(sold.sale_id, terminal.store.clock.now(), Basket((), 0, "EUR"))
    kept = terminal.store.ledger.lookups().sale(sold.sale_id)
    try:
        taken = terminal.till.sell(other)
    except SaleDiffers:
        return f"refuses another {sold.sale_id}"
    same = kept is not None and taken.result == json.loads(kept.result) and not taken.first
    erased = kept is not None and world.books.is_erased(kept.account)
    demand(same and erased, f"{terminal.key} took another sale {sold.sale_id}")
    return f"answers another {sold.sale_id}, of somebody who was erased, as the one before"


def _keep(kept: list[Any], one: Any) -> None:
    """Keep the newest; what is older is seldom asked about."""
    kept.append(one)
    if len(kept) > KEPT_TO_REPEAT:
        del kept[0]


def _once(
    world: World,
    terminal: Terminal,
    said: str,
    call: Callable[[Till], Answer],
    shown: PresentedCard | None = None,
    *,
    records: bool = True,
    repeats: bool = True,
) -> Answer | None:
    """Do it, and hold the till to what it acknowledged to the holder of `shown`; None where it was refused."""
    try:
        answer = call(terminal.till)
    except LoyaltyError as error:
        world.refused[error.code] += 1
        return None
    demand(answer.first, f"{terminal.key}: {said} is no repeat")
    result = answer.result if answer.text is None else json.loads(answer.text)
    if records:
        world.acknowledged(terminal, result)
        if shown is not None and result["balance"] is not None:
            at = datetime.fromisoformat(result["at"])
            world.check_shown(terminal, shown.code, result["balance"], at)
    if repeats:
        _keep(terminal.memory.acts, (said, call, result))
    return answer
