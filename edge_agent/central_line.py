"""The line to central: the identity as it is on disk now, how the worker says the line stands, and central's word on a
redemption."""

from collections.abc import Callable, Mapping

import structlog

from edge_agent.settings import DEADLINE_MS, Settings
from edge_agent.till.authority import Question, Word
from edge_agent.till.refusals import Refusal
from sync.authorise import Authoriser, timeouts
from sync.client import CentralClient, Timeouts
from sync.errors import CentralError, JournalDamaged, MembersFileNotKept, MembersFileRefused
from sync.identity import Identity, client_for, load_identity
from sync.link import LinkState, LinkStatus
from sync.wire import AuthorisationCode, AuthorisationMessage


class CentralLine:
    """The line to central: the identity as it is on disk now, and how the worker says the line stands."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._identity: Identity | None = None
        self._status: Callable[[], LinkStatus] | None = None
        try:
            self._identity = load_identity(settings.identity_file)
        except CentralError as error:
            # The worker meets it again, and shows it on store IT's page.
            structlog.get_logger(__name__).error("identity_unusable", detail=error.detail)

    def card_key(self) -> bytes | None:
        """What cards are hashed with."""
        return None if self._identity is None else self._identity.card_key

    def connect(self) -> CentralClient | None:
        """A client for one of the worker's threads; None while the terminal is not enrolled.

        The identity is read again: a till may be enrolled while the agent runs. Raises IdentityUnusable.
        """
        return self._client(None)

    def connect_to_authorise(self) -> CentralClient | None:
        """The same for the thread that asks about redemptions."""
        return self._client(timeouts(self.deadline_s))

    def _client(self, patience: Timeouts | None) -> CentralClient | None:
        self._identity = load_identity(self._settings.identity_file)
        if self._identity is None:
            return None
        central = self._settings.central
        ca_file = None if central is None else central.ca_file
        return client_for(self._identity, ca_file, patience)

    @property
    def deadline_s(self) -> float:
        """How long a customer waits for central's word on a redemption, everything included."""
        central = self._settings.central
        milliseconds = DEADLINE_MS if central is None else central.timeout_ms
        return milliseconds / 1000

    def watch(self, status: Callable[[], LinkStatus]) -> None:
        """Where to ask how the line stands."""
        self._status = status

    @property
    def offline(self) -> bool:
        """Whether a receipt should say that central could not be reached."""
        return self._status is not None and self._status().state is not LinkState.CONNECTED

    @property
    def unreachable(self) -> bool:
        """Whether central would not hear a question now, as far as the loops know."""
        if self._status is None:
            return False
        status = self._status()
        return status.state is not LinkState.CONNECTED and status.reason not in _OURS


_OURS = frozenset({MembersFileRefused.code, MembersFileNotKept.code, JournalDamaged.code})
"""Faults of what a till fetches and keeps: central answers all the same."""

_REFUSALS: Mapping[AuthorisationCode, Refusal] = {
    AuthorisationCode.NOT_ENOUGH: Refusal.NOT_ENOUGH_AT_CENTRAL,
    AuthorisationCode.BLOCKED: Refusal.BLOCKED,
    AuthorisationCode.UNKNOWN_ACCOUNT: Refusal.NOT_TOLD_OF,
    AuthorisationCode.TOO_MANY: Refusal.TOO_MANY_OPEN,
}


class CentralAuthority:
    """Central's word on redemptions, in the till's words."""

    def __init__(
        self,
        authoriser: Authoriser,
        terminal: str,
        unreachable: Callable[[], bool] = lambda: False,
    ) -> None:
        """`unreachable` says whether the line is known to be down, which nobody has to ask to find out."""
        self._authoriser = authoriser
        self._terminal = terminal
        self._unreachable = unreachable

    @property
    def away(self) -> bool:
        """Whether central would not be heard."""
        return not self._authoriser.is_open or self._unreachable()

    def ask(self, question: Question) -> Word | None:
        """What central says in time."""
        answer = self._authoriser.ask(
            AuthorisationMessage(
                terminal=self._terminal,
                redemption_id=question.redemption_id,
                account=question.account,
                unit=question.unit,
                quantity=question.quantity,
                least=question.least,
                until=question.until,
                unheld=question.unheld,
            )
        )
        if answer is None or answer.code is AuthorisationCode.CLOCK_WRONG:
            return None  # central says nothing of the member: without it the limits decide
        refusal = None if answer.code is None else _REFUSALS[answer.code]
        return Word(answer.quantity, refusal, answer.spendable)

    def let_go(self, redemption_id: str) -> None:
        """Tell central that nothing will be charged."""
        self._authoriser.let_go(redemption_id)
