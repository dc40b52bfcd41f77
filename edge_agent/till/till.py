"""The till: everything that a cashier or a POS can ask of the agent."""

import json
from typing import Any

from edge_agent.domain.basket import PresentedCard, ReturnedLine, Sale
from edge_agent.domain.record import RecordKind
from edge_agent.errors import Refused, UnknownSale
from edge_agent.ledger.acts import StoredSale
from edge_agent.ledger.database import as_ledger_errors
from edge_agent.till.attach import Attaching, attach
from edge_agent.till.charge import cancel, commit
from edge_agent.till.give_back import GiveBack, give_back
from edge_agent.till.identify import identify, look_at
from edge_agent.till.parts import Parts
from edge_agent.till.present import Holder
from edge_agent.till.quote import quote
from edge_agent.till.receipts import Paper, Receipts
from edge_agent.till.redeem import Wish, reserve
from edge_agent.till.refusals import Refusal
from edge_agent.till.sell import print_paper, sell
from edge_agent.till.shown import standing_json
from edge_agent.till.unworked import worked_or_refused
from edge_agent.till.views import Answer, CentralState, MemberView, PrintState, SaleNow
from edge_agent.till.without_sale import (
    Answering,
    Consenting,
    Enrolling,
    Reported,
    change_consents,
    enrol,
    enrolment,
    give_answer,
    report,
)


