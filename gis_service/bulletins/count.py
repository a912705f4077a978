"""What a bulletin counts: one row a house as of a day's end, and the conditions by which its numbers are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, text

from gis_service.codelists import HAZARD_TIER
from gis_service.db.queries import statement

Status = Literal["done", "working", "measured", "untouched"]
STATUS = {"done": "已完成整治", "working": "整治中", "measured": "已采取措施、尚未开工整治", "untouched": "未采取措施"}
STATUS_EN = {
    "done": "rectified",
    "working": "in progress",
    "measured": "measures, no works yet",
    "untouched": "no measure",
}
TIERS = {tier: HAZARD_TIER[tier] for tier in ("severe", "some")} | {"unrated": "未按初步判定分级"}
TIERS_EN = {"severe": "severe", "some": "some", "unrated": "without a tier"}


@dataclass(frozen=True, slots=True)
class House:
    """A house as it is counted; the columns of ``gis.snapshot_house``."""

    building_id: str
    unit_code: str | None
    operating: bool
    stands: bool
    judged: str | None
    grade: str | None
    tier: str | None
    status: str | None
    controlled: bool
    overdue: bool
    hazards: int
    others: int
    before: str | None = None
    late: bool = False

    def as_row(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {name: getattr(self, name) for name in _COLUMNS}


_COLUMNS = tuple(column.name for column in fields(House))


@dataclass(frozen=True)
class Cut:
    """The condition of one number: of all that is said every house must be so. ``any`` and ``none`` ask whether there is one."""

    unit: str | None = None
    use: Literal["operating", "other"] | None = None
    stands: bool | None = None
    judged: Literal["severe", "some", "none_found", "any", "none"] | None = None
    grade: Literal["A", "B", "C", "D", "any", "none"] | None = None
    tier: Literal["severe", "some", "unrated", "any"] | None = None
    status: Status | None = None
    controlled: bool | None = None
    secured: bool | None = None
    """Under a control, or rectified."""
    overdue: bool | None = None
    changed: bool | None = None
    """Its status is another than in the snapshot before."""
    new: bool | None = None
    """It had no hazard in the snapshot before."""
    late: bool | None = None
    others: bool | None = None

    def meets(self, h: House) -> bool:
        """Tell whether a house is counted."""
        return (
            (self.unit is None or self.unit == (h.unit_code or "none"))
            and (self.use is None or (self.use == "operating") == h.operating)
            and (self.stands is None or self.stands == h.stands)
            and _is(self.judged, h.judged)
            and _is(self.grade, h.grade)
            and _is(self.tier, h.tier)
            and (self.status is None or self.status == h.status)
            and (self.controlled is None or self.controlled == h.controlled)
            and (self.secured is None or self.secured == (h.controlled or h.status == "done"))
            and (self.overdue is None or self.overdue == h.overdue)
            and (self.changed is None or self.changed == (h.before is not None and h.before != (h.status or "none")))
            and (self.new is None or self.new == (h.before == "none" and h.tier is not None))
            and (self.late is None or self.late == h.late)
            and (self.others is None or self.others == (h.others > 0))
        )

    def and_(self, **more: Any) -> Cut:
        """Return it with further conditions."""
        return replace(self, **more)

    def query(self) -> dict[str, str]:
        """Return what is said, as the parameters of an address."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {n: {True: "true", False: "false"}.get(v, v) for n, v in found.items() if v is not None}


def _is(asked: str | None, value: str | None) -> bool:
    if asked is None:
        return True
    return (value is not None) == (asked == "any") if asked in {"any", "none"} else value == asked


class Tally:
    """Counts houses by conditions; a county's thousands are a few hundred combinations, most asked for by unit."""

    def __init__(self, houses: Iterable[House]) -> None:
        # Where there is no number any more, alike houses are one.
        alike = Counter(tuple(house.as_row().values())[1:] for house in houses)
        self._all = [(House("", *values), n) for values, n in alike.items()]
        self._of: dict[str, list[tuple[House, int]]] = {}
        for house, n in self._all:
            self._of.setdefault(house.unit_code or "none", []).append((house, n))

    def count(self, cut: Cut) -> int:
        """Return how many houses meet the condition."""
        return sum(n for house, n in self._among(cut) if cut.meets(house))

    def summed(self, cut: Cut, name: Literal["hazards", "others"]) -> int:
        """Return the sum of their hazards (处)."""
        return sum(n * int(getattr(house, name)) for house, n in self._among(cut) if cut.meets(house))

    def _among(self, cut: Cut) -> list[tuple[House, int]]:
        return self._all if cut.unit is None else self._of.get(cut.unit, [])


def houses(connection: Connection, day: date) -> list[House]:
    """Return the houses that a bulletin of ``day`` counts, of those that the asker may see, by number."""
    rows = connection.execute(text(statement("bulletins.count")), {"day": day}).mappings()
    return [House(**row) for row in rows]


def compared(now: list[House], last: list[House] | None, recounted: list[House] | None) -> list[House]:
    """Return the houses with their status in the snapshot before, and whether they were entered late for its day.

    Parameters
    ----------
    last, recounted
        The houses of the snapshot before as they were frozen, and as they are counted for its day today; None without one.
        A house that was counted then and is not counted for that day any more stays in the list where it was entered late.

    """
    if last is None or recounted is None:
        return now
    frozen = {house.building_id: _plain(house) for house in last}
    again = {house.building_id: house for house in recounted}
    late = {key for key in frozen.keys() | again.keys() if frozen.get(key) != again.get(key)}
    found = [
        replace(
            house,
            before=(known.status or "none") if (known := frozen.get(house.building_id)) else "none",
            late=house.building_id in late,
        )
        for house in now
    ]
    counted = {house.building_id for house in now}
    gone = [
        House(key, frozen[key].unit_code, False, False, None, None, None, None, False, False, 0, 0, frozen[key].status or "none", True)
        for key in late - counted
        if key in frozen
    ]  # fmt: skip
    return sorted([*found, *gone], key=lambda house: house.building_id)


def _plain(house: House) -> House:
    return replace(house, before=None, late=False)
