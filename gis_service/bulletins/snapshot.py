"""A bulletin: made from what is in the database, frozen once after its period's end, and read as it was frozen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.bulletins.count import Cut, House, compared, houses
from gis_service.bulletins.period import KINDS, Kind, Period, period
from gis_service.bulletins.progress import deadlines
from gis_service.bulletins.text import Material, compose
from gis_service.db.day import today
from gis_service.db.locks import Lock
from gis_service.db.queries import statement
from gis_service.errors import ConflictError, NotFoundError
from gis_service.identity import Identity, Right, Role
from gis_service.settings import get_settings

_FIRST = date(2000, 1, 1)
"""Before it nothing was surveyed of self-built houses."""
COUNTY_EYES = (Role.ADMINISTRATOR, Role.PLANNER, Role.FIRE, Role.AUDITOR)


@dataclass(frozen=True)
class Bulletin:
    """A bulletin as it is shown: kept with its number and hash, or made for this once.

    ``houses`` are those that the asker may see.
    """

    period: Period
    body: dict[str, Any]
    houses: list[House]
    snapshot_id: int | None = None
    sha256: str | None = None
    account: str | None = None
    made_at: datetime | None = None

    def listed(self, cut: Cut) -> list[House]:
        """Return the houses behind a number, of those that the asker may see."""
        return [house for house in self.houses if cut.meets(house)]


def bulletin(connection: Connection, who: Identity, kind: Kind, day: date) -> Bulletin:
    """Return the bulletin of the period in which ``day`` lies; the first who asks after its end freezes it.

    The caller commits. A period that is not over is made, marked and not kept. Making counts the whole county, and so is the
    county office's; others read what is kept.

    Raises
    ------
    NotFoundError
        It is not kept yet, and the asker is not of the county's office; or it would be of the future.
    ConflictError
        What is kept is not what was frozen: somebody changed it past the service.

    """
    if day > today():
        raise NotFoundError(f"{day} 还没有到，没有通报。", f"{day} has not come: there is no bulletin of it.")
    if day < _FIRST:
        raise NotFoundError(f"没有 {day} 的通报。", f"There is no bulletin of {day}.")
    asked = period(kind, day, today())
    found = _kept(connection, who, asked)
    if found is not None:
        return found
    if not who.may(Right.PUBLISH) or who.role not in COUNTY_EYES:
        raise NotFoundError(
            f"{asked.words}的{KINDS[kind][0]}还没有印发；县级专班打开后即固化。",
            f"There is no {KINDS[kind][1]} of {asked.day} yet: it is frozen when the county's office opens it.",
        )
    if not asked.over:
        body, counted = make(connection, asked)
        return Bulletin(asked, body, counted)
    connection.execute(text(statement("bulletins.lock")), {"lock": int(Lock.SNAPSHOT)})
    found = _kept(connection, who, asked)
    if found is not None:
        return found
    body, counted = make(connection, asked)
    made = _keep(connection, asked, body, counted)
    audit_log.append(
        connection, who, Action.BULLETIN_FROZEN, f"snapshot {made.snapshot_id}",
        kind=kind, day=str(asked.day), sha256=made.sha256,
    )  # fmt: skip
    return made


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Return what is kept, the newest first."""
    return [dict(row) for row in connection.execute(text(statement("bulletins.list"))).mappings()]


def digest(kind: str, day: date, body: dict[str, Any], counted: list[House]) -> str:
    """Return the SHA-256 of the RFC 8785 JSON of all that a snapshot holds.

    Whole numbers, texts, truth values and names of ASCII letters alone: of these the standard library writes the same bytes
    as RFC 8785 asks for, many times as fast as a program that knows all of it. A test holds the two together.
    """
    whole: Any = {"kind": kind, "day": str(day), "body": body, "houses": [house.as_row() for house in counted]}
    canonical = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _kept(connection: Connection, who: Identity, asked: Period) -> Bulletin | None:
    row = (
        connection.execute(text(statement("bulletins.kept")), {"kind": asked.kind, "day": asked.day}).mappings().first()
    )
    if row is None:
        return None
    counted = _houses(connection, row["snapshot_id"])
    # Who sees every house sees whether they are those that were frozen.
    if who.role in COUNTY_EYES and digest(asked.kind, asked.day, row["body"], counted) != row["sha256"]:
        raise ConflictError(
            f"{asked.words}的通报与固化时的校验值不符，数据库中的内容被改动过；请用备份核对第 {row['snapshot_id']} 号快照。",
            f"Snapshot {row['snapshot_id']} ({asked.day}) is not what was frozen: its SHA-256 differs; compare it with a backup.",
        )
    return Bulletin(asked, row["body"], counted, row["snapshot_id"], row["sha256"], row["account"], row["made_at"])


def _houses(connection: Connection, snapshot_id: int) -> list[House]:
    rows = connection.execute(text(statement("bulletins.houses")), {"snapshot_id": snapshot_id}).mappings()
    return [House(**row) for row in rows]


def make(connection: Connection, asked: Period) -> tuple[dict[str, Any], list[House]]:
    """Return the body and the houses of a period as they are counted now, with the snapshot before of its kind."""

    def all_(name: str, **values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(text(statement(f"bulletins.{name}")), values).mappings()]

    now = houses(connection, asked.until)
    before = next(iter(all_("last", kind=asked.kind, day=asked.day)), None)
    if before is not None:
        now = compared(now, _houses(connection, before["snapshot_id"]), houses(connection, before["day"]))
    rows = all_("deadlines", day=asked.until)
    county = connection.execute(text(statement("maps.county"))).mappings().first()
    head = connection.execute(text(statement("maps.headline"))).mappings().one()
    material = Material(
        period=asked,
        county=county["name"] if county else "全县",
        simulated=bool(head["simulated"]),
        units=all_("units"),
        deadlines=deadlines(rows, asked.until),
        source=next((row["source"] for row in rows if row["source"]), None),
        houses=now,
        last=before,
        reminders=all_("reminders", day=asked.until),
        points=all_("points"),
        word=get_settings().house_word,
    )
    return compose(material), now


def reminders(connection: Connection, until: date) -> list[dict[str, Any]]:
    """Return the letters to units about a step, and talks with them, until a day; the newest first."""
    return [dict(row) for row in connection.execute(text(statement("bulletins.reminders")), {"day": until}).mappings()]


def _keep(connection: Connection, asked: Period, body: dict[str, Any], counted: list[House]) -> Bulletin:
    sha256 = digest(asked.kind, asked.day, body, counted)
    values = {
        "kind": asked.kind, "day": asked.day, "body": json.dumps(body, ensure_ascii=False), "sha256": sha256,
    }  # fmt: skip
    row = connection.execute(text(statement("bulletins.add")), values).one()
    rows = json.dumps([house.as_row() for house in counted], ensure_ascii=False)
    connection.execute(text(statement("bulletins.add_houses")), {"snapshot_id": row.snapshot_id, "rows": rows})
    return Bulletin(asked, body, counted, row.snapshot_id, sha256, row.account, row.made_at)
