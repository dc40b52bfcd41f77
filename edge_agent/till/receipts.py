"""From an answer to paper: the one way, for the first print and for every copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drivers.document import Document
from edge_agent.domain.programme import Programme
from edge_agent.till.parts import TillSettings
from edge_agent.till.receipt import compose
from edge_agent.till.receipt_facts import ReceiptFacts, ReceiptTexts
from edge_agent.till.receipt_layout import plain
from edge_agent.till.receipt_reading import Reading
from edge_agent.till.receipt_texts import Language, UnitName


@dataclass(frozen=True, slots=True)
class Paper:
    """A receipt for a printer and for a POS that prints itself; no document where nothing is worth paper."""

    document: Document | None
    lines: list[str]


NO_PAPER = Paper(None, [])


@dataclass(frozen=True, slots=True)
class _Said:
    """What one version of the programme says on every receipt, in the till's language."""

    programme: str
    unit_names: dict[str, UnitName]
    texts: ReceiptTexts


class Receipts:
    """Lays out receipts for one till."""

    def __init__(self, settings: TillSettings) -> None:
        self._settings = settings
        self._said: dict[
            str, _Said
        ] = {}  # by digest: no more of them than the shelf has programmes

    def _said_by(self, programme: Programme) -> _Said:
        said = self._said.get(programme.digest)
        if said is None:
            language = self._settings.language
            said = _Said(
                programme.file.name.for_language(language),
                _unit_names(programme, language),
                _texts(programme, language),
            )
            self._said[programme.digest] = said
        return said

    def paper(
        self, result: Mapping[str, Any], programme: Programme, columns: int, *, copy: bool = False
    ) -> Paper:
        """The receipt of an answer."""
        document = compose(self._facts(result, programme, copy=copy), columns)
        return Paper(document, [] if document is None else plain(document, columns))

    def _facts(
        self, result: Mapping[str, Any], programme: Programme, *, copy: bool = False
    ) -> ReceiptFacts:
        language = Language(self._settings.language)
        said, reading = self._said_by(programme), Reading(result, programme, language)
        store, till = self._settings.store, self._settings.till
        sale_id, training = result.get("sale_id", ""), result.get("training", False)
        return ReceiptFacts(
            kind=reading.kind,
            language=language,
            programme=said.programme,
            terminal=f"{store} / {till}",
            at=reading.at,
            time_zone=programme.timezone,
            layout=programme.file.receipt.layout,
            sale_id=sale_id,
            member=reading.member(),
            changes=reading.changes(),
            spent=reading.spent(),
            taken=reading.taken(),
            restored=reading.restored(),
            savings=reading.savings(),
            refund=reading.refund(),
            balances=reading.balances,
            fresh=reading.is_fresh(),
            pending=reading.pending(),
            expiring=reading.expiring(),
            stamps=reading.stamps(),
            tier=reading.tier(),
            memberships=reading.memberships(),
            challenges=reading.challenges(),
            ready=reading.ready(),
            kept=reading.kept(),
            next_reward=reading.next_reward(),
            vouchers=reading.vouchers(),
            offers=reading.offers(),
            question=reading.question(store, till),
            surprises=reading.surprises(),
            messages=reading.messages(),
            offline=result["offline"],
            excluded=bool(result.get("excluded")),
            awaiting_original=result.get("awaiting_original", False),
            not_worked_out="not_worked_out" in result,
            training=training,
            copy=copy,
            reference=result.get("reference", ""),
            unit_names=said.unit_names,
            texts=said.texts,
        )


def _unit_names(programme: Programme, language: str) -> dict[str, UnitName]:
    return {
        unit: UnitName(
            table.name.one.for_language(language),
            table.name.many.for_language(language),
            table.decimals,
        )
        for unit, table in programme.file.unit.items()
    }


def _texts(programme: Programme, language: str) -> ReceiptTexts:
    texts = programme.file.receipt
    return ReceiptTexts(
        greeting="" if texts.greeting is None else texts.greeting.for_language(language),
        footer="" if texts.footer is None else texts.footer.for_language(language),
        invitation=None if texts.invitation is None else texts.invitation.for_language(language),
    )
