"""What is answered where something is wrong."""

from edge_agent.web.answers.answer import Answer


class FieldErrorAnswer(Answer):
    """One bad field; positions in arrays count from 0."""

    path: str
    message: str


class ProblemAnswer(Answer):
    """RFC 9457. `code` is for programs, `detail` for people; `retryable` says whether the same may be sent again."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    retryable: bool
    errors: list[FieldErrorAnswer]
