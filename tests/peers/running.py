"""Running a case and comparing what came of it with what is expected."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from edge_agent.domain.programme import ProgrammeInvalid
from tests.peers.mapping import mapped
from tests.peers.parts import Unsupported
from tests.peers.shop import PeerShop
from tests.peers.steps import Steps
from tests.peers.words import Actual

Case = Mapping[str, Any]


class Verdict(StrEnum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Result:
    """A case's verdict, and why where it is not passed: one line for each thing that differs."""

    id: str
    topic: str
    verdict: Verdict
    why: tuple[str, ...] = ()


def run(case: Case) -> Result:
    """Run one case from nothing. Its id and topic are only for the report."""
    try:
        differences = _differences(case["programme"], case["steps"], case["expect"])
    except Unsupported as reason:
        return Result(case["id"], case["topic"], Verdict.UNSUPPORTED, (str(reason),))
    except ProgrammeInvalid as error:
        findings = tuple(str(each) for each in error.findings)
        return Result(case["id"], case["topic"], Verdict.UNSUPPORTED, findings)
    except Exception as error:  # noqa: BLE001 - whatever one case brings up must not stop the others, and is no pass
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        return Result(case["id"], case["topic"], Verdict.FAILED, (f"{where}: {error!r}",))
    verdict = Verdict.FAILED if differences else Verdict.PASSED
    return Result(case["id"], case["topic"], verdict, tuple(differences))


def _differences(
    programme: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], expect: Mapping[str, Any]
) -> list[str]:
    draft = mapped(
        programme,
        applied=any("apply" in step for step in steps),
        fractions=any(_has_fraction(step) for step in steps),
        free_lines=any(
            line.get("kind") == "reward" and not line["unit_price_minor"]
            for step in steps
            for line in step.get("lines") or ()
        ),
    )
    wanted = expect.get("per_step") or []
    found: list[str] = []
    begins = datetime.fromisoformat(steps[0]["at"].replace("Z", "+00:00"))
    with PeerShop(draft, begins) as shop:
        running = Steps(shop)
        at = begins
        for n, step in enumerate(steps):
            actual = running.run(n, step)
            at = datetime.fromisoformat(step["at"].replace("Z", "+00:00"))
            if n < len(wanted) and wanted[n]:
                found += _compared(f"step {n} {step['do']}", wanted[n], actual)
        for name, state in (expect.get("final") or {}).items():
            found += _compared(f"{name} in the end", state, running.standing.of(name, at))
    return found


def _has_fraction(step: Mapping[str, Any]) -> bool:
    """Whether a step has part of a point."""
    state = step.get("set") or {}
    lot = step.get("add_lot") or {}
    numbers = (state.get("balance"), lot.get("points"))
    return any(isinstance(each, float) and each % 1 for each in numbers)


def _compared(where: str, wanted: Mapping[str, Any], actual: Actual) -> list[str]:
    tolerance = Decimal(str(wanted.get("tolerance_minor", 0)))
    found = []
    for key, value in wanted.items():
        if key == "tolerance_minor" or (key == "error" and value is None and key not in actual):
            continue
        if key == "error" and "error" not in actual:
            found.append(f"{where}: error {value!r} expected, none came")
        elif key not in actual:
            raise Unsupported(f"{where}: nothing to compare {key} with")
        elif not _equal(value, actual[key], tolerance if key == "total_minor" else Decimal(0)):
            found.append(f"{where}: {key} {value!r} expected, {actual[key]!r} came")
    if (
        "error" in actual
        and "error" not in wanted
        and not wanted.keys()
        & {"codes_dropped", "discount_minor", "total_minor", "balance", "points_earned"}
    ):
        found.append(f"{where}: refused with {sorted(actual['error'])}")
    return found


def _equal(wanted: Any, actual: Any, tolerance: Decimal) -> bool:
    if isinstance(actual, frozenset):
        return wanted in actual
    if isinstance(wanted, dict):
        return isinstance(actual, Mapping) and all(
            key in actual and _equal(value, actual[key], tolerance) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return list(wanted) == list(actual)
    if isinstance(wanted, bool | str) or actual is None:
        return bool(wanted == actual)
    return abs(Decimal(str(wanted)) - Decimal(str(actual))) <= tolerance
