"""What customers answered, and the cases that somebody has to look at.

A low score is worth nothing when nobody reads it: it opens a case, and a case is open until somebody wrote down what
was done about it and closed it. How the customer wants to be spoken to stands with it.
"""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Select, func, insert, select, update

from edge_agent.domain.cards import holds_payment_card
from edge_agent.domain.programme.messages import CHANNEL
from sync.central.batch import Batch, Received
from sync.central.bodies import Act
from sync.central.database import Database
from sync.central.plain import Text
from sync.central.problems import Problem, not_found
from sync.central.tables import accounts, answers, case_notes, cases
from sync.central.times import Clock, stored

CASES_SHOWN_MAX = 500
NOTE_CHARACTERS_MAX = 2_000
"""A page; what is longer belongs into the shop's own system."""


class CaseChange(BaseModel):
    """What was done about a case; with `close` it is done, and a note on a closed one opens it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note: Annotated[Text, Field(min_length=1, max_length=NOTE_CHARACTERS_MAX)]
    close: bool = False


def note_answer(
    batch: Batch, received: Received, act: Act, account: str | None, text: str | None
) -> None:
    """Keep an answer, and open a case where it asks for one."""
    answer = act.answer
    if answer is None:
        raise ValueError("this is no answer")
    is_number = isinstance(answer.value, int)
    batch.flush()
    batch.connection.execute(
        insert(answers),
        {
            "record_id": received.record_id,
            "account": account,
            "terminal": received.terminal,
            "question": answer.question,
            "score": answer.value if is_number else None,
            "choice": None if is_number else answer.value,
            "text": text,
            "at": stored(act.at),
        },
    )
    if answer.case:
        batch.connection.execute(
            insert(cases), {"answer": received.record_id, "opened_at": batch.at}
        )


class Feedback:
    """Reads answers; notes on cases and closes them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def cases(self, *, closed: bool = False) -> list[dict[str, Any]]:
        """The open cases, the oldest first; or those that are closed, the newest first."""
        query = (
            _CASES.where(cases.c.closed_at.is_not(None)).order_by(cases.c.closed_at.desc())
            if closed
            else _CASES.where(cases.c.closed_at.is_(None)).order_by(cases.c.row)
        )
        with self._database.read() as connection:
            rows = connection.execute(query.limit(CASES_SHOWN_MAX)).all()
            return [_case(row, []) for row in rows]

    def case(self, number: int) -> dict[str, Any]:
        """One case with what was done about it."""
        with self._database.read() as connection:
            return _whole_case(connection, number)

    def change(self, number: int, change: CaseChange) -> dict[str, Any]:
        """Write down what was done; the case is closed or open after that, as the change says."""
        if holds_payment_card(change.note):
            raise Problem(422, "payment-card", "The note holds what looks like a payment card.")
        at = stored(self._clock())
        with self._database.write() as connection:
            _whole_case(connection, number)
            connection.execute(insert(case_notes), {"case": number, "at": at, "text": change.note})
            connection.execute(
                update(cases)
                .where(cases.c.row == number)
                .values(closed_at=at if change.close else None)
            )
            return _whole_case(connection, number)

    def answers(self) -> list[dict[str, Any]]:
        """Per question and value how often it was given."""
        query = (
            select(
                answers.c.question,
                answers.c.score,
                answers.c.choice,
                func.count().label("times"),
            )
            .group_by(answers.c.question, answers.c.score, answers.c.choice)
            .order_by(answers.c.question, answers.c.score, answers.c.choice)
        )
        found: dict[str, list[dict[str, Any]]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                value = row.choice if row.score is None else row.score
                found.setdefault(row.question, []).append({"value": value, "times": row.times})
        return [{"question": question, "values": values} for question, values in found.items()]


_CASES: Select[Any] = (
    select(
        cases,
        answers.c.question,
        answers.c.score,
        answers.c.choice,
        answers.c.text,
        answers.c.terminal,
        answers.c.at,
        accounts.c.ref,
        accounts.c.member_id,
        accounts.c.display_name,
        accounts.c.email,
        accounts.c.phone,
        accounts.c.attributes,
    )
    .join(answers, answers.c.record_id == cases.c.answer)
    .outerjoin(accounts, accounts.c.ref == answers.c.account)
)


def _whole_case(connection: Connection, number: int) -> dict[str, Any]:
    row = connection.execute(_CASES.where(cases.c.row == number)).one_or_none()
    if row is None:
        raise not_found("case")
    done = connection.execute(
        select(case_notes).where(case_notes.c.case == number).order_by(case_notes.c.row)
    )
    return _case(row, [{"at": each.at, "text": each.text} for each in done])


def _case(row: Any, done: list[dict[str, str]]) -> dict[str, Any]:
    member = None
    if row.ref is not None:
        member = {
            "id": row.member_id or row.ref,
            "display_name": row.display_name,
            "channel": json.loads(row.attributes).get(CHANNEL),
            "email": row.email,
            "phone": row.phone,
        }
    return {
        "id": row.row,
        "state": "open" if row.closed_at is None else "closed",
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "question": row.question,
        "value": row.choice if row.score is None else row.score,
        "text": row.text,
        "answered_at": row.at,
        "terminal": row.terminal,
        "member": member,
        "notes": done,
    }
