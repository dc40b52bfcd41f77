"""An ESC/POS job as a picture of the paper, for people, tests and docs."""

import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources
from importlib.util import find_spec

from PIL import Image, ImageDraw, ImageFont

from drivers.escpos_tokens import Token, tokenise

CELL_WIDTH, CELL_HEIGHT = 12, 24
"""Font A of an 80 mm printer: 12 x 24 dots, so 48 columns are 576 dots."""

LINE_HEIGHT = 30
"""1/6 inch at 180 dpi, the default line spacing."""

MARGIN = 24
PAPER, INK, EDGE = 255, 0, 120

HEIGHT_MAX = 20_000
"""Over two metres of paper; longer jobs are drawn up to here."""

_CODECS = {0: "cp437", 2: "cp850", 16: "cp1252", 19: "cp858", 40: "iso8859-15"}
_CODECS_POS_5890 = {53: "cp858", 71: "cp1252"}


@dataclass(frozen=True, slots=True)
class _Style:
    codec: str = "cp437"
    bold: bool = False
    wide: int = 1
    high: int = 1
    align: int = 0


def draw_png(data: bytes, columns: int = 48) -> bytes:
    """The picture of one job as PNG: greyscale, one pixel per printer dot."""
    picture = draw(data, columns)
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True)
    return target.getvalue()


def draw(data: bytes, columns: int = 48) -> Image.Image:
    """The same as an image."""
    paper = _Paper(columns)
    for token in tokenise(data):
        paper.take(token)
    return paper.finish()


def text_of(data: bytes, columns: int = 48) -> list[str]:
    """The lines of text of a job as they stand on paper, trailing blanks left off."""
    paper = _Paper(columns)
    for token in tokenise(data):
        paper.take(token)
    paper.finish()
    return paper.lines


