"""What the web layer needs of the rest of the agent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from edge_agent.domain.basket import PresentedCard, ReturnedLine, Sale
from edge_agent.health import Report
from edge_agent.till.attach import Attaching
from edge_agent.till.present import Holder
from edge_agent.till.redeem import Wish
from edge_agent.till.views import Answer, MemberView, PrintState, SaleNow
from edge_agent.till.without_sale import Answering, Consenting, Enrolling, Reported
from edge_agent.web.events import EventHub
from edge_agent.web.metrics import Metrics


class Till(Protocol):
    """Everything a cashier or POS can do; every method may raise the errors of `edge_agent.errors`.

    Whatever happens here is published to the event hub by the till itself, since sales can come in by other
    ways than HTTP.
    """

    def identify(self, card: PresentedCard, channel: str) -> MemberView:
        """Find the member, with what is good in `channel` ("" for the till's own); a code of no card of ours raises
        `UnknownCard`."""

    def quote(self, quote_id: str, sale: Sale) -> dict[str, Any]:
        """Say what a basket would earn; `sale.sale_id` is empty."""

    def reserve(self, wish: Wish) -> Answer:
        """Reserve what a redemption takes."""

    def commit(self, redemption_id: str) -> Answer:
        """Charge a redemption without a sale."""

    def cancel(self, redemption_id: str) -> dict[str, Any]:
        """Let go of what a redemption reserved."""

    def attach(self, wanted: Attaching) -> Answer:
        """Attach a forgotten card to a sale."""

    def report(self, wanted: Reported) -> Answer:
        """Record an action that a member did."""

    def answer(self, wanted: Answering) -> Answer:
        """Record an answer to a question."""

    def enrolment(self) -> dict[str, Any]:
        """What somebody who enrols is asked to agree to."""

    def change_consents(self, wanted: Consenting) -> Answer:
        """Record what a member agrees to or takes back."""

    def enrol(self, wanted: Enrolling) -> Answer:
        """Enrol a member."""

    def sell(self, sale: Sale) -> Answer:
        """Record a sale durably."""

    def sale(self, sale_id: str) -> tuple[dict[str, Any], SaleNow]:
        """The result as it was answered, and how the sale stands now."""

    def give_back(
        self,
        sale_id: str,
        return_id: str,
        lines: tuple[ReturnedLine, ...],
        original: dict[str, Any] | None,
        card: PresentedCard | None = None,
    ) -> Answer:
        """Take back what returned lines earned; `original` is a sale of elsewhere as the request had it.

        With `card` only where its holder bought them.
        """

    def void(self, sale_id: str, void_id: str) -> Answer:
        """Take all of a sale back."""

    def print_copy(self, sale_id: str) -> PrintState:
        """Print the receipt once more, marked as a copy."""

    def print_slip(self, holder: Holder) -> PrintState:
        """Print a balance slip, for a card or for the one at the till."""

    def leave(self) -> None:
        """Whoever is at the till goes."""


class Devices(Protocol):
    """The devices of this terminal."""

    def to_json(self) -> list[dict[str, Any]]:
        """Every configured device and its state, in the contract's shape."""

    def test(self, device_id: str) -> dict[str, Any]:
        """Test print or scan; raises `UnknownDevice`."""

    def inject_scan(self, device_id: str, text: str) -> None:
        """Let a simulated scanner read `text`; raises `UnknownDevice`."""


class TerminalEnrolment(Protocol):
    """Who this terminal is to central."""

    def enrol(self, code: str) -> str:
        """Enrol with a one-time code; returns the terminal. Raises `Refused` or `CentralAway`."""


class CodesForOthers(Protocol):
    """One-time codes that are another till's."""

    def show(self, code: str, till: str, *, prints: bool) -> dict[str, Any]:
        """The code and its QR symbol, printed where asked for. Raises `Invalid`."""


class Health(Protocol):
    """What each part says of itself."""

    def report(self) -> Report:
        """Ask every part; must answer at once."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The parts that answers are made from. `status` gives the contract's status or raises `LedgerUnavailable`."""

    till: Till
    devices: Devices
    enrolling: TerminalEnrolment
    codes: CodesForOthers
    health: Health
    status: Callable[[], dict[str, Any]]
    events: EventHub
    metrics: Metrics
