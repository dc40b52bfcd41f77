"""`edge-agent programme`: checking a programme and trying it out."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from edge_agent.domain.member import MemberFacts
from edge_agent.domain.programme import Programme, ProgrammeInvalid, evaluate, load_programme
from edge_agent.errors import LoyaltyError

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="For scripts: JSON on stdout.")


@click.group()
def programme() -> None:
    """Check a programme file, or try it on a basket."""


def _loaded(file: Path) -> Programme:
    try:
        text = (
            file.read_bytes().decode()
        )  # not read_text: it would change line ends, and with them the digest
    except UnicodeDecodeError as error:
        click.echo(f"{file}: is not UTF-8 text", err=True)
        raise click.exceptions.Exit(1) from error
    return load_programme(text, str(file))


@programme.command()
@_FILE
@_JSON
def check(file: Path, as_json: bool) -> None:
    """Say everything that is wrong with a programme."""
    findings = []
    loaded = None
    try:
        loaded = _loaded(file)
    except ProgrammeInvalid as error:
        findings = list(error.findings)
    if as_json:
        shown = [
            {
                "file": each.file,
                "line": each.line,
                "key": each.key,
                "code": each.code,
                "message": each.message,
            }
            for each in findings
        ]
        click.echo(json.dumps({"ok": not findings, "findings": shown}))
    else:
        for each in findings:
            click.echo(str(each))
        if loaded is not None:
            rules = len(loaded.file.earn) + len(loaded.file.bonus) + len(loaded.file.exclude)
            click.echo(
                f"{file}: {loaded.id} version {loaded.version}, {rules} rules, nothing wrong."
            )
    raise click.exceptions.Exit(1 if findings else 0)


@programme.command()
def reference() -> None:
    """Print the reference of every key, in Markdown."""
    from edge_agent.authoring.reference import reference as page

    click.echo(page(), nl=False)


@programme.command()
def schema() -> None:
    """Print the JSON Schema of a programme, by which editors complete and check."""
    from edge_agent.authoring.schema import schema_text

    click.echo(schema_text(), nl=False)


@programme.command(name="try")
@_FILE
@click.argument("basket", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--member", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Facts as JSON."
)
@click.option("--at", help="RFC 3339 with offset; without it the basket's own time, or now.")
@click.option(
    "--language", type=click.Choice(["nl", "en", "de", "fr"]), default="nl", show_default=True
)
@_JSON
def try_basket(
    file: Path, basket: Path, member: Path | None, at: str | None, language: str, as_json: bool
) -> None:
    """Work out what a basket earns, rule by rule.

    BASKET is the JSON of a sale as the POS posts it; ids, card and time may be left out.
    """
    from edge_agent.domain.programme.explain import explain
    from edge_agent.web.models import trial_from_json

    try:
        loaded = _loaded(file)
    except ProgrammeInvalid as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from error
    try:
        what, sold_at = trial_from_json(basket.read_bytes())
    except LoyaltyError as error:
        click.echo(f"{basket}: {error.detail}", err=True)
        for field in error.fields:
            click.echo(f"{basket}: {field.path}: {field.message}", err=True)
        raise click.exceptions.Exit(1) from error
    facts = MemberFacts("try", **_member_facts(member))
    moment = (sold_at or datetime.now().astimezone()) if at is None else _moment(at)
    explanation = explain(loaded, evaluate(loaded, facts, what, moment), what, language)
    if as_json:
        click.echo(json.dumps(explanation.to_json(), ensure_ascii=False))
    else:
        click.echo("\n".join(explanation.lines()))


def _member_facts(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        facts = json.loads(path.read_bytes())
    except ValueError as error:
        raise click.BadParameter(f"{path} is not JSON: {error}", param_hint="--member") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("tier"), str | None):
        raise click.BadParameter(
            f'{path} has to look like {{"tier": "gold"}}', param_hint="--member"
        )
    return {"tier": facts.get("tier")}


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
