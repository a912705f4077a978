"""Which bytes mean which characters: .cpg, then the DBF's language id, then strict UTF-8, then strict GB18030.

Characters are never replaced: a file that no candidate decodes is refused with the question to answer.
"""

from __future__ import annotations

import codecs
import struct
from dataclasses import dataclass
from pathlib import Path

from gis_service.errors import InputError

# Language ids of dBASE headers that name one code page (dBASE and ESRI documentation); 0 and 0x57 name none.
_LANGUAGE_IDS = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5", 0x13: "cp932", 0x7B: "cp932"}
# What codecs say of a text that ends inside a character.
_CUT = {"unexpected end of data", "incomplete multibyte sequence"}
_CPG_NAMES = {"936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "65001": "utf-8"}


def dbf_encoding(dbf: Path) -> str:
    """Return the Python codec whose strict decoding reads every text of ``dbf``.

    Raises
    ------
    InputError
        No candidate decodes the file, or it is no DBF.

    """
    texts, language_id = _dbf_texts(dbf)
    candidates = [_cpg(dbf), _LANGUAGE_IDS.get(language_id), "utf-8", "gb18030"]
    for name in candidates:
        if name is not None and _decodes(texts, name):
            return name
    raise InputError(
        f"{dbf.name} 的文字编码无法识别（试过 .cpg、语言标识、UTF-8、GB18030）；请用 --encoding 指定，例如 --encoding big5。",
        f"The text encoding of {dbf.name} is unknown (.cpg, language id, UTF-8 and GB18030 all fail); name it, for "
        "example --encoding big5.",
    )


def decode(data: bytes, name: str, file: str) -> tuple[str, str]:
    """Decode a text file strictly by ``name``, else by its byte-order mark, UTF-8 or GB18030; say which."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    marked = [codec for mark, codec in marks if data.startswith(mark)]
    for codec in [name] if name else [*marked, "utf-8", "gb18030"]:
        try:
            return data.decode(codec), codec
        except (UnicodeDecodeError, LookupError):
            continue
    raise InputError(
        f"{file} 的文字编码无法识别；请另存为 UTF-8，或用 --encoding 指定。",
        f"The text encoding of {file} is unknown; save it as UTF-8 or name it with --encoding.",
    )


def _cpg(dbf: Path) -> str | None:
    for name in (dbf.with_suffix(".cpg"), dbf.with_suffix(".CPG")):
        if name.exists():
            said = name.read_text(errors="ignore").strip().lower()
            try:
                return codecs.lookup(_CPG_NAMES.get(said, said)).name
            except LookupError:
                return None
    return None


def whole_characters(dbf: Path, codec: str) -> bytes | None:
    """Return ``dbf`` without the half characters at the end of names and texts, or None where it has none.

    A writer cuts a field name at 10 bytes and a text at its width, often inside a character: 房屋编号 in UTF-8 ends
    in the first byte of 号. What stands before the cut is right and is kept.
    """
    data = bytearray(dbf.read_bytes())
    table = _table(bytes(data), dbf)
    changed = False
    spans = [(position, position + 11, b"\0") for position in table.names]
    for row in range(table.count):
        start = table.header_size + row * table.record_size
        spans += [(start + a, start + b, b" ") for a, b in table.spans if start + b <= len(data)]
    for start, stop, blank in spans:
        piece = bytes(data[start:stop])
        text = piece.split(b"\0")[0] if blank == b"\0" else piece.rstrip(b" \0")
        if text.isascii():
            continue
        end = _whole(text, codec)
        if end < len(text):
            data[start:stop] = text[:end].ljust(stop - start, blank)
            changed = True
    return bytes(data) if changed else None


def _whole(text: bytes, codec: str) -> int:
    """Return how many bytes of ``text`` are whole characters; all of them unless the last is cut."""
    try:
        text.decode(codec)
    except UnicodeDecodeError as error:
        if error.reason in _CUT:
            return error.start
    return len(text)


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
        if data[position + 11 : position + 12] == b"C":
            spans.append((offset, offset + width))
        offset += width
        position += 32
    if record_size:
        # The count is what the header claims; a truncated file has fewer.
        count = min(count, max(0, len(data) - header_size) // record_size + 1)
    return _Table(count, header_size, record_size, tuple(names), tuple(spans))


def _dbf_texts(dbf: Path) -> tuple[list[bytes], int]:
    data = dbf.read_bytes()
    table = _table(data, dbf)
    texts = [data[position : position + 11].split(b"\0")[0] for position in table.names]
    for row in range(table.count):
        start = table.header_size + row * table.record_size
        record = data[start : start + table.record_size]
        texts.extend(record[a:b].rstrip(b" \0") for a, b in table.spans)
    return [text for text in texts if not text.isascii()], data[29]


def _decodes(texts: list[bytes], codec: str) -> bool:
    for text in texts:
        try:
            text[: _whole(text, codec)].decode(codec)
        except UnicodeDecodeError:
            return False
    return True
