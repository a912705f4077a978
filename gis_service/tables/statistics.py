"""The county's statistics by reporting unit: uses, storeys, age, structure, areas, tiers, appraisal, rectification, patrols.

What was surveyed is as the record has it today, of houses that stood on the day; judgements, cases and visits are as of the
end of the day, whenever they were entered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from gis_service.bulletins.count import STATUS, STATUS_EN, Cut, Tally, houses
from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER, USE_CLASS
from gis_service.db.queries import statement
from gis_service.export.table import Row, Table

Column = tuple[str, str, str]
_UNKNOWN: Column = ("unknown", "未填", "not said")
_FLOORS: tuple[Column, ...] = (
    *((str(n), f"{n}层", f"{n}") for n in range(1, 7)), ("7", "7层及以上", "7 and more"), _UNKNOWN,
)  # fmt: skip
# The form's own periods (docs/domain.md).
_BUILT: tuple[Column, ...] = (
    ("1980", "1980年及以前", "until 1980"), ("1990", "1981—1990年", "1981 to 1990"), ("2000", "1991—2000年", "1991 to 2000"),
    ("2010", "2001—2010年", "2001 to 2010"), ("2015", "2011—2015年", "2011 to 2015"), ("2016", "2016年及以后", "since 2016"),
    _UNKNOWN,
)  # fmt: skip
_SEVERAL = (
    "一栋有几项的，在各项分别计数，各列之和因此可能大于房屋数。",
    "A house with several counts under each: columns may add up to more than the houses.",
)


@dataclass(frozen=True)
class _Asked:
    connection: Connection
    day: date
    operating: bool

    def rows(self, name: str, **more: Any) -> list[dict[str, Any]]:
        values = {"day": self.day, "operating": self.operating} | more
        return [dict(r) for r in self.connection.execute(text(statement(f"tables.{name}")), values).mappings()]


def statistics(connection: Connection, day: date, *, operating: bool) -> list[Table]:
    """Return the statistics of a day, of operating houses alone or of every house; a table a theme, a row a unit.

    Every table begins with the number of houses, so that each can be held to the others.
    """
    asked = _Asked(connection, day, operating)
    surveyed = asked.rows("surveyed")
    units = {row["code"]: row["name"] for row in asked.rows("units")}
    whole = Counter[Any]()
    for row in surveyed:
        whole[row["unit"]] += row["houses"]
    make = _Maker(units, whole)
    uses = [(code, zh, code) for code, zh in USE_CLASS.items()]
    judged = asked.rows("judged")
    return [
        make("use", ("用途", "Use"), uses, _one(surveyed, "use_class")),
        make("business_uses", ("经营业态", "Trades"), asked_codes(asked, "business_uses"), _coded(asked.rows("business_uses")), _SEVERAL),
        make("floors", ("层数", "Storeys"), _FLOORS, _one(surveyed, "floors")),
        make("built", ("建成年代", "Age"), _BUILT, _one(surveyed, "built")),
        make("structure", ("结构类型", "Structure"), [*asked_codes(asked, "structure"), ("none", "未填", "not said")], _one(surveyed, "structure", "none")),
        make("declared_areas", ("所在区域", "Kind of area"), [*asked_codes(asked, "declared_areas"), _UNKNOWN], _coded(asked.rows("declared_areas")), _SEVERAL),
        make("tier", ("初步判定", "Preliminary judgement"), [(c, zh, c.replace("_", " ")) for c, zh in HAZARD_TIER.items()],
             _judged(judged, "preliminary", whole, "unjudged")),
        make("grade", ("安全鉴定", "Appraisal"), [(c, zh, c) for c, zh in APPRAISAL_GRADE.items()],
             _judged(judged, "appraisal", whole, "unknown")),
        _rectified(asked, make),
        make("patrols", ("巡查到访", "Visits"),
             [("visits", "到访次数", "visits"), ("houses", "到访房屋", "houses visited"), ("week", "近7天到访", "in 7 days"),
              ("absent", "无人或拒绝", "absent or refused"), ("closed", "停业检查未营业", "found closed"), ("open", "停业检查仍营业", "found open")],
             _plain(asked.rows("patrols"))),
    ]  # fmt: skip


def asked_codes(asked: _Asked, list_: str) -> list[Column]:
    """Return the codes of a list with their words, the county's own among them."""
    return [(row["code"], row["zh"], row["en"]) for row in asked.rows("codes", list=list_)]


Counts = Mapping[tuple[Any, str], int]
"""By unit (None without one) and column."""


class _Maker:
    """Makes tables whose rows are the units, and after them the houses without one."""

    def __init__(self, units: dict[str, str], whole: Mapping[Any, int]) -> None:
        self.whole = whole
        others = sorted((code for code in whole if code is not None and code not in units), key=str)
        self.units: list[tuple[str | None, str]] = [*units.items(), *((code, code) for code in others)]
        if whole.get(None):
            self.units.append((None, "未填写"))

    def __call__(
        self, name: str, title: tuple[str, str], columns: Iterable[Column], counts: Counts,
        *notes: tuple[str, str],
    ) -> Table:  # fmt: skip
        of: tuple[Column, ...] = (("all", "房屋", "houses"), *columns)
        rows = tuple(
            Row(label, code, (self.whole.get(code, 0), *(counts.get((code, c), 0) for c, _, _ in of[1:])))
            for code, label in self.units
        )
        total = tuple(sum(row.values[i] for row in rows) for i in range(len(of)))
        return Table(name, title, ("填报单位", "unit"), of, rows, total, notes)


def _one(rows: list[dict[str, Any]], column: str, unknown: str = "unknown") -> Counts:
    found = Counter[tuple[Any, str]]()
    for row in rows:
        value = row[column]
        found[row["unit"], unknown if value is None else str(value)] += row["houses"]
    return found


def _coded(rows: list[dict[str, Any]]) -> Counts:
    return {(row["unit"], row["code"] or "unknown"): row["houses"] for row in rows}


def _plain(rows: list[dict[str, Any]]) -> Counts:
    return {(row["unit"], name): int(value) for row in rows for name, value in row.items() if name != "unit"}


def _judged(rows: list[dict[str, Any]], kind: str, whole: Mapping[Any, int], none: str) -> Counts:
    found = Counter({(row["unit"], row["value"]): row["houses"] for row in rows if row["kind"] == kind})
    for unit, count in whole.items():
        found[unit, none] = count - sum(n for (u, _), n in found.items() if u == unit)
    return found


def _rectified(asked: _Asked, make: Callable[..., Table]) -> Table:
    """Return hazards by what was done; a house that is demolished since counts as what was done of it."""
    counted = [house for house in houses(asked.connection, asked.day) if house.operating or not asked.operating]
    tally = Tally(counted)
    columns = [
        ("hazard", "累计隐患", "hazards"),
        *((c, zh, STATUS_EN[c]) for c, zh in STATUS.items()),
        ("overdue", "逾期", "overdue"),
    ]
    cuts = {"hazard": Cut(tier="any"), "overdue": Cut(tier="any", overdue=True)}
    cuts |= {status: Cut(tier="any", status=status) for status in STATUS}  # type: ignore[arg-type]
    units = {house.unit_code for house in counted}
    counts = {(unit, name): tally.count(cut.and_(unit=unit or "none")) for unit in units for name, cut in cuts.items()}
    note = (
        "累计隐患含已拆除的房屋，因此可能大于现存房屋中的隐患数。",
        "Hazards include houses that are demolished since, and may be more than those of the houses that stand.",
    )
    return make("rectification", ("隐患整治", "Rectification"), columns, counts, note)
