"""Turn what stands in a cell into a value of the database, or say why it cannot be."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

import numpy as np
import pandas as pd

Sentence = tuple[str, str]
Parser = Callable[[Any], Any]

# What a double no longer tells apart from its neighbours when it is shown with fifteen digits.
_EXACT_MAX = 1e15
_SCIENTIFIC = re.compile(r"[+-]?(?:\d+\.\d*[eE][+-]?\d{1,3}|\d+[eE]\+\d{1,3})")
_ERROR_CELLS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"}
_CHINESE_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {
    "两": 2, "〇": 0, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9,
}  # fmt: skip
_ONE = "[一二三四五六七八九两壹贰叁肆伍陆柒捌玖]"
_CHINESE_NUMBER = re.compile(rf"(?:{_ONE}|[零〇])+|{_ONE}?十{_ONE}?")
_UNKNOWN = {"nan", "none", "null", "未知", "不详"}
_STOREYS = re.compile(
    r"(?:(?:地上|共)?(?P<above>.+?)(?:(?P<half>层半|半层|半)|层楼|层|楼|f|storeys?|floors?)?)?"
    r"(?P<below>[,，;；、/及和]?地下(?P<depth>.+?)层?)?"
)
_BELOW_FIRST = re.compile(r"(地下[^地]+?层?)[,，;；、/及和]?(地上.+)")
_NONE = {"无", "没有", "否", "none", "no"}
_DAY = re.compile(
    r"(?P<y>\d{4})(?:[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?|(?P<mm>\d{2})(?P<dd>\d{2}))"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$"
)
_SEPARATORS = re.compile(r"[;；,，、|/]+")


_NESTED = (list, dict, tuple, np.ndarray)


class BadValueError(ValueError):
    """A cell whose value cannot be used; carries the sentence in Chinese and in English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.sentence: Sentence = (zh, en)


def is_missing(raw: Any) -> bool:
    """Tell whether a cell says nothing."""
    if raw is None or raw is pd.NA or raw is pd.NaT:
        return True
    if isinstance(raw, float):
        return math.isnan(raw)
    return isinstance(raw, str) and not raw.strip("\0 \t\r\n\u3000")


def text(limit: int = 500) -> Parser:
    """Return a parser of text of at most ``limit`` characters."""

    def parse(raw: Any) -> str | None:
        if isinstance(raw, str) and raw.isprintable() and len(raw) <= limit and not raw.startswith("#"):
            return raw.strip() or None  # nearly every cell
        if isinstance(raw, (dict, list, tuple, np.ndarray)):
            raw = _joined(raw)
        # A code read as a float keeps its digits: 451224100.0 is 451224100.
        if isinstance(raw, (float, np.floating)) and float(raw).is_integer():
            raw = int(raw)
        value = "".join(c for c in str(raw) if c >= " ").strip()
        if value in _ERROR_CELLS:
            raise BadValueError(f"单元格是公式错误 {value}", f"the cell holds the error {value} of a formula")
        if any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise BadValueError("文字含有无效字符", "the text has invalid characters")
        if len(value) > limit:
            raise BadValueError(f"文字超过 {limit} 个字符", f"the text is longer than {limit} characters")
        return value or None

    return parse


def _joined(raw: Any) -> str:
    """Return a list of texts as one; what has parts of its own is refused."""
    parts = list(raw)
    if isinstance(raw, dict) or any(isinstance(part, (dict, list, tuple, np.ndarray)) for part in parts):
        raise BadValueError("内容是嵌套结构，不是文字", "it is a nested structure and no text")
    return "；".join(str(part) for part in parts if not is_missing(part))


