"""The shops of config/programmes, and buying in them: worked out by the engine, or at a real till."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from edge_agent.domain.basket import Basket, Line, Sale, Tender
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.holdings import Holding
from edge_agent.domain.member import MemberFacts
from edge_agent.domain.members_file import Member
from edge_agent.domain.programme import Evaluation, Programme, evaluate, load_programme
from edge_agent.domain.programme.situation import NOTHING, Wanted
from edge_agent.till.redeem import Wish
from tests.tills import JAN, Shop, jan, open_shop, scanned

FOLDER = Path(__file__).parents[3] / "config" / "programmes"
NAMES = ("coalition", "coffee-bar", "drugstore", "fashion", "supermarket", "wholesaler")
MONDAY = "2026-11-23 10:00"
REGULAR = MemberFacts("a1b2c3d4e5f60718", figures={"visits@ever": 11})
"""A member at the twelfth visit, to whom nothing of a welcome or of every fifth visit applies."""


def file_of(name: str) -> Path:
    """The programme file of a shop."""
    return FOLDER / f"{name}.toml"


@cache
def programme_of(name: str) -> Programme:
    """The programme of a shop."""
    return load_programme(file_of(name).read_text(encoding="utf-8"), name)


def moment(text: str) -> datetime:
    """A moment in Amsterdam's winter time: `2026-11-23 10:00`."""
    return datetime.fromisoformat(f"{text}:00+01:00")


def item(amount: int, *categories: str, quantity: int | str = 1, **more: Any) -> Line:
    """So much of an article that costs `amount` cents together; its number comes with the basket."""
    facts: dict[str, Any] = {"sku": "", **more}
    return Line(0, amount=amount, categories=categories, quantity=Decimal(quantity), **facts)


def basket(*items: Line, **more: Any) -> Basket:
    """These articles, numbered in their order; those without an article number get one."""
    lines = tuple(
        replace(each, number=number, sku=each.sku or f"sku-{number}")
        for number, each in enumerate(items, 1)
    )
    return Basket(lines, sum(each.amount for each in lines), "EUR", **more)


def regular(*held: Holding, visits: int = 11, **more: Any) -> MemberFacts:
    """A member who came so many times before, and has this."""
    figures = {"visits@ever": visits, **more.pop("figures", {})}
    return replace(REGULAR, holdings=held, figures=figures, **more)


def works_out(
    shop: str,
    bought: Basket,
    at: str = MONDAY,
    member: MemberFacts = REGULAR,
    wanted: Wanted = NOTHING,
) -> Evaluation:
    """What a basket comes to in that shop."""
    return evaluate(programme_of(shop), member, bought, moment(at), wanted)


def gives(found: Evaluation) -> dict[str, int]:
    """What each rule gave, in smallest parts of whatever it gives."""
    total: dict[str, int] = {}
    for entry in found.entries:
        if entry.kind is EntryKind.EARN:
            total[entry.rule] = total.get(entry.rule, 0) + entry.quantity
    return total


def takes_off(found: Evaluation) -> dict[str, int]:
    """What each rule took off, in cents."""
    total: dict[str, int] = {}
    for each in found.reductions:
        total[each.rule] = total.get(each.rule, 0) + each.amount
    return total


class Counter:
    """A real till of a shop, at which Jan buys: a quote first, then the sale that names it, as a POS does."""

    def __init__(self, data: Path, shop: str, member: Member | None = None) -> None:
        self.shop: Shop = open_shop(data, at=moment(MONDAY), programme=file_of(shop))
        self.shop.confirm(member or jan(0))
        self._count = 0
        self._asked = basket()

    def limits(self, **offline: Any) -> None:
        """Other limits on redeeming without central than a till has by itself."""
        parts = self.shop.till._parts
        changed = replace(parts.settings, offline=replace(parts.settings.offline, **offline))
        self.shop.till._parts = replace(parts, settings=changed)

    def goes_to(self, at: str) -> None:
        """The clock of the till moves on."""
        self.shop.system.at = moment(at)

    def quotes(
        self,
        *items: Line,
        card: str | None = JAN,
        uses: tuple[str, ...] = (),
        codes: tuple[str, ...] = (),
        channel: str = "store",
    ) -> dict[str, Any]:
        """What these would come to, with what was reserved and with codes that were shown."""
        self._count += 1
        self._asked = basket(*items, channel=channel)
        return self.shop.till.quote(f"q{self._count}", self._sale(self._asked, card, uses, codes))

    def buys(
        self,
        *items: Line,
        card: str | None = JAN,
        uses: tuple[str, ...] = (),
        codes: tuple[str, ...] = (),
        channel: str = "store",
        tender: str = "card",
    ) -> dict[str, Any]:
        """A sale of these at the quoted prices, all paid in one way; the answer to it."""
        quote = self.quotes(*items, card=card, uses=uses, codes=codes, channel=channel)
        assert quote["refused"] == []
        off = {each["line"]: each["discount"] for each in quote["lines"]}
        lines = tuple(
            replace(each, amount=each.amount - off[each.number]) for each in self._asked.lines
        )
        total = sum(each.amount for each in lines)
        paid = replace(self._asked, lines=lines, total=total, tenders=(Tender(tender, total),))
        bought = replace(self._sale(paid, card, uses), quote_id=quote["quote_id"])
        result = self.shop.till.sell(bought).result
        for same in ("discount", "lines"):
            assert result[same] == quote[same]
        return result

    def _sale(
        self, bought: Basket, card: str | None, uses: tuple[str, ...], codes: tuple[str, ...] = ()
    ) -> Sale:
        shown = None if card is None else scanned(card)
        now = self.shop.system.at
        return Sale(self.last, now, bought, shown, redemptions=uses, codes=codes)

    @property
    def last(self) -> str:
        """The id of the last sale."""
        return f"sale-{self._count}"

    def redeems(
        self,
        reward: str,
        points: int | None = None,
        redemption_id: str = "R",
        channel: str = "store",
    ) -> dict[str, Any]:
        """Reserve a reward."""
        chosen = None if points is None else Decimal(points)
        wish = Wish(redemption_id, scanned(JAN), reward, chosen, channel=channel)
        return self.shop.till.reserve(wish).result

    def has(self, unit: str = "points") -> int:
        """How much of a unit of the programme Jan has, in smallest parts, pending or not."""
        now = self.shop.system.at
        programme = self.shop.shelf.at(now)
        lookups = self.shop.ledger.lookups()
        account = self.shop.directory.by_card(JAN, lookups)
        assert account is not None
        held = self.shop.directory.holdings(account, lookups, programme, now)
        return sum(each.quantity for each in held.facts.holdings if each.unit == unit)

    def shows(self) -> dict[str, Any]:
        """What the screen shows when Jan's card is scanned."""
        return dict(self.shop.till.identify(scanned(JAN)).shown)

    def close(self) -> None:
        """The till closes."""
        self.shop.close()
