"""Terms of earning: rates, caps, bonuses, campaigns, how long points last, tiers."""

from collections.abc import Iterator, Mapping

from edge_agent.authoring.term_lines import item, joined
from edge_agent.authoring.wording import (
    Speech,
    condition_clauses,
    lasts,
    selection_clauses,
    waits,
)
from edge_agent.domain.programme.programme import Programme
from edge_agent.domain.programme.tiers import Downgrade, MeasuredBy, TiersTable


def earning(programme: Programme, speech: Speech) -> Iterator[str]:
    """Base rates, and those of partners."""
    for rule in programme.file.earn:
        what, goods = programme.reason(rule.id, speech.language), ""
        if rule.why is None:  # words of the file's own say themselves what of, and on what
            what = f"{speech.text(programme.file.unit[rule.unit].name.many)}: {what}"
            goods = joined(selection_clauses(speech, rule.scope))
        yield item(what, goods, joined(condition_clauses(speech, rule.when)))
    for partner in programme.file.partner:
        rate = ""
        if partner.points is not None and partner.per is not None:
            points = speech.units(partner.unit, partner.points)
            rate = f"{points} per {speech.money(partner.per)}"
        clauses = joined(condition_clauses(speech, partner.when))
        yield item(speech.text(partner.name), rate, clauses)


def caps(programme: Programme, speech: Speech) -> Iterator[str]:
    """What is never exceeded."""
    for rule in programme.file.cap:
        clauses = []
        if rule.from_date is not None:
            clauses.append(speech.either("vanaf ", "from ") + speech.day(rule.from_date))
        if rule.until_date is not None:
            until = speech.day(rule.until_date)
            clauses.append(speech.either(f"tot en met {until}", f"up to and including {until}"))
        yield item(speech.text(rule.why), joined(clauses))


def bonuses(programme: Programme, speech: Speech) -> Iterator[str]:
    """What comes on top."""
    for rule in programme.file.bonus:
        amount = ""
        if rule.multiply is not None:
            times = speech.number(rule.multiply)
            amount = speech.either(f"{times} × de gewone punten", f"{times} × the usual points")
        elif rule.add is not None:
            amount = speech.either(
                f"{speech.units(rule.unit, rule.add)} extra",
                f"{speech.units(rule.unit, rule.add)} extra",
            )
        yield item(speech.text(rule.why), amount, joined(condition_clauses(speech, rule.when)))


def campaigns(programme: Programme, speech: Speech) -> Iterator[str]:
    """What is credited after a campaign."""
    for rule in programme.file.campaign:
        times = speech.number(rule.on_top)
        details = [
            speech.either(
                f"{times} × de gewone punten erbovenop", f"{times} × the usual points on top"
            ),
            joined([*selection_clauses(speech, rule.scope), *condition_clauses(speech, rule.when)]),
        ]
        if rule.spend:
            spent = speech.money(rule.spend)
            details.append(
                speech.either(f"als u dan voor {spent} koopt", f"if you then spend {spent}")
            )
        if rule.most is not None:
            most = speech.units(rule.unit, rule.most)
            details.append(speech.either(f"hoogstens {most}", f"at most {most}"))
        days = speech.days(rule.credited_after_days)
        details.append(speech.either(f"bijgeschreven na {days}", f"credited after {days}"))
        yield item(speech.text(rule.why), *details)


def units(programme: Programme, speech: Speech) -> Iterator[str]:
    """When points can be used and how long they last."""
    for table in programme.file.unit.values():
        name = speech.text(table.name.many)
        if table.pending is not None:
            when = waits(speech, table.pending)
            yield item(
                speech.either(f"{name} kunt u {when} gebruiken", f"you can use {name} {when}")
            )
        if table.expiry is None:
            yield item(speech.either(f"{name} verlopen niet", f"{name} do not expire"))
        elif table.expiry.until_date is not None:
            until = lasts(speech, table.expiry)
            yield item(
                speech.either(f"{name} zijn {until} te gebruiken", f"{name} can be used {until}")
            )
        else:
            length = lasts(speech, table.expiry)
            start = (
                speech.either("nadat u ze kunt gebruiken", "after you can use them")
                if table.expiry.from_maturity
                else speech.either("na het sparen", "after earning")
            )
            yield item(
                speech.either(
                    f"{name} verlopen {start}: {length}", f"{name} expire {start}: {length}"
                ),
                speech.either(
                    f"wij waarschuwen {table.warn_days} dagen van tevoren",
                    f"we warn you {table.warn_days} days ahead",
                )
                if table.warn_days
                else "",
            )
        if table.inactivity is not None:
            idle = table.inactivity
            length = speech.months(idle.months) if idle.months else speech.days(idle.days or 0)
            yield item(
                speech.either(
                    f"{name} vervallen als u {length} niets doet met uw kaart",
                    f"{name} lapse when you do nothing with your card for {length}",
                )
            )


def tiers(programme: Programme, speech: Speech) -> Iterator[str]:
    """How tiers are reached, kept and lost."""
    table = programme.file.tiers
    if table is None:
        return
    for level in sorted(table.level, key=lambda each: each.at_least):
        name = speech.text(level.name)
        if level.at_least == 0:
            yield item(speech.either(f"{name}: voor iedereen", f"{name}: for everybody"))
        else:
            yield item(f"{name}: {_reached(table, level.at_least, speech)}")
    if table.valid is not None:
        length = lasts(speech, table.valid)
        yield item(
            speech.either(f"een niveau houdt u {length}", f"you keep a tier for {length}"),
            _DOWNGRADES[table.downgrade][0 if speech.language == "nl" else 1],
        )
    elif table.review is not None:
        when = (
            speech.window(table.review.each.value)
            if table.review.each is not None
            else speech.either(
                f"elke {table.review.every_days} dagen", f"every {table.review.every_days} days"
            )
        )
        yield item(
            speech.either(f"wij bekijken {when} uw niveau", f"we review your tier {when}"),
            _DOWNGRADES[table.downgrade][0 if speech.language == "nl" else 1],
        )


def _reached(table: TiersTable, at_least: int, speech: Speech) -> str:
    window = speech.window(table.over)
    if table.measure is MeasuredBy.SPEND:
        amount = speech.money(at_least)
        return speech.either(
            f"vanaf {amount} aan aankopen {window}", f"from {amount} spent {window}"
        )
    if table.measure is MeasuredBy.VISITS:
        return speech.either(
            f"vanaf {at_least} bezoeken {window}", f"from {at_least} visits {window}"
        )
    points = speech.units(table.unit, at_least)
    return speech.either(f"vanaf {points} {window}", f"from {points} {window}")


_DOWNGRADES: Mapping[Downgrade, tuple[str, str]] = {
    Downgrade.REQUALIFIED: (
        "daarna geldt het niveau dat u intussen hebt gehaald",
        "after that the tier that you reached meanwhile applies",
    ),
    Downgrade.ONE_DOWN: (
        "daarna gaat u hoogstens één niveau terug",
        "after that you go one tier down at most",
    ),
    Downgrade.BASE: ("daarna begint u opnieuw", "after that you begin again"),
    Downgrade.NEVER: ("u verliest het niet", "you do not lose it"),
}