class _Paper:
    def __init__(self, columns: int) -> None:
        self.lines: list[str] = []
        self._columns = columns
        self._width = columns * CELL_WIDTH
        self._font = _font()
        self._style = _Style()
        self._cells: list[tuple[str, _Style]] = []
        self._strips: list[Image.Image] = []
        self._height = 0
        self._qr = b""
        self._qr_dots = 3
        self._qr_level = "l"
        self._commands: dict[bytes, Callable[[bytes], None]] = {
            b"\x1b@": lambda _: self._set(_Style()),
            b"\x1b!": self._mode,
            b"\x1bE": lambda args: self._set(replace(self._style, bold=bool(args[0] & 1))),
            b"\x1ba": lambda args: self._set(replace(self._style, align=args[0] % 48 % 3)),
            b"\x1bt": self._code_page,
            b"\x1bd": lambda args: self._feed(args[0] * LINE_HEIGHT),
            b"\x1bJ": lambda args: self._feed(args[0]),
            b"\x1d!": self._size,
            b"\x1dV": self._cut,
            b"\x1dv": self._raster,
            b"\x1d(k": self._two_dimensional,
        }

    def take(self, token: Token) -> None:
        if token.kind == "text":
            self._write(token.data.decode(self._style.codec, "replace"))
        elif token.data == b"\n":
            self._end_line()
        elif token.kind == "command":
            command = self._commands.get(token.name)
            if command is not None:
                command(token.arguments)

    def finish(self) -> Image.Image:
        if self._cells:
            self._end_line()
        picture = Image.new("L", (self._width + 2 * MARGIN, self._height + 2 * MARGIN), PAPER)
        top = MARGIN
        for strip in self._strips:
            picture.paste(strip, (MARGIN, top))
            top += strip.height
        return picture

    def _set(self, style: _Style) -> None:
        self._style = style

    def _mode(self, arguments: bytes) -> None:
        """ESC ! sets all of it at once: 08 bold, 10 double height, 20 double width."""
        mode = arguments[0]
        self._set(
            replace(
                self._style,
                bold=bool(mode & 0x08),
                high=2 if mode & 0x10 else 1,
                wide=2 if mode & 0x20 else 1,
            )
        )

    def _size(self, arguments: bytes) -> None:
        wide, high = (arguments[0] >> 4 & 7) + 1, (arguments[0] & 7) + 1
        self._set(replace(self._style, wide=wide, high=high))

    def _code_page(self, arguments: bytes) -> None:
        page = arguments[0]
        codec = _CODECS.get(page) or _CODECS_POS_5890.get(page) or "ascii"
        self._set(replace(self._style, codec=codec))

    def _write(self, text: str) -> None:
        for char in text:
            used = sum(style.wide for _, style in self._cells)
            if used + self._style.wide > self._columns:
                self._end_line()  # the printer goes to the next line by itself
            self._cells.append((char, self._style))

    def _end_line(self) -> None:
        cells, self._cells = self._cells, []
        self.lines.append("".join(char for char, _ in cells).rstrip())
        high = max((style.high for _, style in cells), default=1)
        strip = self._strip(LINE_HEIGHT + (high - 1) * CELL_HEIGHT)
        left = self._left(sum(style.wide for _, style in cells) * CELL_WIDTH)
        for char, style in cells:
            glyph = self._glyph(char, style)
            # All stand on one base line, as the printer aligns them.
            strip.paste(glyph, (left, (high - style.high) * CELL_HEIGHT))
            left += glyph.width
        self._append(strip)

    def _glyph(self, char: str, style: _Style) -> Image.Image:
        cell = Image.new("L", (CELL_WIDTH, CELL_HEIGHT), PAPER)
        pen = ImageDraw.Draw(cell)
        shifts = (0, 1) if style.bold else (0,)
        for shift in shifts if char.isprintable() else ():
            pen.text((shift, 18), char, fill=INK, font=self._font, anchor="ls")
        if style.wide == style.high == 1:
            return cell
        return cell.resize((CELL_WIDTH * style.wide, CELL_HEIGHT * style.high))

    def _left(self, width: int) -> int:
        free = max(0, self._width - width)
        return (0, free // 2, free)[self._style.align]

    def _strip(self, height: int) -> Image.Image:
        return Image.new("L", (self._width, height), PAPER)

    def _append(self, strip: Image.Image) -> None:
        if self._height + strip.height <= HEIGHT_MAX:
            self._strips.append(strip)
            self._height += strip.height

    def _feed(self, dots: int) -> None:
        if self._cells:
            self._end_line()
        if dots:
            self._append(self._strip(dots))

    def _cut(self, _: bytes) -> None:
        strip = self._strip(2 * LINE_HEIGHT)
        pen = ImageDraw.Draw(strip)
        for left in range(0, self._width, 16):
            pen.line((left, LINE_HEIGHT, left + 8, LINE_HEIGHT), fill=EDGE, width=2)
        self._append(strip)

    def _raster(self, arguments: bytes) -> None:
        """GS v 0 m xL xH yL yH: a bit per dot, the leftmost in the highest."""
        width_bytes = arguments[2] + arguments[3] * 256
        height = arguments[4] + arguments[5] * 256
        bits = arguments[6 : 6 + width_bytes * height]
        if not width_bytes or not height or len(bits) < width_bytes * height:
            return
        # In PIL's mode 1 a set bit is white; on paper it is ink.
        inverted = bytes(byte ^ 0xFF for byte in bits)
        self._centre(Image.frombytes("1", (width_bytes * 8, height), inverted).convert("L"))

    def _centre(self, drawn: Image.Image) -> None:
        strip = self._strip(drawn.height + 8)
        strip.paste(drawn, (self._left(drawn.width), 4))
        self._append(strip)

    def _two_dimensional(self, arguments: bytes) -> None:
        """GS ( k pL pH cn fn ...: 43 size, 45 level, 50 store, 51 print; cn 31 is QR."""
        if len(arguments) < 4 or arguments[2] != 0x31:
            return
        function, values = arguments[3], arguments[4:]
        if function == 0x43 and values:
            self._qr_dots = min(max(values[0], 1), 16)
        elif function == 0x45 and values:
            self._qr_level = "lmqh"[(values[0] - 0x30) % 4]
        elif function == 0x50:
            self._qr = values[1:]
        elif function == 0x51 and self._qr:
            self._draw_qr()

    def _draw_qr(self) -> None:
        segno = importlib.import_module("segno")
        try:
            code = segno.make_qr(self._qr.decode("utf-8", "replace"), error=self._qr_level)
        except ValueError:  # more than a code can hold: the printer draws nothing either
            return
        modules = [bytes(row) for row in code.matrix_iter(scale=1, border=0)]
        drawn = Image.new("L", (len(modules[0]), len(modules)), PAPER)
        drawn.putdata([INK if module else PAPER for row in modules for module in row])
        size = (drawn.width * self._qr_dots, drawn.height * self._qr_dots)
        self._centre(drawn.resize(size, Image.Resampling.NEAREST))


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """DejaVu Sans Mono, which python-escpos' barcode library ships; else Pillow's own."""
    if find_spec("barcode") is not None:
        font = resources.files("barcode").joinpath("fonts", "DejaVuSansMono.ttf")
        if font.is_file():
            return ImageFont.truetype(
                io.BytesIO(font.read_bytes()), 20, layout_engine=ImageFont.Layout.BASIC
            )
    return ImageFont.load_default(18)
