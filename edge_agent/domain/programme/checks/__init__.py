"""What is looked for in a programme file besides the form of its tables, one file per kind of mistake.

`names` looks at a file that may not be right yet, so that its mistakes are told together with those of form; the others
at one whose form is right. Each answers with mistakes of the codes in `findings`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edge_agent.domain.programme.checks.costs import costs
from edge_agent.domain.programme.checks.goods import goods
from edge_agent.domain.programme.checks.issuing import issuing
from edge_agent.domain.programme.checks.names import names
from edge_agent.domain.programme.checks.privacy import privacy
from edge_agent.domain.programme.checks.reach import reach
from edge_agent.domain.programme.checks.stored import stored
from edge_agent.domain.programme.findings import Mistake
from edge_agent.domain.programme.programme_file import ProgrammeFile

FORMLESS: tuple[Callable[[Mapping[str, Any]], Iterator[Mistake]], ...] = (names,)
"""Checks of a file's values, right or not."""

FORMED: tuple[Callable[[ProgrammeFile], Iterator[Mistake]], ...] = (
    reach,
    stored,
    issuing,
    costs,
    goods,
    privacy,
)
"""Checks of a file whose tables are right each for itself."""
