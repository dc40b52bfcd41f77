"""`loyalty-central report …`: sums and lists for head office."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from sync.central.cli_parts import ANSWER_IS_NO, central_of, common, could_not, say


@click.group()
def report() -> None:
    """Sums and lists."""


@report.command("totals")
@common
def report_totals(config: Path, as_json: bool) -> None:
    """Entries per unit and kind, records per terminal and state."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        totals = central.reports.totals()
    lines = [f"{totals['accounts']} accounts"]
    lines += [
        f"{each['unit']}  {each['kind']}  {each['quantity']}  in {each['entries']} entries"
        for each in totals["entries"]
    ]
    lines += [
        f"{each['terminal']}  {each['state']}  {each['records']} records"
        for each in totals["records"]
    ]
    say(as_json, totals, "\n".join(lines))


@report.command("refused")
@common
def report_refused(config: Path, as_json: bool) -> None:
    """What has no effect, and why. Exit code 1 when there is any."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        refused = central.reports.refused()
    lines = [
        f"{each['terminal']}  {each['seq']}  {each['state']}: {each['code']}"
        for each in refused["records"]
    ]
    lines += [
        f"{each['terminal']}  {each['seq']}  not taken: {each['reason']} ({each['times']} times)"
        for each in refused["not_taken"]
    ]
    say(as_json, refused, "\n".join(lines) or "nothing was refused")
    if lines:
        sys.exit(ANSWER_IS_NO)


@report.command("differences")
@common
def report_differences(config: Path, as_json: bool) -> None:
    """Facts that tills gave by and that central knew otherwise. The awards stand."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.reports.differences()
    lines = [
        f"{each['at']}  {each['terminal']}  {each['record']}  {each['fact']}: "
        f"till {each['till'] or '-'}, central {each['central'] or '-'}"
        for each in found
    ]
    say(as_json, {"differences": found}, "\n".join(lines) or "no facts differ")


@report.command("overdrafts")
@common
def report_overdrafts(config: Path, as_json: bool) -> None:
    """What was used beyond what there was. Exit code 1 when there is any."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.reports.overdrafts()
    lines = [
        f"{each['at']}  {each['terminal'] or '-'}  {each['account']}  {each['quantity']} {each['unit']}"
        for each in found
    ]
    say(as_json, {"overdrafts": found}, "\n".join(lines) or "nothing beyond what there was")
    if found:
        sys.exit(ANSWER_IS_NO)


@report.command("redeemed")
@common
def report_redeemed(config: Path, as_json: bool) -> None:
    """What redemptions gave in money, by reward and by who stood for them."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.redeemed.sums()
    lines = [
        f"{each['reward']}  {each['authorised_by']}  {each['times']} times"
        f"  {each['quantity']} {each['unit']}  {_amount(each['value'])}"
        for each in found
    ]
    say(as_json, {"redeemed": found}, "\n".join(lines) or "nothing was redeemed")


@report.command("balances")
@click.option("--after", default="", help="The ref of the last account of the page before.")
@common
def report_balances(after: str, config: Path, as_json: bool) -> None:
    """Accounts and their balances, 500 at a time."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.reports.balances(after)
    lines = [
        f"{each['id']}  {each['card'] or '-'}  "
        + (", ".join(f"{n} {unit}" for unit, n in each["balance"].items()) or "0")
        for each in found
    ]
    say(as_json, {"balances": found}, "\n".join(lines) or "no accounts")


@report.command("cases")
@click.option("--closed", is_flag=True, help="Those that are closed, the newest first.")
@common
def report_cases(closed: bool, config: Path, as_json: bool) -> None:
    """Answers of customers that somebody has to look at. Exit code 1 when any is open."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.feedback.cases(closed=closed)
    lines = [
        f"{each['id']}  {each['answered_at']}  {each['terminal']}  {each['question']}: {each['value']}"
        + (f"  {_who(each['member'])}" if each["member"] else "")
        + (f"\n    {each['text']}" if each["text"] else "")
        for each in found
    ]
    say(as_json, {"cases": found}, "\n".join(lines) or "no cases")
    if found and not closed:
        sys.exit(ANSWER_IS_NO)


def _who(member: Mapping[str, Any]) -> str:
    channel = f", by {member['channel']}" if member["channel"] else ""
    return f"{member['display_name'] or member['id']}{channel}"


@report.command("answers")
@common
def report_answers(config: Path, as_json: bool) -> None:
    """How often each answer was given, per question."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.feedback.answers()
    lines = [
        f"{each['question']}  "
        + ", ".join(f"{value['value']}: {value['times']}" for value in each["values"])
        for each in found
    ]
    say(as_json, {"answers": found}, "\n".join(lines) or "no answers")


@report.command("draws")
@common
def report_draws(config: Path, as_json: bool) -> None:
    """Surprises: how often was drawn and won. Exit code 1 when a draw is not as it ought to be."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.effects.draws()
    lines = [
        f"{each['rule']}  one in {each['one_in']}: {each['draws']} draws, {each['won']} won"
        + "".join(f", {prize} {times}" for prize, times in sorted(each["prizes"].items()))
        + "".join(f", kept back {why} {times}" for why, times in sorted(each["kept_back"].items()))
        + "".join(f"\n    wrong: {wrong['terminal']} {wrong['sale_id']}" for wrong in each["wrong"])
        for each in found
    ]
    say(as_json, {"draws": found}, "\n".join(lines) or "nothing was drawn")
    if any(each["wrong"] for each in found):
        sys.exit(ANSWER_IS_NO)


@report.command("offers")
@common
def report_offers(config: Path, as_json: bool) -> None:
    """Offers with a control group: shown against held out."""
    with central_of(config) as central, could_not(SQLAlchemyError):
        found = central.effects.offers()
    lines = [
        f"{each['rule']}  shown {_group(each['shown'])}; held out {_group(each['held_out'])}"
        for each in found
    ]
    say(as_json, {"offers": found}, "\n".join(lines) or "no offer has a control group")


def _group(group: Mapping[str, int]) -> str:
    """Counts and the average of a group; amounts are in euro."""
    if not group["sales"]:
        return "none"
    average = _amount(group["paid"] // group["sales"])
    return f"{group['sales']} sales of {group['members']} members, {average} a sale"


def _amount(minor: int) -> str:
    """Minor units of euro as people write them."""
    euro, cent = divmod(minor, 100)
    return f"{euro}.{cent:02}"
