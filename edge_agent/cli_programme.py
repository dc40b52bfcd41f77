"""`edge-agent programme`: checking a programme and trying it out."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import (
    Finding,
    Programme,
    ProgrammeInvalid,
    check_programme,
    evaluate,
    load_programme,
)
from edge_agent.domain.programme.findings import Severity
from edge_agent.domain.programme.shape import tables
from edge_agent.errors import LoyaltyError

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="For scripts: JSON on stdout.")


@click.group()
def programme() -> None:
    """Check a programme file, or try it on a basket."""


def _text(file: Path) -> str:
    try:
        # Not read_text: it would change line ends, and with them the digest.
        return file.read_bytes().decode()
    except UnicodeDecodeError as error:
        finding = Finding(str(file), 1, "(file)", "toml", "is not UTF-8 text")
        raise ProgrammeInvalid([finding]) from error


def _loaded(file: Path) -> Programme:
    """The programme of a file that has to be right; what is wrong with it goes to stderr, exit 1."""
    try:
        return load_programme(_text(file), str(file))
    except ProgrammeInvalid as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from error


@programme.command()
@_FILE
@_JSON
def check(file: Path, as_json: bool) -> None:
    """Say everything that is wrong with a programme; exit 0 if it can be used, with warnings or without."""
    findings: tuple[Finding, ...]
    try:
        loaded, findings = check_programme(_text(file), str(file))
    except ProgrammeInvalid as error:
        loaded, findings = None, error.findings
    if as_json:
        shown = [asdict(each) | {"severity": each.severity.value} for each in findings]
        click.echo(json.dumps({"ok": loaded is not None, "findings": shown}))
    else:
        for each in findings:
            click.echo(str(each))
        click.echo(_verdict(file, loaded, findings))
    raise click.exceptions.Exit(0 if loaded is not None else 1)


def _verdict(file: Path, loaded: Programme | None, findings: Sequence[Finding]) -> str:
    errors = sum(each.severity is Severity.ERROR for each in findings)
    warnings = len(findings) - errors
    if loaded is None:
        return f"{file}: {errors} to correct before it can be used, {warnings} to look at."
    rules = sum(isinstance(getattr(each, "id", None), str) for _, each in tables(loaded.file)) - 1
    told = f"{warnings} to look at" if warnings else "nothing wrong"
    return f"{file}: {loaded.id} version {loaded.version}, {rules} rules, {told}."


@programme.command()
def reference() -> None:
    """Print the reference of every key, in Markdown."""
    from edge_agent.authoring.reference import reference as page

    click.echo(page(), nl=False)


@programme.command()
def codes() -> None:
    """Print the page of everything that `check` finds, in Markdown."""
    from edge_agent.authoring.codes import codes as page

    click.echo(page(), nl=False)


@programme.command()
def schema() -> None:
    """Print the JSON Schema of a programme, by which editors complete and check."""
    from edge_agent.authoring.schema import schema_text

    click.echo(schema_text(), nl=False)


_LANGUAGE = click.option(
    "--language", type=click.Choice(["nl", "en"]), default="nl", show_default=True
)


@programme.command()
@_FILE
@_LANGUAGE
def docs(file: Path, language: str) -> None:
    """Print the customer's terms, from the file itself, in Markdown."""
    from edge_agent.authoring.terms import terms

    click.echo(terms(_loaded(file), language), nl=False)