def identifier(limit: int) -> Parser:
    """Return a parser of an identifier or code: text, letter by letter as it stands in the file.

    What can no longer be the identifier that somebody wrote is refused: a number beyond fifteen digits that went
    through floating point (a number cell of a sheet always did), its scientific notation, a date made of it.
    """
    as_text = text(limit)

    def parse(raw: Any) -> str | None:
        # Nearly every cell: plain digits and letters, and no E that could be an exponent.
        if isinstance(raw, str) and raw.isalnum() and len(raw) <= limit and "E" not in raw and "e" not in raw:
            return raw
        if isinstance(raw, (float, np.floating)):
            number = float(raw)
            if abs(number) >= _EXACT_MAX:
                raise BadValueError(
                    f"{number:.0f} 是超过 15 位的数字，末几位已被电子表格或浮点数改掉；请把该列设为文本后重新填写编号",
                    f"{number:.0f} is a number of more than 15 digits, whose last ones a sheet or floating point has changed; "
                    "make the column text and enter the ids again",
                )
            if not number.is_integer():
                raise BadValueError(f"“{raw}”是小数，不是编号", f"{raw} is a decimal number and no identifier")
        if isinstance(raw, (date, time)):
            raise BadValueError(
                f"“{raw}”是日期，编号可能被电子表格改成了日期；请把该列设为文本后重新填写",
                f"{raw} is a date, into which a sheet may have turned the id; make the column text and enter it again",
            )
        if isinstance(raw, str):
            said = raw.strip("\0 \t\r\n\u3000")
            if _SCIENTIFIC.fullmatch(said):
                raise BadValueError(
                    f"“{said[:40]}”是科学记数法，编号的末几位已丢失；请把该列设为文本后重新填写编号",
                    f"{said[:40]!r} is scientific notation, which has lost digits of the id; make the column text and enter "
                    "the ids again",
                )
            if any(c < " " for c in said):
                raise BadValueError("编号中间有换行或控制字符", "there is a line break or control character in the id")
        said_so: str | None = as_text(raw)
        return said_so

    return parse


Known = dict[str, str] | Callable[[], dict[str, str]]
"""Every way of writing a list's words; asked for at each cell where a county may add values of its own."""


def _now(known: Known) -> dict[str, str]:
    return known if isinstance(known, dict) else known()


def one_of(known: Known, shown: dict[str, str]) -> Parser:
    """Return a parser of one word of a list."""

    def parse(raw: Any) -> str:
        return _word(raw, _now(known), shown)

    return parse


def many_of(known: Known, shown: dict[str, str], *, none: bool = False) -> Parser:
    """Return a parser of several words of a list, in a list or separated by ``;``, ``、`` and the like.

    With ``none`` a cell may say that there is none (无), which is an empty list and not nothing.
    """

    def parse(raw: Any) -> list[str]:
        words = _now(known)
        if none and isinstance(raw, str) and raw.strip().lower() in _NONE:
            return []
        parts = list(raw) if isinstance(raw, (list, tuple, np.ndarray)) else _whole_or_parts(str(raw), words)
        return list(dict.fromkeys(_word(part, words, shown) for part in parts if not is_missing(part)))

    return parse


def day(first: date = date(1900, 1, 1)) -> Parser:
    """Return a parser of a day from ``first`` on, as sheets and people write it; a time of day is left off."""

    def parse(raw: Any) -> date:
        value = _day_of(raw)
        if value is None:
            raise BadValueError(
                f"“{str(raw)[:40]}”不是日期，请写成 2022-09-08", f"{str(raw)[:40]!r} is no date; write 2022-09-08"
            )
        if not first <= value <= date(2200, 1, 1):
            raise BadValueError(f"日期 {value} 不合理", f"the date {value} is out of range")
        return value

    return parse


def _day_of(raw: Any) -> date | None:
    if isinstance(raw, date):  # a datetime and a pandas Timestamp are dates too
        return date(raw.year, raw.month, raw.day)
    if isinstance(raw, np.datetime64):
        return _day_of(pd.Timestamp(raw).to_pydatetime())
    written = unicodedata.normalize("NFKC", str(raw)).strip()
    found = _DAY.match(written.removesuffix(".0"))
    if found is None:
        return None
    try:
        return date(int(found["y"]), int(found["m"] or found["mm"]), int(found["d"] or found["dd"]))
    except ValueError:
        return None


