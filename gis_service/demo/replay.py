"""Replay the campaign in the simulated county: by the service's own functions, in each one's name, day by day.

A day is one transaction: what is broken off goes on with the first day that is missing.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID, uuid5

from PIL import Image, ImageDraw
from sqlalchemy import Connection, text

from gis_service.attachments import store
from gis_service.cases import events
from gis_service.db.day import today
from gis_service.db.engine import become, transaction
from gis_service.db.queries import statement
from gis_service.demo import campaign
from gis_service.demo.campaign import Deed
from gis_service.duties import people
from gis_service.identity import Identity, operator
from gis_service.jobs.task import Task
from gis_service.record import judge
from gis_service.signatures import sign
from gis_service.visits import enter, proposals

_NUMBERS = UUID("6f0a4f6e-6c1e-4d57-9f0e-2f4c0f6f8a00")
_PICTURES = 6


def replay_campaign(task: Task) -> dict[str, Any]:
    """Replay it as a job; nothing where real houses are."""
    counts = replay(lambda day, share: task.step(f"{day} 的排查整治", f"what was done on {day}", share))
    said = f"{counts['visits']:,} 次到访，{counts['steps']:,} 次办理，{counts['days']} 天"
    task.say(
        f"专项整治已回放：{said}。",
        f"Replayed: {counts['visits']:,} visits, {counts['steps']:,} steps, {counts['days']} days.",
    )
    return counts


def replay(on_day: Callable[[date, float], None] | None = None) -> dict[str, int]:
    """Do all that is not done yet, up to today of the demo; return how many visits, steps and days.

    Real houses get nothing: with one of them in the database all counts are 0.
    """
    counts = {"visits": 0, "steps": 0, "days": 0}
    last = today()
    with transaction(operator(), read_only=True) as connection:
        houses = [dict(row) for row in connection.execute(text(statement("campaign.houses"))).mappings()]
        done: date | None = connection.execute(
            text(statement("campaign.done")), {"prefix": f"{campaign.PREFIX}%"}
        ).scalar()
    places = {house["building_id"]: (house["lon"], house["lat"]) for house in houses}
    deeds = [deed for house in houses for deed in campaign.course(house, last)]
    # On one day by one person after another; what was done to a house stays in its order.
    deeds.sort(key=lambda deed: deed.on)
    for day, group in groupby(deeds, key=lambda deed: deed.on):
        if done is not None and day <= done:
            continue
        if on_day is not None:
            on_day(day, max(0.0, 1 - (last - day).days / 90))
        with transaction(operator()) as connection:
            _Day(connection, places).do(list(group), counts)
        counts["days"] += 1
    if houses:
        _assign()
    return counts


def _assign() -> None:
    """Give the demo's accounts the places that they are of, and what they sign there, where they have none yet."""
    with transaction(operator()) as connection:
        for row in connection.execute(text(statement("campaign.placed_accounts"))).mappings().all():
            account, place = row["name"], row["place"]
            if row["role"] == "township":
                people.assign(connection, people.Duty(account, "leader", place, "模拟包联领导"))
                sign.name_signer(connection, place, None, "township", "模拟负责人", "乡镇主要领导", account)
                continue
            people.assign(connection, people.Duty(account, "grid", place, "模拟网格员"))
            for step, title, who in (
                ("team", "排查小组组长", account), ("secretary", "村（社区）支部书记", account), ("leader", "挂村领导", None),
            ):  # fmt: skip
                sign.name_signer(connection, row["unit_code"], place, step, "模拟签字人", title, who)


class _Day:
    """One day's deeds in one transaction, each in its own person's name."""

    def __init__(self, connection: Connection, places: dict[str, tuple[float, float]]) -> None:
        self.connection, self.places = connection, places
        self.asker: Identity | None = None

    def do(self, deeds: list[Deed], counts: dict[str, int]) -> None:
        for deed in deeds:
            if deed.who != self.asker:
                become(self.connection, deed.who)
                self.asker = deed.who
            if deed.act == "visit":
                self._visit(deed)
                counts["visits"] += 1
            elif deed.act == "decide":
                for proposal in proposals.listed(self.connection, deed.house, undecided=True):
                    proposals.decide(self.connection, proposal["proposal_id"], accepted=deed.said["accepted"])
            elif deed.act == "review":
                visit_id = str(_number(deed.house, deed.visited)) if deed.visited else None
                new = judge.New(deed.house, "review", judged_on=deed.on, visit_id=visit_id, **deed.said)
                judge.enter(self.connection, new)
            else:
                self._step(deed)
                counts["steps"] += 1

    def _visit(self, deed: Deed) -> None:
        lon, lat = self.places[deed.house]
        # Before the house, some metres off: the hour and the place follow from the number.
        number = _number(deed.house, deed.on)
        minutes, off = number.int % 480, (number.int >> 16) % 100 / 100
        at = datetime.combine(deed.on, time(1), UTC) + timedelta(minutes=minutes)
        place = enter.Position(lon + (off - 0.5) * 2e-4, lat + (off - 0.5) * 1e-4, "device", 5 + 10 * off)
        enter.report(
            self.connection,
            enter.New(number, deed.house, at, position=place, photographs=self._shots(deed), source="machine", **deed.said),
        )  # fmt: skip

    def _step(self, deed: Deed) -> None:
        refers = None
        if deed.refers:
            asked = {"case_id": deed.case_id, "kind": deed.refers}
            refers = self.connection.execute(text(statement("campaign.last_event")), asked).scalar()
        assert deed.case_id is not None  # noqa: S101 - a step is of a case
        new = events.New(deed.kind, deed.what, deed.on, evidence=self._shots(deed), refers=refers, **deed.said)
        events.add(self.connection, deed.case_id, new)

    def _shots(self, deed: Deed) -> tuple[str, ...]:
        """Return simulated photographs of the house, which say that they are."""
        first = hash_of(deed.house)
        return tuple(
            store.store(self.connection, deed.house, picture((first + k) % _PICTURES))["sha256"]
            for k in range(deed.photographs)
        )


def _number(house: str, day: date) -> UUID:
    """Return the number of the visit to a house on a day."""
    return uuid5(_NUMBERS, f"{house} {day}")


def hash_of(house: str) -> int:
    """Return a number that follows from a house's own."""
    return uuid5(_NUMBERS, house).int


_drawn: dict[int, bytes] = {}


def picture(n: int) -> bytes:
    """Return one of a few drawings of a house, as a JPEG that calls itself simulated."""
    if n not in _drawn:
        image = Image.new("RGB", (640, 480), (198, 214, 226))
        pen = ImageDraw.Draw(image)
        left, top = 120 + 15 * n, 120 + 10 * n
        pen.rectangle((0, 400, 640, 480), fill=(150, 140, 120))
        pen.rectangle((left, top, left + 320, 410), fill=(214, 205 - 12 * n, 190), outline=(70, 60, 50), width=4)
        for row in range(3):
            for column in range(3):
                x, y = left + 30 + column * 100, top + 25 + row * 90
                pen.rectangle((x, y, x + 55, y + 50), fill=(90, 110, 130), outline=(50, 50, 50), width=3)
        pen.text((12, 12), "SIMULATED / MONI", fill=(160, 20, 20))
        kept = io.BytesIO()
        image.save(kept, "JPEG", quality=80)
        _drawn[n] = kept.getvalue()
    return _drawn[n]
