"""Documents into ESC/POS bytes."""

import itertools
import json
import re
import subprocess
import sys
from importlib import resources

import pytest
from escpos.printer import Dummy

from drivers.document import Cut, Document, Feed, QrCode, Text, printer_test
from drivers.escpos_encoder import EscposEncoder, job_done_request, printable
from drivers.ports import SettingsError


def encode(
    *blocks: Text | QrCode | Feed | Cut, profile: str = "TM-T20II", code_page: str = "CP858"
) -> bytes:
    return EscposEncoder(profile, code_page).encode(Document(blocks))


@pytest.mark.parametrize(
    ("profile", "code_page", "select", "euro"),
    [
        ("TM-T20II", "CP858", b"\x1bt\x13", b"\xd5"),
        ("TM-T88V", "CP858", b"\x1bt\x13", b"\xd5"),
        ("TM-T20II", "CP1252", b"\x1bt\x10", b"\x80"),
        ("TM-T20II", "WPC1252", b"\x1bt\x10", b"\x80"),
        ("TM-T20II", "ISO_8859-15", b"\x1bt\x28", b"\xa4"),
        ("POS-5890", "CP858", b"\x1bt\x35", b"\xd5"),
    ],
)
def test_the_euro_sign_is_printed_in_the_code_page_that_was_chosen(
    profile: str, code_page: str, select: bytes, euro: bytes
) -> None:
    data = encode(Text("€ 1,50"), profile=profile, code_page=code_page)
    assert data.startswith(b"\x1b@" + select)
    assert euro + b" 1,50\n" in data
    assert data.count(b"\x1bt") == 1, "the code page is never changed on the way"


def test_the_code_page_is_chosen_again_in_every_job() -> None:
    encoder = EscposEncoder("TM-T20II")
    first, second = (encoder.encode(Document((Text("€"),))) for _ in range(2))
    assert first == second
    assert first.startswith(b"\x1b@\x1bt\x13")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("€\u202f1,50", "€ 1,50"),
        ("€\u00a01,50", "€ 1,50"),
        ("blĳ", "blij"),
        ("e\u0301", "é"),
        ("wacht…", "wacht..."),
        ("’s avonds – „ja“", '\'s avonds - "ja"'),
        ("Łódź", "?ódz"),
        ("日本", "??"),
        ("\x1b@ hack\n", "?@ hack?"),
        ("œuf", "oeuf"),
        ("10 \u2212 3", "10 - 3"),
    ],
)
def test_characters_that_the_page_lacks_are_replaced_visibly(text: str, shown: str) -> None:
    assert printable(text, "cp858") == shown


def test_a_ligature_takes_its_room_from_the_padding() -> None:
    line = "Blĳ ei            €\u202f1,50"
    assert len(printable(line, "cp858")) == len(line)
    assert printable(line, "cp858").endswith("€ 1,50")


def test_no_text_can_hold_a_printer_command() -> None:
    data = encode(Text("\x1bp\x00\x32\x32\x1dV\x00\x10\x14\x01"))
    assert b"?p?22?V????" in data


def test_a_qr_code_is_drawn_by_the_printer_where_it_can() -> None:
    data = encode(QrCode("S-1", dots=6))
    assert b"\x1d(k\x04\x00\x31\x41\x32\x00" in data  # model 2
    assert b"\x1d(k\x03\x00\x31\x43\x06" in data
    assert b"\x1d(k\x03\x00\x31\x45\x31" in data  # level M
    assert b"\x1d(k\x06\x00\x31\x50\x30S-1" in data
    assert b"\x1d(k\x03\x00\x31\x51\x30" in data


def test_a_printer_without_native_qr_gets_a_raster() -> None:
    data = encode(QrCode("S-1"), profile="POS-5890")
    assert b"\x1d(k" not in data
    assert b"\x1dv0\x00" in data


def test_a_printer_without_pictures_leaves_the_qr_code_out() -> None:
    data = encode(Text("a"), QrCode("S-1"), Text("b"), profile="NT-5890K", code_page="CP858")
    assert b"a\n" in data
    assert b"b\n" in data


def test_it_cuts_where_there_is_a_cutter_and_feeds_where_there_is_none() -> None:
    assert encode(Cut()).endswith(b"\x1dVB\x00")
    without = encode(Cut(), profile="POS-5890")
    assert b"\x1dV" not in without
    assert without.endswith(b"\x1bd\x06")