def _whole_or_parts(value: str, known: dict[str, str]) -> list[str]:
    return [value] if _key(value) in known else _SEPARATORS.split(value.strip("[]{}"))


def _key(raw: Any) -> str:
    value = int(raw) if isinstance(raw, (float, np.floating)) and float(raw).is_integer() else raw
    return str(value).strip().strip("'\"").lower()


def _word(raw: Any, known: dict[str, str], shown: dict[str, str]) -> str:
    found = known.get(_key(raw))
    if found is None:
        allowed = "、".join(f"{name}（{identifier}）" for identifier, name in shown.items())
        raise BadValueError(
            f"不认识“{str(raw)[:40]}”，可用：{allowed}",
            f"{str(raw)[:40]!r} is not known; use one of {', '.join(shown)}",
        )
    return found


@dataclass(frozen=True)
class Read:
    """A value that a parser made of something else; ``kind`` says what it took, ``""`` that it needs no word."""

    value: Any
    kind: str


def number(low: float, high: float, *, unknown_outside: bool = False, units: str = "") -> Parser:
    """Return a parser of a number from ``low`` to ``high``, both included; one of ``units`` may stand after it.

    With ``unknown_outside`` a number outside (a sentinel like -9999 or 0) means unknown.
    """

    def parse(raw: Any) -> float | Read | None:
        text = str(raw).strip()
        if units and isinstance(raw, str):
            text = unicodedata.normalize("NFKC", text).strip()
            if text.lower() in _UNKNOWN:
                return Read(None, "")
            text = text.rstrip(units).strip()
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            raise BadValueError(f"“{str(raw)[:40]}”不是数字", f"{str(raw)[:40]!r} is not a number")
        if low <= value <= high:
            return value
        if unknown_outside:
            return None
        raise BadValueError(f"{value:g} 超出范围 {low:g}–{high:g}", f"{value:g} is outside {low:g} to {high:g}")

    return parse


def whole(low: int, high: int, *, unknown_outside: bool = False) -> Parser:
    """Return a parser of a whole number; Chinese numerals and a unit after it (三层, 12人) are read too."""
    as_number = number(low, high, unknown_outside=unknown_outside)

    def parse(raw: Any) -> int | None:
        value = str(raw).strip().rstrip("层楼人户")
        if _CHINESE_NUMBER.fullmatch(value):
            value = str(_chinese(value))
        result = as_number(value)
        if result is None:
            return None
        if not result.is_integer():
            raise BadValueError(f"“{str(raw)[:40]}”不是整数", f"{str(raw)[:40]!r} is not a whole number")
        return int(result)

    return parse


def storeys(low: int, high: int) -> Parser:
    """Return a parser of storeys above ground, as people write them: 3, 三层, 3.5, 三层半, 地上3地下1, 3F.

    Half a storey is no storey more, and what lies below ground is none above it: both are left off, and the value
    says so (``Read``: ``floors_text``, ``floors_fraction``, ``floors_below``). A number outside ``low`` to ``high``
    (a sentinel like -9999 or 0) means unknown.
    """

    def parse(raw: Any) -> int | Read | None:
        if isinstance(raw, (int, float, np.integer, np.floating)):
            return settled(float(raw), None)
        text = unicodedata.normalize("NFKC", str(raw)).strip().lower()
        if text in _UNKNOWN:
            return Read(None, "")
        plain = _plain(text)
        if plain is not None:
            return settled(plain, None)
        turned = _BELOW_FIRST.fullmatch(text)
        found = _STOREYS.fullmatch(turned[2] + turned[1] if turned else text)
        above = _numeral(found["above"] or "") if found else None
        if found is None or above is None or (found["below"] and _numeral(found["depth"]) is None):
            raise BadValueError(f"“{str(raw)[:40]}”不是层数", f"{str(raw)[:40]!r} is no number of storeys")
        kind = "floors_fraction" if found["half"] else "floors_text"
        return settled(above, "floors_below" if found["below"] else kind)

    def settled(value: float, kind: str | None) -> int | Read | None:
        if not low <= value <= high:
            return None
        storeys_ = math.floor(value)
        kind = "floors_fraction" if storeys_ != value and kind != "floors_below" else kind
        return storeys_ if kind is None else Read(storeys_, kind)

    return parse


