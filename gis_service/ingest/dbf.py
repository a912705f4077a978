"""The table of a shapefile: where its texts stand, what it says of their encoding, and what GDAL would spoil in it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from gis_service.errors import InputError
from gis_service.ingest.encoding import Choice, choose, given, whole

# Language ids of dBASE headers that name one code page (dBASE and ESRI documentation); 0 and 0x57 name none.
_LANGUAGE_IDS = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x13: "cp932", 0x4D: "gbk", 0x4E: "cp949", 0x4F: "cp950", 0x64: "cp852",
    0x65: "cp866", 0x78: "cp950", 0x79: "cp949", 0x7A: "gbk", 0x7B: "cp932", 0xC8: "cp1250", 0xC9: "cp1251",
}  # fmt: skip
# A double holds every whole number of fifteen digits; wider ones are read as text.
_EXACT_DIGITS = 15
_TEXT = b"C"


def encoding_of(dbf: Path, name: str = "") -> Choice:
    """Return the encoding whose strict decoding reads every name and text of ``dbf``.

    Parameters
    ----------
    name
        The encoding that the user names; it wins, and must decode all the same.

    Raises
    ------
    InputError
        No candidate decodes the file, or it is no DBF.

    """
    data = dbf.read_bytes()
    texts = _texts(data, _table(data, dbf))
    if name:
        codec = given(name)
        if all(_reads(text, codec) for text in texts):
            return Choice(codec)
        raise InputError(
            f"{dbf.name} 不能按指定的文字编码 {name} 读取；请核对 --encoding。",
            f"{dbf.name} cannot be read in the encoding {name}; check --encoding.",
        )
    claims = [claim for claim in (_cpg(dbf), _LANGUAGE_IDS.get(data[29])) if claim]
    choice = choose(texts, claims)
    if choice is None:
        raise InputError(
            f"{dbf.name} 的文字编码无法识别（试过 .cpg、语言标识、UTF-8、GB18030）；请用 --encoding 指定，例如 --encoding big5。",
            f"The text encoding of {dbf.name} is unknown (.cpg, language id, UTF-8 and GB18030 all fail); name it, for "
            "example --encoding big5.",
        )
    return choice


def _reads(text: bytes, codec: str) -> bool:
    try:
        text[: whole(text, codec)].decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _cpg(dbf: Path) -> str | None:
    for suffix in (".cpg", ".CPG", ".Cpg"):
        for file in (dbf.with_suffix(suffix), dbf.with_name(dbf.name + suffix)):
            if file.is_file():
                said = file.read_bytes()[:100].replace(b"\0", b"").decode("ascii", "ignore").strip().strip("\"'")
                return said.splitlines()[0].strip() if said else None
    return None


def exact(dbf: Path, codec: str) -> bytes:
    """Return the table as GDAL reads it without loss.

    A writer cuts a field name at 10 bytes and a text at its width, often inside a character: 房屋编号 in UTF-8 ends
    in the first byte of 号. What stands before the cut is right and is kept. A column of whole numbers wider than
    fifteen digits becomes one of text: as a number it would be rounded.
    """
    data = bytearray(dbf.read_bytes())
    table = _table(bytes(data), dbf)
    spans = [(position, position + 11, b"\0") for position in table.names]
    for row in range(table.count):
        start = table.header_size + row * table.record_size
        spans += [(start + a, start + b, b" ") for a, b in table.spans if start + b <= len(data)]
    ends: dict[bytes, int] = {}
    for start, stop, blank in spans:
        piece = bytes(data[start:stop])
        text = piece.split(b"\0")[0] if blank == b"\0" else piece.rstrip(b" \0")
        if text.isascii():
            continue
        if text not in ends:
            ends[text] = whole(text, codec)
        if ends[text] < len(text):
            data[start:stop] = text[: ends[text]].ljust(stop - start, blank)
    _keep_digits(data, table)
    return bytes(data)


def _keep_digits(data: bytearray, table: _Table) -> None:
    """Make columns of whole numbers too wide for a double columns of text; asterisks stand for nothing in a number."""
    offset = 1
    for position in table.names:
        kind, width, decimals = chr(data[position + 11]), data[position + 16], data[position + 17]
        if kind in "NF" and width > _EXACT_DIGITS and decimals == 0:
            data[position + 11 : position + 12] = _TEXT
            for row in range(table.count):
                start = table.header_size + row * table.record_size + offset
                if start + width <= len(data) and data[start : start + 1] == b"*":
                    data[start : start + width] = b" " * width
        offset += width


@dataclass(frozen=True)
class _Table:
    count: int
    header_size: int
    record_size: int
    names: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


def _table(data: bytes, dbf: Path) -> _Table:
    """Return where a DBF's field names stand in the file, and its texts in a record."""
    if len(data) < 33:
        raise InputError(f"{dbf.name} 不是 DBF 文件或已截断。", f"{dbf.name} is no DBF file or is truncated.")
    count, header_size, record_size = struct.unpack("<IHH", data[4:12])
    names: list[int] = []
    spans: list[tuple[int, int]] = []
    position, offset = 32, 1
    while position + 32 <= min(header_size, len(data)) and data[position] != 0x0D:
        width = data[position + 16]
        names.append(position)
        if data[position + 11 : position + 12] == _TEXT:
            spans.append((offset, offset + width))
        offset += width
        position += 32
    if record_size:
        # The count is what the header claims; a truncated file has fewer.
        count = min(count, max(0, len(data) - header_size) // record_size + 1)
    return _Table(count, header_size, record_size, tuple(names), tuple(spans))


def _texts(data: bytes, table: _Table) -> list[bytes]:
    """Return the names and texts that are not ASCII, each once."""
    texts = {data[position : position + 11].split(b"\0")[0] for position in table.names}
    for row in range(table.count):
        start = table.header_size + row * table.record_size
        record = data[start : start + table.record_size]
        texts.update(record[a:b].rstrip(b" \0") for a, b in table.spans)
    return sorted(text for text in texts if not text.isascii())
