"""Which bytes mean which characters: decided by what can fail, not by what a file claims.

Bytes that are valid UTF-8 with Chinese in them are UTF-8; a text of another encoding passes that test by accident
hardly ever. A page of single bytes decodes anything, so that it decodes proves nothing: it comes last. Between
encodings of two bytes (GB18030, Big5, Shift-JIS), the one counts whose characters are the everyday ones.
Characters are never replaced: a text that nothing decodes is refused with the question to answer.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gis_service.errors import InputError

GB = "gb18030"
# What codecs say of a text that ends inside a character.
_CUT = {"unexpected end of data", "incomplete multibyte sequence"}
_SAMPLE = 20_000
# Of a text in Chinese nearly all characters are everyday ones; of another text taken for it, few.
_PLAUSIBLE = 0.5
# Names that .cpg files, XML declarations and people give to encodings, without signs and prefixes.
_NAMES = {
    "utf8": "utf-8", "65001": "utf-8", "unicodeutf8": "utf-8", "utf8bom": "utf-8",
    "gbk": GB, "gb2312": GB, "gb231280": GB, "gb18030": GB, "936": GB, "54936": GB, "euccn": GB, "chinese": GB,
    "big5": "big5", "950": "cp950",
    "shiftjis": "cp932", "sjis": "cp932", "932": "cp932", "euckr": "cp949", "949": "cp949",
    "ascii": "latin-1", "usascii": "latin-1",
}  # fmt: skip
_PREFIX = re.compile(r"^(?:ansi|oem|codepage|windows|win|ibm|ms|cp|x)+(?=[a-z]*\d|gbk|big)")
_CHINESE = re.compile("[\u2e80-\uffff\U00010000-\U0010ffff]")
# 学校 in GBK is valid UTF-8 too, of two Cyrillic letters: what is neither Latin nor a sign is no proof of UTF-8.
_FAR = re.compile("[\u0100-\u1fff\u2c00-\u2e7f]")
_BESIDE = re.compile(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")
# What programs write of a file without being asked. Their words have Latin letters beside accents; Cyrillic words have none.
_WESTERN = {"cp1252", "iso8859-1", "latin-1", "iso8859-15", "cp437", "cp850"}
_WIDE = ("utf-8", GB, "cp950", "big5", "cp932", "cp949")


@dataclass(frozen=True)
class Choice:
    """The codec that reads a text, and why where a file claims another."""

    codec: str
    why_zh: str = ""
    why_en: str = ""


def codec_of(name: str) -> str | None:
    """Return the codec that somebody means by ``name`` (GBK, ANSI 936, cp1252, 88591), or None."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    for said in (plain, _PREFIX.sub("", plain)):
        if said in _NAMES:
            return _NAMES[said]
        iso = re.fullmatch(r"(?:iso)?8859(\d{1,2})", said)
        number = f"iso8859-{iso.group(1)}" if iso else f"cp{said}" if said.isdigit() else said
        for spelling in (number, name.strip().lower()):
            try:
                found = codecs.lookup(spelling)
            except (LookupError, ValueError):
                continue
            if getattr(found, "_is_text_encoding", True):  # some are of bytes (hex)
                return found.name
    return None


def choose(texts: Sequence[bytes], claims: Sequence[str]) -> Choice | None:
    """Return the codec that reads all ``texts``, or None where none does.

    Parameters
    ----------
    texts
        All texts of the file; each may be cut inside its last character.
    claims
        What the file says its encoding is, the surest first, in its own words.

    """
    foreign = list(dict.fromkeys(text for text in texts if not text.isascii()))
    claimed = [codec for codec in map(codec_of, claims) if codec is not None]
    if not foreign:
        return Choice(next((codec for codec in claimed if codec in _WIDE), "utf-8"))
    said = ("、".join(claims), ", ".join(claims))
    unicode = _decoded(foreign, "utf-8")
    wide = [codec for codec in dict.fromkeys(claimed) if codec in _WIDE[1:]]
    if unicode is not None and (_CHINESE.search(unicode) or (not wide and not _FAR.search(unicode))):
        return _because(Choice("utf-8"), claimed, said, ("字节符合 UTF-8", "the bytes are valid UTF-8"))
    best = _best([*wide, GB, *(("cp950",) if "cp950" not in wide else ())], foreign, sure=len(wide))
    if unicode is not None and (best is None or best[1] < _PLAUSIBLE):
        return Choice("utf-8")
    single = next((codec for codec in claimed if codec not in _WIDE and _decoded(foreign, codec) is not None), None)
    if best is not None and (single is None or best[1] >= _PLAUSIBLE):
        return _because(Choice(best[0]), claimed, said, ("字节按它读出常用汉字", "it gives everyday characters"))
    if best is not None and best[0] == GB and single in _WESTERN and _stand_alone(foreign):
        return _because(Choice(GB), claimed, said, ("字节按它读出汉字", "it gives Chinese characters"))
    return Choice(single) if single is not None else None