@programme.command()
@_FILE
@click.option("--year", type=click.IntRange(2000, 2100), help="Without it, the one that it is.")
@_LANGUAGE
@_JSON
def calendar(file: Path, year: int | None, language: str, as_json: bool) -> None:
    """Show a year: what runs when, and for whom."""
    from edge_agent.authoring.screen import calendar_table, show
    from edge_agent.authoring.wording import Speech
    from edge_agent.authoring.year import year_of

    loaded = _loaded(file)
    found = year_of(loaded.file, year or datetime.now(loaded.timezone).year, language)
    if as_json:
        click.echo(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        show(calendar_table(found, Speech(loaded.file, language)))


@programme.command()
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--sales",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="A sale in each line: as the POS posts it, or as `journal export` writes it.",
)
@_LANGUAGE
@_JSON
def compare(old: Path, new: Path, sales: Path, language: str, as_json: bool) -> None:
    """What a change would have cost on real sales: OLD and NEW work out the same sales.

    Members carry what each programme gave them from sale to sale. A sale that the POS posts may say who its `member`
    is, as for `programme try`; its card tells customers apart.
    """
    from rich.console import Console
    from rich.progress import Progress

    from edge_agent.authoring.compare import compare as compared
    from edge_agent.authoring.member_file import MemberMistake
    from edge_agent.authoring.screen import comparison_tables, show
    from edge_agent.web.sales_file import SalesMistake, sales_in

    was, will_be = _loaded(old), _loaded(new)
    try:
        with sales.open("rb") as lines:
            found = list(sales_in(lines))
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(sales.name, total=len(found))
            result = compared(was, will_be, found, lambda: bar.advance(task))
    except (SalesMistake, MemberMistake) as error:
        click.echo(f"{sales}: {error}", err=True)
        raise click.exceptions.Exit(1) from error
    if as_json:
        click.echo(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        show(comparison_tables(result, language))


@programme.command(name="try")
@_FILE
@click.argument("basket", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--member",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The member, as JSON.",
)
@click.option("--at", help="RFC 3339 with offset; without it the basket's own time, or now.")
@click.option(
    "--language", type=click.Choice(["nl", "en", "de", "fr"]), default="nl", show_default=True
)
@_JSON
def try_basket(
    file: Path, basket: Path, member: Path | None, at: str | None, language: str, as_json: bool
) -> None:
    """Work out what a basket comes to, rule by rule.

    BASKET is the JSON of a sale as the POS posts it; ids, card and time may be left out. `wanted` may say what the
    customer would like: {"redemptions": [{"reward": "coffee"}], "codes": ["SPRING"]}. Surprises are not drawn.

    MEMBER is the JSON of a member: {"tier": "gold", "since": "2024-05-01", "holdings": {"points": 120}}.
    """
    from edge_agent.authoring.trial import tried
    from edge_agent.domain.programme.outlook import outlook
    from edge_agent.web.bodies.trials import trial_from_json

    loaded = _loaded(file)
    try:
        what = trial_from_json(basket.read_bytes())
    except LoyaltyError as error:
        click.echo(f"{basket}: {error.detail}", err=True)
        for field in error.fields:
            click.echo(f"{basket}: {field.path}: {field.message}", err=True)
        raise click.exceptions.Exit(1) from error
    moment = (what.at or datetime.now().astimezone()) if at is None else _moment(at)
    today = loaded.local_date(moment)
    facts = _member(member, loaded, today)
    found = evaluate(loaded, facts, what.basket, moment, what.wanted, explains=True)
    ahead = outlook(loaded, facts.after(found.entries, loaded.readings, today), moment)
    store, channel = what.basket.store, what.basket.channel
    lines = (
        each.in_words(
            language, loaded.file.currency, loaded.file.unit, each.unmet_where(store, channel)
        )
        for each in ahead.progress
    )
    trial = tried(loaded, found, what.basket, language, lines)
    if as_json:
        click.echo(json.dumps(trial.to_json(), ensure_ascii=False))
    else:
        click.echo("\n".join(trial.lines()))


def _member(path: Path | None, loaded: Programme, today: date) -> MemberFacts:
    from edge_agent.authoring.member_file import MemberFile, MemberMistake

    try:
        described = MemberFile() if path is None else MemberFile.read(path.read_bytes())
        return described.facts(loaded, today)
    except MemberMistake as error:
        raise click.BadParameter(f"{path}: {error}", param_hint="--member") from error


def _moment(at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise click.BadParameter(
            "is not a time such as 2026-11-21T14:03:11+01:00", param_hint="--at"
        ) from error
    if moment.tzinfo is None:
        raise click.BadParameter("needs an offset, such as +01:00", param_hint="--at")
    return moment
