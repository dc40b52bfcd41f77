"""Sales in a file: a line of JSON each, as the POS posts them or as `journal export` writes them."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from edge_agent.authoring.compare import Sold
from edge_agent.authoring.member_file import MemberFile, MemberMistake
from edge_agent.domain.programme.recorded import Recorded
from edge_agent.domain.record import RecordKind
from edge_agent.errors import LoyaltyError
from edge_agent.web.bodies.checked import checked
from edge_agent.web.bodies.trials import TrialBody
from edge_agent.web.body import decoded

SALES_MAX = 200_000
"""A year of a busy shop; its baskets take some 2 GB while they are compared. More is compared month by month."""


class SalesMistake(ValueError):
    """A line that cannot be read; the message names it and what would be right."""


def sales_in(lines: Iterable[bytes]) -> Iterator[Sold]:
    """The sales of a file, in its order. Voided sales and what is no sale are passed by.

    A line of the POS may have `member`, as a file for `programme try`; its card tells customers apart. Raises
    SalesMistake.
    """
    found: dict[str, Sold] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            _take(json.loads(line), str(number), found)
        except (LoyaltyError, MemberMistake, ValueError, KeyError, TypeError) as error:
            raise SalesMistake(f"line {number}: {_reason(error)}") from error
        if len(found) > SALES_MAX:
            raise SalesMistake(f"line {number}: at most {SALES_MAX} sales are compared at a time")
    yield from found.values()


def _take(value: Any, number: str, found: dict[str, Sold]) -> None:
    if not isinstance(value, dict):
        raise SalesMistake("is not an object, such as a sale or a record")
    if "body" in value and "hash" in value:
        _take_record(value, found)
    else:
        member = MemberFile.read(value.pop("member", {}))
        sold = checked(TrialBody, decoded(json.dumps(value).encode()))
        if sold.at is None:
            raise SalesMistake("at: is required, since sales are compared in order of time")
        trial = sold.to_trial()
        sale_id = sold.sale_id or number
        found[sale_id] = Sold(
            sale_id, sold.at, trial.code or "", trial.basket, trial.wanted, member
        )


def _take_record(record: dict[str, Any], found: dict[str, Sold]) -> None:
    body = json.loads(record["body"])
    if record["kind"] == RecordKind.VOID:
        found.pop(str(body["void"]["original"]), None)
    elif record["kind"] in {RecordKind.SALE, RecordKind.ATTACH}:
        # A card that was attached makes it the same sale, with a member.
        found.pop(str(body.get("attach", {}).get("original")), None)
        was = Recorded.from_body(body)
        found[str(record["id"])] = Sold(
            str(body[record["kind"]]["sale_id"]),
            was.quoted_at or datetime.fromisoformat(record["at"]),
            was.facts.account,
            was.basket,
            was.wanted,
            MemberFile(),
            None if was.facts.anonymous else was.facts,
        )


def _reason(error: Exception) -> str:
    if isinstance(error, LoyaltyError):
        return "; ".join(f"{each.path}: {each.message}" for each in error.fields) or error.detail
    if isinstance(error, KeyError):
        return f"{error.args[0]}: is required in a record"
    if isinstance(error, json.JSONDecodeError):
        return "is not JSON"
    return str(error)
