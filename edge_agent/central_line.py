"""The line to central: the identity as it is on disk now, and how the worker says the line stands."""

from collections.abc import Callable

import structlog

from edge_agent.settings import Settings
from sync.client import CentralClient
from sync.errors import CentralError
from sync.identity import Identity, client_for, load_identity
from sync.link import LinkState, LinkStatus


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
        self._identity = load_identity(self._settings.identity_file)
        if self._identity is None:
            return None
        central = self._settings.central
        return client_for(self._identity, None if central is None else central.ca_file)

    def watch(self, status: Callable[[], LinkStatus]) -> None:
        """Where to ask how the line stands."""
        self._status = status

    @property
    def offline(self) -> bool:
        """Whether a receipt should say that central could not be reached."""
        return self._status is not None and self._status().state is not LinkState.CONNECTED
