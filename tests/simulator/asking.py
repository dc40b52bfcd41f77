"""Asking central about a redemption, without the authoriser's thread and deadline: its word is there at once, or never.

What becomes of the question is luck: it does not arrive, or arrives when nobody waits for it any more, or central sets
points aside and the till does not hear of it. What could not be told is told with the next that gets through.
"""

from collections.abc import Callable
from typing import cast

from edge_agent.central_line import CentralAuthority
from sync.authorise import Authoriser, Numbers
from sync.client import CentralClient
from sync.errors import CentralError
from sync.wire import RELEASES_MAX, AuthorisationAnswer, AuthorisationMessage, ReleaseMessage
from tests.simulator.network import Network

Connect = Callable[[], CentralClient | None]


class AskingAtOnce:
    """What `CentralAuthority` asks; what is never told ends by the position that a pull reports."""

    is_open = True

    def __init__(self, connect: Connect, terminal: str, network: Network) -> None:
        self._connect = connect
        self._terminal = terminal
        self._network = network
        self._numbers = Numbers()
        self._let_go: list[str] = []

    def ask(self, message: AuthorisationMessage) -> AuthorisationAnswer | None:
        """What central says, or None where it was not heard."""
        client = self._connect()
        if client is None:
            return None
        self._let_go = [each for each in self._let_go if each != message.redemption_id]
        numbered = message.model_copy(update={"asked": self._numbers.next()})
        try:
            with self._network.at_once():
                answer = client.authorise(numbered)
        except CentralError:
            return None
        self._tell(client)
        return answer

    def let_go(self, redemption_id: str) -> None:
        """Nothing is charged under this id; whether central hears of it now is luck."""
        self._let_go.append(redemption_id)
        client = self._connect()
        if client is not None:
            self._tell(client)

    def _tell(self, client: CentralClient) -> None:
        told = tuple(self._let_go[:RELEASES_MAX])
        if not told:
            return
        asked = self._numbers.next()
        message = ReleaseMessage(terminal=self._terminal, redemption_ids=told, asked=asked)
        try:
            with self._network.at_once():
                client.release(message)
        except CentralError:
            return
        del self._let_go[: len(told)]


def authority(connect: Connect, terminal: str, network: Network) -> CentralAuthority:
    """Central's word for one till."""
    return CentralAuthority(cast("Authoriser", AskingAtOnce(connect, terminal, network)), terminal)