def _best(candidates: list[str], texts: list[bytes], sure: int) -> tuple[str, float] | None:
    """Return the codec whose characters are the most everyday ones, and their share; a claim wins a near tie.

    The first ``sure`` candidates are claimed by the file. Big5 is not guessed where GB18030 reads nearly as well.
    """
    found: list[tuple[float, str, float]] = []
    for place, codec in enumerate(candidates):
        decoded = _decoded(texts, codec)
        if decoded is not None:
            share = _everyday(decoded, codec)
            bonus = 0.1 if place < sure else 0.05 if codec == GB else -0.25
            found.append((share + bonus, codec, share))
    if not found:
        return None
    _, codec, share = max(found, key=lambda one: one[0])
    return codec, share


def _stand_alone(texts: Sequence[bytes]) -> bool:
    """Tell whether all are GB 2312, be it of rare characters (泗), and none is beside a Latin letter, as accents are."""
    try:
        return not any(_BESIDE.search(text.decode("gb2312")) for text in texts)
    except UnicodeDecodeError:
        return False


def _because(choice: Choice, claimed: list[str], said: tuple[str, str], why: tuple[str, str]) -> Choice:
    if not claimed or choice.codec == claimed[0]:
        return choice
    return Choice(choice.codec, f"（文件称是 {said[0]}，但{why[0]}）", f" (the file says {said[1]}, but {why[1]})")


def _decoded(texts: Sequence[bytes], codec: str) -> str | None:
    try:
        return "".join(text[: whole(text, codec)].decode(codec) for text in texts)
    except (UnicodeDecodeError, LookupError):
        return None


def whole(text: bytes, codec: str) -> int:
    """Return how many bytes of ``text`` are whole characters; all of them unless the last is cut."""
    try:
        text.decode(codec)
    except UnicodeDecodeError as error:
        if error.reason in _CUT:
            return error.start
    return len(text)


def _everyday(decoded: str, codec: str) -> float:
    """Return which share of the characters beyond ASCII a standard lists as everyday ones."""
    foreign = [c for c in decoded if not c.isascii()]
    foreign = foreign[:: max(1, len(foreign) // _SAMPLE)]
    everyday = _EVERYDAY[codec]
    return sum(map(everyday, foreign)) / len(foreign) if foreign else 0.0


def _between(codec: str, *spans: tuple[int, int]) -> Callable[[str], bool]:
    """Return a test of whether a character's first byte in ``codec`` lies in one of the ``spans``."""

    def test(c: str) -> bool:
        try:
            raw = c.encode(codec)
        except UnicodeEncodeError:
            return False
        return len(raw) == 2 and any(low <= raw[0] <= high for low, high in spans)

    return test


# Level 1 of GB 2312, of Big5, of JIS X 0208 and KS X 1001, with their punctuation and kana.
_EVERYDAY: dict[str, Callable[[str], bool]] = {
    GB: _between("gb2312", (0xA1, 0xA3), (0xB0, 0xD7)),
    "big5": _between("big5", (0xA1, 0xA3), (0xA4, 0xC6)),
    "cp950": _between("cp950", (0xA1, 0xA3), (0xA4, 0xC6)),
    "cp932": _between("cp932", (0x81, 0x83), (0x88, 0x97)),
    "cp949": _between("euc_kr", (0xA1, 0xA3), (0xB0, 0xC8)),
}


def decode(data: bytes, name: str, file: str, claims: Sequence[str] = ()) -> tuple[str, tuple[str, str, str]]:
    """Decode a text file by ``name``, else by its byte-order mark, else by :func:`choose`.

    Returns
    -------
    The text, and the codec with its reason in Chinese and in English.

    Raises
    ------
    InputError
        Nothing decodes it.

    """
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    marked = next((codec for mark, codec in marks if data.startswith(mark)), None)
    if name:
        choice: Choice | None = Choice(given(name))
    elif marked is not None:
        choice = Choice(marked)
    else:
        # Line by line: no text ends inside a character here, and a line is what one person typed.
        choice = choose([data] if data.isascii() else data.splitlines(), claims)
    if choice is not None:
        try:
            return data.decode(choice.codec), (choice.codec, choice.why_zh, choice.why_en)
        except UnicodeDecodeError:
            pass
    raise InputError(
        f"{file} 的文字编码无法识别；请另存为 UTF-8，或用 --encoding 指定。",
        f"The text encoding of {file} is unknown; save it as UTF-8 or name it with --encoding.",
    )


def given(name: str) -> str:
    """Return the codec that a user names.

    Raises
    ------
    InputError
        There is no such encoding.

    """
    codec = codec_of(name)
    if codec is None:
        raise InputError(
            f"没有名为“{name}”的文字编码；请用 --encoding utf-8、gb18030 或 big5。",
            f"There is no text encoding {name!r}; use --encoding utf-8, gb18030 or big5.",
        )
    return codec