class Till:
    """One till. Every method may be called from any thread and raises the errors of `edge_agent.errors`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._receipts = Receipts(parts.settings)

    def scanned(
        self, device: str, text: str, symbology: str | None, *, shared: bool = False
    ) -> bool:
        """A scanner read `text`: say so, and identify the member. False when it is no member's card.

        With `shared` such a scan is the POS's business, and that is what is said of it.
        """
        seen = look_at(self._parts, text, symbology)
        self._parts.events.publish(
            "scan",
            {
                "device": device,
                "shown": seen.shown,
                "symbology": symbology,
                "accepted": seen.accepted,
                "reason": "passed-on" if shared and not seen.accepted else seen.reason,
            },
        )
        if seen.card is not None:
            self.identify(seen.card)
        return seen.accepted

    def identify(self, card: PresentedCard, channel: str = "") -> MemberView:
        """Who holds this card, and what do they have that is good in this channel ("" for the till's own)."""
        with as_ledger_errors():
            return identify(self._parts, card, channel)

    def leave(self) -> None:
        """Whoever is at the till goes: the next sale that leaves the card to the till has none."""
        self._parts.present.clear()

    def quote(self, quote_id: str, sale: Sale) -> dict[str, Any]:
        """What a basket would come to; a sale that names the quote within its time comes to the same."""
        with as_ledger_errors():
            return quote(self._parts, quote_id, sale)

    def sell(self, sale: Sale) -> Answer:
        """Record a sale, once."""
        with as_ledger_errors():
            return sell(self._parts, self._receipts, sale)

    def reserve(self, wish: Wish) -> Answer:
        """Reserve what a redemption takes, once."""
        with as_ledger_errors():
            answer = reserve(self._parts, wish)
        if answer.first:
            self._redeemed(answer.result)
        return answer

    def commit(self, redemption_id: str) -> Answer:
        """Charge a redemption without a sale, once."""
        with as_ledger_errors():
            answer = commit(self._parts, redemption_id)
        if answer.first:
            self._redeemed(answer.result)
        return answer

    def cancel(self, redemption_id: str) -> dict[str, Any]:
        """Let go of what a redemption reserved."""
        with as_ledger_errors():
            result = cancel(self._parts, redemption_id)
        self._redeemed(result)
        return result

    def _redeemed(self, result: dict[str, Any]) -> None:
        """Tell what became of a redemption, so that whoever did not ask for it can quote again."""
        self._parts.events.publish("redemption", result)
        self._show_again()

    def _show_again(self) -> None:
        """What the member at the till has is not what the page shows any more."""
        card = self._parts.present.card(self._parts.clock.now())
        if card is not None:
            with as_ledger_errors():
                identify(self._parts, card, again=True)

    def report(self, wanted: Reported) -> Answer:
        """Record an action that a member did, once."""
        with as_ledger_errors():
            return self._shown(report(self._parts, wanted))

    def answer(self, wanted: Answering) -> Answer:
        """Record an answer to a question, once."""
        with as_ledger_errors():
            return self._shown(give_answer(self._parts, wanted))

    def enrolment(self) -> dict[str, Any]:
        """What somebody who enrols is asked to agree to."""
        return enrolment(self._parts)

    def change_consents(self, wanted: Consenting) -> Answer:
        """Record what a member agrees to or takes back, once."""
        with as_ledger_errors():
            return change_consents(self._parts, wanted)

    def enrol(self, wanted: Enrolling) -> Answer:
        """Enrol a member, once."""
        with as_ledger_errors():
            return self._shown(enrol(self._parts, wanted))

    def _shown(self, answer: Answer) -> Answer:
        if answer.first:
            self._show_again()
        return answer

    def give_back(
        self,
        sale_id: str,
        return_id: str,
        lines: tuple[ReturnedLine, ...],
        original: dict[str, Any] | None,
        card: PresentedCard | None = None,
    ) -> Answer:
        """Record a return of some lines of a sale, once; with `card` only where its holder bought them."""
        wanted = GiveBack(RecordKind.RETURN, return_id, sale_id, lines, original, card)
        with as_ledger_errors():
            return give_back(self._parts, self._receipts, wanted)

    def void(self, sale_id: str, void_id: str) -> Answer:
        """Take all that is left of a sale back, once."""
        wanted = GiveBack(RecordKind.VOID, void_id, sale_id, None)
        with as_ledger_errors():
            return give_back(self._parts, self._receipts, wanted)

    def attach(self, wanted: Attaching) -> Answer:
        """Attach a forgotten card to a sale, once."""
        with as_ledger_errors():
            return attach(self._parts, wanted)

    def sale(self, sale_id: str) -> tuple[dict[str, Any], SaleNow]:
        """A sale as it was answered, and how it stands now. Raises UnknownSale."""
        stored = self._stored(sale_id)
        with as_ledger_errors():
            lookups = self._parts.ledger.lookups()
            givebacks = lookups.givebacks_of(sale_id)
            account = lookups.buyer_of(stored)
            now = SaleNow(
                PrintState(stored.print),
                self._central_state(stored.seq),
                None if account is None else self._parts.directory.by_ref(account).ref,
                tuple(json.loads(each.result) for each in givebacks),
                any(each.kind is RecordKind.VOID for each in givebacks),
            )
        return json.loads(stored.result), now

    def _stored(self, sale_id: str) -> StoredSale:
        with as_ledger_errors():
            stored = self._parts.ledger.lookups().sale(sale_id)
        if stored is None:
            raise UnknownSale(f"this till has no sale {sale_id}")
        return stored

    def _central_state(self, seq: int) -> CentralState:
        state = self._parts.ledger.state_of(seq)
        if state is not None:
            return CentralState(state.state)
        applied = self._parts.directory.applied()
        return CentralState.ACCEPTED if seq <= applied.seq else CentralState.WAITING

    def print_copy(self, sale_id: str) -> PrintState:
        """Print the receipt of a sale again, marked as a copy. Raises UnknownSale, or Refused without a printer."""
        result = json.loads(self._stored(sale_id).result)
        programme = self._parts.shelf.by_digest(result["programme"])
        columns = self._columns()
        if programme is None:
            raise self._refused(Refusal.NO_PROGRAMME_OF_SALE)
        return self._print(
            f"copy:{sale_id}", self._receipts.paper(result, programme, columns, copy=True)
        )

    def print_slip(self, holder: Holder) -> PrintState:
        """Print a balance slip for a card, or for the one that is at the till.

        Raises PaymentCard, UnknownCard, NoProgramme, or Refused: without a printer, with nobody at the till, or where
        the rules fail on it.
        """
        parts = self._parts
        columns = self._columns()
        now = parts.clock.now()
        card = parts.who(holder, now)
        programme = parts.shelf.at(now)
        with as_ledger_errors():
            # A slip for another code brings nobody to the till, least of all by a number that was typed.
            view = identify(parts, card, again=True)
        if view.balance is None:
            raise self._refused(Refusal.TYPED_SHOWS_NOTHING)
        with as_ledger_errors():
            lookups = parts.ledger.lookups()
            account = parts.directory.by_card(card.code, lookups)
        if account is None:
            raise self._refused(Refusal.NO_POINTS_YET)

        def slip() -> Paper:
            holdings = parts.directory.holdings(account, lookups, programme, now)
            channel = parts.settings.channel
            facts = {
                "kind": "slip",
                "at": now.isoformat(),
                "card": view.card,
                "entries": [],
                "offline": parts.line.offline,
                **standing_json(parts, lookups, account, holdings, programme, now, channel),
            }
            return self._receipts.paper(facts, programme, columns)

        return self._print("slip", worked_or_refused(parts, slip))

    def _print(self, job_id: str, paper: Paper) -> PrintState:
        if paper.document is None:
            raise self._refused(Refusal.NOTHING_TO_PRINT)
        return PrintState.QUEUED if print_paper(self._parts, job_id, paper) else PrintState.FAILED

    def _refused(self, refusal: Refusal) -> Refused:
        return Refused(refusal.in_words(self._parts.settings.language))

    def _columns(self) -> int:
        columns = self._parts.printing.columns
        if columns is None:
            raise self._refused(Refusal.NO_PRINTER)
        return columns

    def printed(self, job_id: str, state: PrintState) -> None:
        """The printer's outcome of a job; that of a sale's own receipt is kept."""
        kind, _, sale_id = job_id.partition(":")
        if kind == "sale":
            with as_ledger_errors():
                self._parts.ledger.set_print_state(sale_id, state.value)