def test_styles_do_not_leak_into_the_next_line() -> None:
    data = encode(Text("A", bold=True, double_height=True, align="center"), Text("B"))
    before_b = data[: data.index(b"B\n")]
    assert before_b.rindex(b"\x1bE\x00") > before_b.rindex(b"\x1bE\x01")
    assert before_b.rindex(b"\x1ba\x00") > before_b.rindex(b"\x1ba\x01")
    assert before_b.rindex(b"\x1b!\x00") > before_b.rindex(b"\x1b!\x10")


def test_the_request_for_confirmation_comes_last() -> None:
    data = EscposEncoder("TM-T20II").encode(printer_test(48), b"0042")
    assert data.endswith(b"\x1d(H\x06\x00\x30\x300042")


@pytest.mark.parametrize("mark", [b"123", b"12345", b"12\x003", b"12\x7f3"])
def test_a_mark_that_the_printer_would_not_take_is_refused(mark: bytes) -> None:
    with pytest.raises(ValueError, match="job_mark"):
        job_done_request(mark)


@pytest.mark.parametrize(
    ("profile", "code_page", "setting"),
    [("TM-X", "CP858", "profile"), ("TM-U220", "CP858", "code_page")],
)
def test_settings_that_do_not_exist_are_named(profile: str, code_page: str, setting: str) -> None:
    with pytest.raises(SettingsError) as caught:
        EscposEncoder(profile, code_page).check()
    assert caught.value.setting == setting


def test_a_code_page_without_a_euro_sign_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match="code_page: 'CP437', allowed are CP858"):
        EscposEncoder("TM-T20II", "CP437")


def profiles_with(code_page: str) -> list[str]:
    text = resources.files("escpos").joinpath("capabilities.json").read_text()
    known = json.loads(text)["profiles"]
    return [name for name, facts in known.items() if code_page in facts["codePages"].values()]


def as_the_library_sends_it(document: Document, model: str, code_page: str) -> bytes:
    """The same job by python-escpos, with each size chosen once and not three times."""
    printer = Dummy(profile=model)
    printer.hw("INIT")
    printer.charcode(code_page)
    for block in document.blocks:
        match block:
            case Text():
                size = {"double_height" if block.double_height else "normal_textsize": True}
                printer.set(align=block.align, bold=block.bold, **size)
                printer.textln(block.text)
            case QrCode():
                printer.set(align="center", bold=False, normal_textsize=True)
                if printer.profile.supports("qrCode"):
                    printer.qr(block.data, native=True, ec=1, size=block.dots)
                    printer.ln()
                printer.set(align="left")
            case Feed():
                printer.print_and_feed(block.lines)
            case Cut():
                if printer.profile.supports("paperPartCut") or printer.profile.supports(
                    "paperFullCut"
                ):
                    printer.cut(feed=False)
                else:
                    printer.print_and_feed(6)
    output: bytes = printer.output
    return re.sub(rb"(\x1b!\x00)+(?=\x1b!)", b"", output)


@pytest.mark.parametrize("code_page", ["CP858", "CP1252", "ISO_8859-15"])
def test_every_profile_gets_the_bytes_that_python_escpos_would_send(code_page: str) -> None:
    styles = itertools.product((False, True), (False, True), ("left", "center", "right"))
    document = Document(
        (
            *(Text("€ 1,50 é ß", bold, tall, align) for bold, tall, align in styles),  # type: ignore[arg-type]
            QrCode("é" * 200, dots=16),
            Feed(20),
            Cut(),
        )
    )
    models = profiles_with(code_page)
    assert len(models) > 5
    for model in models:
        ours = EscposEncoder(model, code_page).encode(document)
        raster = slice(*(ours.find(mark) for mark in (b"\x1dv0", b"\x1ba\x00\x1bd\x14")))
        without = ours.replace(ours[raster], b"") if raster.start >= 0 else ours
        assert without == as_the_library_sends_it(document, model, code_page), model


def test_the_library_itself_with_its_pictures_is_not_loaded() -> None:
    program = """
import logging, sys
from drivers.document import printer_test
from drivers.escpos_encoder import EscposEncoder
EscposEncoder('TM-T20II').encode(printer_test(48))
assert not {'escpos.escpos', 'PIL', 'qrcode', 'barcode', 'yaml'} & set(sys.modules)
assert logging.getLogger().handlers == []
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
