"""A one-time code on its way to the till that it is for: as a QR symbol on this till's page, and on its paper.

Head office says a code on the telephone or in a mail, and the new till has a scanner and perhaps no keyboard. Any till
of the store makes of it what that scanner reads. Central is not asked and nothing is kept: the code stays as good as it
was.
"""

import importlib
import textwrap
from typing import Any

from drivers.document import Block, Cut, Document, Feed, QrCode, Text
from edge_agent.devices import PrintQueue
from edge_agent.domain.programme.texts import texts
from edge_agent.errors import FieldError, Invalid
from edge_agent.till.views import PrintState
from sync.errors import EnrolmentRefused
from sync.identity import checked_code

JOB = "enrolment-code"

_QR_DOTS = 8
"""Each module a millimetre at 203 dots per inch: a code of 14 characters is then three centimetres wide."""

_TITLE = texts(
    {
        "nl": "Kassa aanmelden",
        "en": "Enrol a till",
        "de": "Kasse anmelden",
        "fr": "Inscrire une caisse",
    }
)
_PLACE = texts(
    {
        "nl": "Winkel {store}, kassa {till}",
        "en": "Store {store}, till {till}",
        "de": "Filiale {store}, Kasse {till}",
        "fr": "Magasin {store}, caisse {till}",
    }
)
_HOW = texts(
    {
        "nl": "Scan deze code met de scanner van die kassa, of typ hem daar in op de pagina voor winkel-IT ({page}).",
        "en": "Scan this code with the scanner of that till, or type it there on the page for store IT ({page}).",
        "de": "Diesen Code mit dem Scanner jener Kasse scannen oder dort auf der Seite für die Filial-IT"
        " eintippen ({page}).",
        "fr": "Scannez ce code avec le lecteur de cette caisse, ou tapez-le là-bas sur la page de l’informatique du"
        " magasin ({page}).",
    }
)
_ONCE = texts(
    {
        "nl": "Hij werkt één keer, alleen voor die kassa, en zolang als het hoofdkantoor zei.",
        "en": "It works once, for that till only, and for as long as head office said.",
        "de": "Er gilt einmal, nur für jene Kasse, und so lange, wie die Hauptverwaltung sagte.",
        "fr": "Il marche une fois, pour cette caisse seulement, et aussi longtemps que le siège l’a dit.",
    }
)
_CENTRAL = texts({"nl": "Centrale:", "en": "Central:", "de": "Zentrale:", "fr": "Centrale :"})

_PAGE = "http://127.0.0.1:8420/it"
"""Where an agent listens unless its configuration says otherwise; of another till nothing more is known here."""


class PassingOn:
    """Shows and prints codes that are another till's."""

    def __init__(
        self, store: str, language: str, central: str | None, printing: PrintQueue
    ) -> None:
        self._store = store
        self._language = language
        self._central = central
        self._printing = printing

    def show(self, code: str, till: str, *, prints: bool) -> dict[str, Any]:
        """A code as it was typed, in central's form, and as the rows of a QR symbol; printed as well where asked for.

        Raises Invalid where it cannot be a code.
        """
        try:
            checked = checked_code(code)
        except EnrolmentRefused as error:
            raise Invalid("this is no code", [FieldError("code", error.detail)]) from error
        return {
            "code": checked,
            "qr": _modules(checked),
            "print": self._print(checked, till).value if prints else PrintState.NONE.value,
        }

    def _print(self, code: str, till: str) -> PrintState:
        columns = self._printing.columns
        if columns is None:
            return PrintState.NONE
        queued = self._printing.submit(JOB, self.slip(code, till, columns))
        return PrintState.QUEUED if queued else PrintState.FAILED

    def slip(self, code: str, till: str, columns: int) -> Document:
        """The code on paper, with the till that it is for and what to do with it."""
        language = self._language
        place = _PLACE.for_language(language).format(store=self._store, till=till)
        said = [_HOW.for_language(language).format(page=_PAGE), _ONCE.for_language(language)]
        if self._central is not None:
            said.append(f"{_CENTRAL.for_language(language)} {self._central}")
        blocks: list[Block] = [
            Text(_TITLE.for_language(language), bold=True, double_height=True, align="center"),
            *(Text(line, align="center") for line in _wrapped(place, columns)),
            Feed(),
            QrCode(code, _QR_DOTS),
            Text(code, bold=True, align="center"),
        ]
        for each in said:
            blocks += [Feed(), *(Text(line) for line in _wrapped(each, columns))]
        return Document((*blocks, Cut()))


def _modules(code: str) -> list[str]:
    # Not loaded before it is needed: a till may never draw one.
    segno = importlib.import_module("segno")
    return ["".join(map(str, row)) for row in segno.make_qr(code).matrix]


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, columns, break_on_hyphens=False)
