"""Asking central about a redemption, without the authoriser's thread and deadline: its word is there at once, or never.

What becomes of the question is luck: it does not arrive, or central sets points aside and the till does not hear of it.
"""

from collections.abc import Callable
from typing import cast

from edge_agent.central_line import CentralAuthority
from sync.authorise import Authoriser
from sync.client import CentralClient
from sync.errors import CentralError
from sync.wire import AuthorisationAnswer, AuthorisationMessage, ReleaseMessage
from tests.simulator.network import Network

Connect = Callable[[], CentralClient | None]


class AskingAtOnce:
    """What `CentralAuthority` asks; what could not be told ends by the position that a pull reports."""

    def __init__(self, connect: Connect, terminal: str, network: Network) -> None:
        self._connect = connect
        self._terminal = terminal
        self._network = network

    def ask(self, message: AuthorisationMessage) -> AuthorisationAnswer | None:
        """What central says, or None where it was not heard."""
        client = self._connect()
        if client is None:
            return None
        try:
            with self._network.at_once():
                return client.authorise(message)
        except CentralError:
            return None

    def let_go(self, redemption_id: str) -> None:
        """Nothing is charged under this id; whether central hears of it is luck."""
        client = self._connect()
        message = ReleaseMessage(terminal=self._terminal, redemption_ids=(redemption_id,))
        if client is not None:
            try:
                with self._network.at_once():
                    client.release(message)
            except CentralError:
                return


def authority(connect: Connect, terminal: str, network: Network) -> CentralAuthority:
    """Central's word for one till."""
    return CentralAuthority(cast("Authoriser", AskingAtOnce(connect, terminal, network)), terminal)
