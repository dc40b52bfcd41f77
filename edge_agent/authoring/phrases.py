"""What rules give and take off, in plain Dutch and English."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from edge_agent.authoring.wording import Speech, lasts, waits
from edge_agent.domain.programme.discounts import Choice, Free, Off
from edge_agent.domain.programme.gifts import Gift, Limit
from edge_agent.domain.programme.limits import UseLimit, Whose
from edge_agent.domain.programme.spending import Spend


def gifts(speech: Speech, given: Iterable[Gift]) -> str:
    """What is given: 50 punten en een kop koffie."""
    return speech.listed(gift(speech, each) for each in given)


def gift(speech: Speech, given: Gift) -> str:
    """One gift: 50 punten, 2 × een kop koffie, with how long it lasts where it says so itself."""
    named = next((each for each in (given.reward, given.voucher, given.offer) if each), None)
    if named is None:
        what = speech.units(given.unit or "points", given.quantity)
    elif given.quantity == 1:
        what = speech.title(named)
    elif given.voucher is not None:
        what = f"{speech.title(named)} ({speech.money(given.quantity)})"
    else:
        what = f"{speech.number(given.quantity)} × {speech.title(named)}"
    terms = []
    if given.pending is not None:
        when = waits(speech, given.pending)
        terms.append(speech.either(f"te gebruiken {when}", f"to be used {when}"))
    if given.expiry is not None:
        terms.append(speech.either("geldig ", "valid for ") + lasts(speech, given.expiry))
    return f"{what} ({', '.join(terms)})" if terms else what


def limits(speech: Speech, stated: Iterable[Limit]) -> str:
    """How often: hoogstens 5 keer per dag en hoogstens 20 keer in totaal; empty where nothing is stated."""
    return speech.listed(_limit(speech, each) for each in stated)


def _limit(speech: Speech, stated: Limit) -> str:
    times = speech.number(stated.times)
    if isinstance(stated, UseLimit) and stated.of is Whose.SALE:
        return speech.either(
            f"hoogstens {times} keer per aankoop", f"at most {times} times a purchase"
        )
    window = speech.window(stated.per)
    if isinstance(stated, UseLimit) and stated.of is Whose.TILL:
        return speech.either("zolang de voorraad strekt", "while stocks last")
    return speech.either(f"hoogstens {times} keer {window}", f"at most {times} times {window}")


def off(speech: Speech, stated: Off) -> str:
    """What is taken off: 20 % korting op het goedkoopste artikel, hoogstens € 20,00."""
    parts = [_effect(speech, stated), _which(speech, stated)]
    if stated.up_to is not None:
        most = speech.money(stated.up_to)
        parts.append(speech.either(f", hoogstens {most}", f", at most {most}"))
    return "".join(parts)


def _effect(speech: Speech, stated: Off) -> str:
    if stated.percent is not None:
        if stated.percent == Decimal(100):
            return speech.either("gratis", "free")
        return speech.either(
            f"{speech.number(stated.percent)} % korting", f"{speech.number(stated.percent)} % off"
        )
    if stated.amount is not None:
        each = speech.either(" per stuk", " each") if stated.each else ""
        amount = speech.money(stated.amount)
        return speech.either(f"{amount} korting{each}", f"{amount} off{each}")
    return _price(speech, stated) if stated.free is None else _free(speech, stated.free)


def _price(speech: Speech, stated: Off) -> str:
    if stated.price is not None:
        price = speech.money(stated.price)
        return speech.either(f"voor {price} per stuk", f"for {price} each")
    if stated.bundle is not None:
        price = speech.money(stated.bundle)
        return speech.either(f"{stated.every} voor {price}", f"{stated.every} for {price}")
    return speech.either("voor de ledenprijs", "at the member price")


def _free(speech: Speech, free: Free) -> str:
    what = speech.either(
        f"{free.quantity} × artikel {free.sku} gratis", f"{free.quantity} × article {free.sku} free"
    )
    if free.buy is None:
        return what
    return what + speech.either(f" bij elke {free.buy}", f" with every {free.buy}")


def _which(speech: Speech, stated: Off) -> str:
    """Which units, where it is not all of them."""
    if stated.bundle is not None or (stated.every is None and stated.units is None):
        return ""
    units = stated.units or 1
    chosen = _CHOSEN[stated.choose]
    if stated.every is None:
        return speech.either(
            f" op {units} artikel ({chosen[0]} eerst)"
            if units == 1
            else f" op {units} artikelen ({chosen[0]} eerst)",
            f" on {units} article ({chosen[1]} first)"
            if units == 1
            else f" on {units} articles ({chosen[1]} first)",
        )
    return speech.either(
        f" op {units} van elke {stated.every} ({chosen[0]} eerst)",
        f" on {units} of every {stated.every} ({chosen[1]} first)",
    )


_CHOSEN: Mapping[Choice, tuple[str, str]] = {
    Choice.CHEAPEST: ("de goedkoopste", "the cheapest"),
    Choice.DEAREST: ("de duurste", "the dearest"),
}


def spend(speech: Speech, unit: str, stated: Spend) -> str:
    """Points for money off: elke 100 punten is € 5,00 korting, from 200 points on."""
    if stated.table:
        rows = (
            f"{speech.units(unit, row.points)} = {speech.money(row.value)}" for row in stated.table
        )
        said = speech.listed(rows)
    else:
        points = speech.units(unit, stated.step or 1)
        value = speech.money(stated.value or 0)
        per = speech.either(" per eenheid", " per unit of measure") if stated.per_measure else ""
        said = speech.either(f"{points} = {value} korting{per}", f"{points} = {value} off{per}")
    bounds = []
    if stated.minimum is not None:
        least = speech.units(unit, stated.minimum)
        bounds.append(speech.either(f"vanaf {least}", f"from {least}"))
    if stated.maximum is not None:
        most = speech.units(unit, stated.maximum)
        bounds.append(speech.either(f"hoogstens {most} per aankoop", f"at most {most} a purchase"))
    if stated.share_percent is not None:
        share = speech.number(stated.share_percent)
        bounds.append(
            speech.either(
                f"tot {share} % van wat te betalen is", f"up to {share} % of what is to pay"
            )
        )
    if not stated.together:
        bounds.append(
            speech.either(
                "alleen punten die op dezelfde dag vervallen, gaan samen",
                "only points that expire on the same day can be used together",
            )
        )
    return ", ".join([said, *bounds])