def _plain(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _numeral(text: str) -> float | None:
    text = text.strip()
    return float(_chinese(text)) if _CHINESE_NUMBER.fullmatch(text) else _plain(text)


def _chinese(numeral: str) -> int:
    tens, found, ones = numeral.partition("十")
    if not found:
        return int("".join(str(_CHINESE_DIGITS[c]) for c in numeral))
    return (_CHINESE_DIGITS[tens] if tens else 1) * 10 + (_CHINESE_DIGITS[ones] if ones else 0)


def truth(raw: Any) -> bool:
    """Parse yes or no."""
    value = _key(raw)
    if value in {"true", "t", "1", "yes", "y", "是", "有"}:
        return True
    if value in {"false", "f", "0", "no", "n", "否", "无"}:
        return False
    raise BadValueError(f"“{str(raw)[:40]}”不是“是/否”", f"{str(raw)[:40]!r} is neither yes nor no")


@dataclass(frozen=True)
class Column:
    """A column as it was understood.

    Attributes
    ----------
    cells
        In order; None where the cell says nothing or was not understood.
    failures
        By position, the sentences for cells that could not be understood.
    read
        By kind (``Read``), the positions of cells of which something else was made.
    unknown
        The positions of cells that say something which means unknown.

    """

    cells: list[Any]
    failures: dict[int, Sentence] = field(default_factory=dict)
    read: dict[str, list[int]] = field(default_factory=dict)
    unknown: list[int] = field(default_factory=list)


def _nested_key(raw: Any) -> Hashable:
    """Return what a list in a cell is told apart by; the text of an array takes ten times as long."""
    if isinstance(raw, np.ndarray) and raw.ndim == 1:
        parts = raw.tolist()
        if set(map(type, parts)) <= {str}:
            return tuple(parts)
    return repr(raw)


def parse_column(column: pd.Series, parser: Parser) -> Column:
    """Parse a column; a value that occurs a thousand times is parsed once."""
    raws = column.tolist()
    types = set(map(type, raws)) - {str, type(None)}
    keys: list[Hashable] = raws
    if len(types) > 1 or any(issubclass(one, _NESTED) for one in types):
        # By type too: 1, 1.0 and True are equal and not the same.
        keys = [(type(raw), _nested_key(raw) if isinstance(raw, _NESTED) else raw) for raw in raws]
    known: dict[Hashable, Any] = {}
    refused: dict[Hashable, Sentence] = {}
    kinds: dict[Hashable, str] = {}
    unknown: set[Hashable] = set()
    for key, raw in dict(zip(keys, raws, strict=True)).items():
        if not isinstance(raw, _NESTED) and is_missing(raw):
            known[key] = None
            continue
        try:
            value = parser(raw)
        except BadValueError as bad:
            known[key], refused[key] = None, bad.sentence
            continue
        known[key] = value.value if isinstance(value, Read) else value
        if isinstance(value, Read) and value.kind:
            kinds[key] = value.kind
        if value is None:
            unknown.add(key)
    read: dict[str, list[int]] = {}
    for i, key in enumerate(keys) if kinds else ():
        if key in kinds:
            read.setdefault(kinds[key], []).append(i)
    return Column(
        list(map(known.__getitem__, keys)),
        {i: refused[key] for i, key in enumerate(keys) if key in refused} if refused else {},
        read,
        [i for i, key in enumerate(keys) if key in unknown] if unknown else [],
    )
