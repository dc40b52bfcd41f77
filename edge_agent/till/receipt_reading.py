"""From the result of an act, as it is answered and stored, to the facts of its receipt.

A copy that is printed a year later is read from the same result, so it says the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from edge_agent.domain.balance import Balance
from edge_agent.domain.entries import EntryKind
from edge_agent.domain.member import Standing
from edge_agent.domain.programme import Programme
from edge_agent.domain.programme.messages import Place
from edge_agent.domain.programme.naming import Names
from edge_agent.domain.programme.progress import Stand, Towards
from edge_agent.domain.programme.units import WARN_DAYS
from edge_agent.domain.units import Derived, derived, kind_of
from edge_agent.till.receipt_facts import (
    Change,
    Dated,
    MemberShown,
    NextReward,
    QuestionShown,
    ReceiptKind,
    Refund,
    Running,
    Saving,
    StampCard,
    TierShown,
    VoucherShown,
    Won,
    changes_of,
)

FRESH_FOR: Final = timedelta(minutes=10)
"""Central's figures that are younger go on paper with the time alone, without the day; with a line they are seconds
old."""

_REDEEM: Final = EntryKind.REDEEM.value

Result = Mapping[str, Any]


class Reading:
    """Reads one result. Quantities become smallest parts again, as everything is counted in."""

    def __init__(self, result: Result, programme: Programme, language: str) -> None:
        self._result = result
        self._programme = programme
        self._language = language
        self.at = datetime.fromisoformat(result["at"])
        self.kind = ReceiptKind(result["kind"])
        self._today = programme.local_date(self.at)

    @property
    def _is_outlook(self) -> bool:
        """Whether this is the moment to tell what could be done next: not where something is taken back."""
        return self.kind in {ReceiptKind.SALE, ReceiptKind.SLIP} and self._earns

    @property
    def _earns(self) -> bool:
        standing = self._result["standing"]
        return standing is not None and Standing(standing).earns

    def member(self) -> MemberShown | None:
        """Who it is for; None without a card."""
        if self._result["card"] is None:
            return None
        return MemberShown(card=self._result["card"], standing=Standing(self._result["standing"]))

    def changes(self) -> tuple[Change, ...]:
        """What was earned, or on a return taken back, of the programme's own units."""
        return changes_of(self._own[False], self._programme.is_bonus)

    def spent(self) -> tuple[Change, ...]:
        """What was used, or on a return given back."""
        return changes_of(self._own[True], self._programme.is_bonus)

    @cached_property
    def _own(self) -> Mapping[bool, Sequence[Result]]:
        """The entries of the programme's own units, by whether they are of what was used."""
        units, gives_back = self._programme.file.unit, self.kind.gives_back
        found: dict[bool, list[Result]] = {False: [], True: []}
        for each in self._result["entries"]:
            unit, shown = each["unit"], each["quantity"]
            if unit in units:
                quantity = self._parts(unit, shown)
                own = each if quantity is shown else {**each, "quantity": quantity}
                is_use = quantity > 0 if gives_back else each["kind"] == _REDEEM
                found[is_use].append(own)
        return found

    def taken(self) -> tuple[str, ...]:
        """What a return takes back besides the programme's own units, in words."""
        return self._moved(-1)

    def restored(self) -> tuple[str, ...]:
        """What a return gives back besides the programme's own units, in words."""
        return self._moved(1)

    def _moved(self, sign: int) -> tuple[str, ...]:
        if not self.kind.gives_back:
            return ()
        sums: dict[str, int] = {}
        for each in self._result["entries"]:
            if each["unit"] not in self._programme.file.unit and each["quantity"] * sign > 0:
                sums[each["unit"]] = sums.get(each["unit"], 0) + each["quantity"] * sign
        if not sums:
            return ()
        names = Names(self._programme.file, self._language)
        return tuple(names.quantity(unit, quantity) for unit, quantity in sums.items())

    def savings(self) -> tuple[Saving, ...]:
        """What each rule took off the sale, over all lines."""
        sums: dict[tuple[str, str], int] = {}
        for each in self._rules_off():
            key = (each["rule"], each["why"])
            sums[key] = sums.get(key, 0) + each["discount"]
        return tuple(Saving(why, amount) for (_, why), amount in sums.items() if amount)

    def _rules_off(self) -> Iterator[Result]:
        if self.kind is ReceiptKind.SALE:
            for line in self._result["lines"]:
                yield from line["rules"]

    def refund(self) -> Refund | None:
        """What a return pays back; None where that is not known here."""
        refund = self._result.get("refund")
        return None if refund is None else Refund(refund["amount"], refund["deducted"])

    @cached_property
    def balances(self) -> Mapping[str, Balance]:
        """What the member may see of each unit."""
        return {
            unit: self._balance(unit, each)
            for unit, each in (self._result["balance"] or {}).items()
        }

    def _balance(self, unit: str, shown: Result) -> Balance:
        def parts(name: str) -> int:
            return self._parts(unit, shown[name])

        as_of = shown["as_of"]
        return Balance(
            confirmed=parts("confirmed"),
            unconfirmed=parts("unconfirmed"),
            maturing=parts("maturing"),
            held=parts("held"),
            reserved=parts("reserved"),
            as_of=None if as_of is None else datetime.fromisoformat(as_of),
        )

    def is_fresh(self) -> bool:
        """Whether all balances are young enough for the time alone to say of when they are."""
        times = [each.as_of for each in self.balances.values()]
        return all(as_of is not None and self.at - as_of <= FRESH_FOR for as_of in times)

    def pending(self) -> tuple[Dated, ...]:
        """What can be used from a day on."""
        return tuple(self._dated(each) for each in self._result["pending"])

    def expiring(self) -> tuple[Dated, ...]:
        """What can be used up to a day."""
        return tuple(self._dated(each) for each in self._result["expiring"])

    def _dated(self, shown: Result) -> Dated:
        quantity = self._parts(shown["unit"], shown["quantity"])
        return Dated(
            shown["unit"], quantity, date.fromisoformat(shown["on"]), shown.get("warn", False)
        )

    def stamps(self) -> tuple[StampCard, ...]:
        """The stamp cards that have begun, or were filled just now; a slip has all of them."""
        moved = {each["unit"] for each in self._result["entries"]}
        cards = [
            StampCard(
                each["title"],
                each["unit"],
                self._parts(each["unit"], each["have"]),
                self._parts(each["unit"], each["need"]),
                each["gives"] or "",
            )
            for each in self._result["stamps"]
        ]
        all_of_them = self.kind is ReceiptKind.SLIP
        return tuple(each for each in cards if all_of_them or each.have or each.unit in moved)

    def tier(self) -> TierShown | None:
        """The tier after it, and the way to the next one."""
        tier = self._result["tier"]
        if tier is None:
            return None
        reached = tier["id"] is not None and self._gained(derived(Derived.TIER, tier["id"]))
        ahead = tier["next"]["say"] if tier["next"] and self._is_outlook else ""
        return TierShown(tier["title"] or "", reached, ahead)

    def memberships(self) -> tuple[Running, ...]:
        """The memberships that are worth telling of: new, over soon, or on a slip."""
        running = [
            (each["id"], Running(each["title"], _day(each["until"])))
            for each in self._result["memberships"]
        ]
        return tuple(
            each
            for name, each in running
            if self.kind is ReceiptKind.SLIP
            or self._gained(derived(Derived.MEMBERSHIP, name))
            or (each.until is not None and (each.until - self._today).days <= WARN_DAYS)
        )

    def _gained(self, unit: str) -> bool:
        return any(
            each["unit"] == unit and each["quantity"] > 0 for each in self._result["entries"]
        )

    def challenges(self) -> tuple[str, ...]:
        """What is said of the challenges that this sale reached, then of those that have begun; a slip has all."""
        if not self._is_outlook:
            return ()
        moved = {each["rule"] for each in self._result["entries"]}
        found = [
            each
            for each in self._result["progress"]
            if each["towards"] == Towards.CHALLENGE.value and self._tells(each, moved)
        ]
        found.sort(key=lambda each: each["stand"] != Stand.REACHED.value)
        return tuple(each["say"] for each in found)

    def _tells(self, challenge: Result, moved: set[str]) -> bool:
        if challenge["stand"] == Stand.REACHED.value:
            return challenge["id"] in moved
        return self.kind is ReceiptKind.SLIP or Decimal(challenge["have"]) > 0

    def ready(self) -> tuple[str, ...]:
        """The rewards that were issued to the member and can be collected now."""
        return self._issued(available=True)

    def kept(self) -> tuple[str, ...]:
        """The rewards that were issued and cannot be collected yet, such as before central has confirmed them."""
        return self._issued(available=False)

    def _issued(self, *, available: bool) -> tuple[str, ...]:
        if not self._is_outlook:
            return ()
        return tuple(
            each["title"]
            for each in self._result["rewards"]
            if self._collects(each) is available and kind_of(each["unit"]) is Derived.REWARD
        )

    def _collects(self, reward: Result) -> bool:
        # What only the till's own limits kept back now can be had by the next visit, which the receipt speaks of.
        return bool(reward["available"] or reward.get("limited"))

    def next_reward(self) -> NextReward | None:
        """The reward to go for."""
        shown = self._result["next_reward"]
        if shown is None:
            return None
        counted = {name: self._parts(shown["unit"], shown[name]) for name in ("have", "cost")}
        return NextReward(**{**shown, **counted})

    def vouchers(self) -> tuple[VoucherShown, ...]:
        """The vouchers that the sale issued."""
        return tuple(
            VoucherShown(
                each["title"],
                each["value"],
                each["quantity"],
                _day(each["from"]),
                _day(each["until"]),
                each["code"] or "",
            )
            for each in self._result.get("vouchers", ())
        )

    def offers(self) -> tuple[Running, ...]:
        """The offers that were not used with this very sale, the one to mention first."""
        if not self._is_outlook:
            return ()
        used = {each["rule"] for each in self._rules_off()}
        return tuple(
            Running(each["title"], _day(each["until"]))
            for each in self._result["offers"]
            if each["id"] not in used
        )

    def question(self, store: str, till: str) -> QuestionShown | None:
        """The question for the receipt; none on a training sale, which nobody could answer."""
        if self._result.get("training"):
            return None
        receipt, sale = self._programme.file.receipt, self._result.get("sale_id", "")
        return next(
            (
                QuestionShown(each["text"], receipt.answer_at(store, till, sale, each["id"]))
                for each in self._on_paper("questions")
            ),
            None,
        )

    def messages(self) -> tuple[str, ...]:
        """What is told on paper."""
        return tuple(each["text"] for each in self._on_paper("messages"))

    def _on_paper(self, name: str) -> Sequence[Result]:
        return [each for each in self._result.get(name, ()) if Place.RECEIPT.value in each["where"]]

    def surprises(self) -> tuple[Won, ...]:
        """What was won."""
        return tuple(
            Won(each["title"], each["prize"]) for each in self._result.get("surprises", ())
        )

    def _parts(self, unit: str, shown: int | str) -> int:
        # A whole number is of a unit without decimals, and is its smallest parts already.
        return shown if isinstance(shown, int) else self._programme.parts_of(unit, shown)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
