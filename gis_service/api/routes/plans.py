"""Inspection plans: make, read, change by hand, replan, publish, compare, download."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import DOWNLOADS, GOES_ON, MEDIA
from gis_service.api.http.errors import language
from gis_service.api.http.routing import Router
from gis_service.api.http.texts import Line
from gis_service.api.routes.jobs import made
from gis_service.api.routes.selections import AskIn, ask_of_body
from gis_service.areas.drawn import drawn_area
from gis_service.db.engine import transaction, work_srid
from gis_service.db.queries import statement
from gis_service.errors import InputError
from gis_service.facts import house
from gis_service.identity import Identity, Right
from gis_service.inspection.model import URGENCY, Team
from gis_service.inspection.read import name_teams
from gis_service.inspection.stored import edit, make
from gis_service.inspection.stored.conditions import Conditions
from gis_service.inspection.stored.export import told, with_days_of
from gis_service.inspection.stored.read import Stored, head_of, read_plan
from gis_service.jobs.ask import ask
from gis_service.projection import transformer
from gis_service.selection.reasons import phrases
from gis_service.selection.select import latest_run, parameters_of, run_selection
from gis_service.selection.terms import AreaTerm, Ask
from gis_service.settings import default

router = Router(tags=["Plans"])
_READ = [Depends(allow(Right.READ))]
_EXPORT = [Depends(allow(Right.EXPORT))]
_PLAN = [Depends(allow(Right.PLAN))]

PlanId = Annotated[int, PathParameter(ge=1, le=2**62)]
VersionQuery = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="The newest by default")]
TeamQuery = Annotated[str | None, Query(max_length=60)]
_STOPS_MAX = 5_000
_LIST_MAX = 500
_XLSX = MEDIA[".xlsx"]

_FIRST, _LAST = date(2000, 1, 1), date(2100, 12, 31)
Day = Annotated[date, Field(ge=_FIRST, le=_LAST)]
DayQuery = Annotated[date | None, Query(ge=_FIRST, le=_LAST)]


Degrees = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Name60 = Annotated[Line, Field(max_length=60)]
HouseId = Annotated[Line, Field(max_length=100)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TeamIn(_In):
    """A team: name, members, and its own limits."""

    name: Name60
    members: Annotated[Line, Field(max_length=200)] | None = None
    per_day: int | None = Field(None, ge=1, le=1000)
    days_off: list[Day] = Field(default=[], max_length=400)
    first_day: Day | None = Field(None, description="It joins on this day")
    last_day: Day | None = Field(None, description="It is there up to this day")
    start: tuple[Degrees, Degrees] | None = Field(None, description="Longitude and latitude where it sets out")


class ConditionsIn(_In):
    """Limits of a plan."""

    teams: Annotated[int, Field(ge=1, le=200)] | Annotated[list[TeamIn], Field(min_length=1, max_length=200)]
    per_day: int = Field(ge=1, le=1000, description="Stops of a team on a day, at most")
    start: Day
    deadline: Day | None = None
    days: int | None = Field(None, ge=1, le=1000)
    shift: str = Field("08:30-17:30", max_length=11)
    lunch: str = Field("12:00-13:00", max_length=11)
    workdays: str = Field("12345", max_length=7)
    holidays: dict[Day, Literal["off", "work"]] = Field(default={}, max_length=400)
    minutes: int = Field(default_factory=lambda: int(default("visit_minutes")), ge=1, le=1440)
    due: dict[Literal["1", "2", "3", "4"], Day] = Field(default={}, description="Last day of an urgency")
    roads: bool = True
    partial: bool = False
    seed: int = Field(1, ge=0, le=2**31 - 1)
    iterations: int = Field(default_factory=lambda: int(default("route_iterations")), ge=1, le=20_000)

    def conditions(self) -> Conditions:
        """Return them as the plan takes them."""
        return Conditions(
            self.per_day, self.start, self.deadline, self.days, self.shift, self.lunch, self.workdays,
            {d: kind == "off" for d, kind in self.holidays.items()}, self.minutes,
            {int(u): d for u, d in self.due.items()}, self.roads, self.partial, self.seed, self.iterations,
        )  # fmt: skip


class PlanIn(ConditionsIn):
    """A plan to make: of a stored list, of an area, or of conditions; without any of the county's list."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "九月排查", "teams": 4, "per_day": 16, "start": "2022-09-13"}]},
    )
    name: Annotated[Line, Field(max_length=100)]
    run_id: int | None = Field(None, ge=1, le=2**62, description="A stored selection")
    area_id: int | None = Field(None, ge=1, le=2**62, description="A drawn area: every house in it")
    ask: AskIn | None = Field(None, description="Conditions, as for POST /api/selections")


class SeenIn(_In):
    """The version and revision that the page shows: who changes another one is told."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": 1, "revision": 0}]})

    version: int = Field(ge=1, le=2**31 - 1)
    revision: int = Field(ge=0, le=2**31 - 1)

    def seen(self, plan_id: int) -> edit.Seen:
        """Return them with the plan's number."""
        return edit.Seen(plan_id, self.version, self.revision)


class MoveIn(SeenIn):
    """A stop to another team, day or place."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"version": 1, "revision": 0, "building_id": "H1", "team": "一组", "day": "2022-09-13"}]
        },
    )

    building_id: HouseId
    team: Name60
    day: Day
    seq: int | None = Field(None, ge=1, le=10_000, description="Place in the day's order; without: the best one")
    only_try: bool = Field(default=False, description="Say what it would do, and store nothing")


class PinIn(SeenIn):
    """Hold a stop to its team, its day, or both; neither lets it go."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"version": 1, "revision": 0, "building_id": "H1", "team": True, "day": False}]
        },
    )

    building_id: HouseId
    team: bool
    day: bool


class DoneIn(SeenIn):
    """Houses that are visited, or not."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 1, "revision": 0, "houses": ["H1"]}]}
    )

    houses: list[HouseId] = Field(min_length=1, max_length=5_000)
    done: bool = True


class ShareIn(SeenIn):
    """Share what two teams have left of a day."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 1, "revision": 0, "day": "2022-09-13", "teams": ["一组", "二组"]}]},
    )

    day: Day
    teams: tuple[Name60, Name60]


class GoneIn(_In):
    """A team and a day."""

    team: Name60
    day: Day


class SlowerIn(_In):
    """A team and what it does a day from now on."""

    team: Name60
    per_day: int = Field(ge=1, le=1000)


class ReplanIn(SeenIn):
    """What changed; what is done stays, the rest keeps team and day as far as it can."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 1, "revision": 0, "from_day": "2022-09-14"}]}
    )

    from_day: Day
    done_through: Day | None = Field(None, description="All up to this day is done")
    gone: list[GoneIn] = Field(default=[], max_length=200, description="Teams that are gone from a day on")
    joins: list[GoneIn] = Field(default=[], max_length=200, description="Teams that join on a day")
    slower: list[SlowerIn] = Field(default=[], max_length=200)
    add_houses: list[HouseId] = Field(default=[], max_length=5_000)
    add_run: int | None = Field(None, ge=1, le=2**62, description="A list whose further houses come in")


@router.get("/api/plans", summary="Plans, the newest first", dependencies=_READ)
def listed(connection: Reading, limit: Annotated[int, Query(ge=1, le=_LIST_MAX)] = 50) -> dict[str, Any]:
    """Return each plan by the newest version that one may see."""
    rows = [dict(r) for r in connection.execute(text(statement("plans.listed")), {"limit": limit + 1}).mappings()]
    return {"items": [_listed(row) for row in rows[:limit]], "truncated": len(rows) > limit}


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "plan_id", "name", "account", "created_at", "version", "state", "revision", "published", "stops", "done",
        "refusal", "changed_by", "changed_at",
    )  # fmt: skip
    return {name: row[name] for name in names}


@router.post(
    "/api/plans", status_code=202, summary="Make a plan", dependencies=_PLAN,
    responses={202: {"description": "Being made: its state says when it is a draft, or why it failed"}},
)  # fmt: skip
def create(asked: PlanIn, identity: CurrentUser, audit: Audit) -> dict[str, Any]:
    """Begin to make a plan; what no plan can be made of is refused at once."""
    with transaction(identity) as connection:
        run_id = _list_of(connection, asked)
        conditions = asked.conditions()
        teams = _teams(asked)
        make.check_input(connection, run_id, conditions, teams)
        plan_id, version = make.begin(connection, asked.name, run_id, conditions, teams)
        audit.append(connection, Action.PLAN_MADE, f"plan {plan_id}", name=asked.name, run=run_id, version=version)
        return _begun(connection, identity, plan_id, version)


def _begun(connection: Connection, identity: Identity, plan_id: int, version: int) -> dict[str, Any]:
    """Ask the worker, in the same transaction, to make what was begun; return its head, with the job."""
    job = ask(connection, identity, "plan", {"plan_id": plan_id, "version": version})
    return _head(head_of(connection, plan_id, version)) | {"job_id": job.job_id}


def _list_of(connection: Connection, asked: PlanIn) -> int:
    """Return the stored selection that a plan is of; conditions and areas are selected now."""
    given = [one for one in (asked.run_id, asked.area_id, asked.ask) if one is not None]
    if len(given) > 1:
        raise InputError("名单、区域、条件只能给一种。", "Give a list, an area or conditions: one of them.")
    if asked.run_id is not None:
        parameters_of(connection, asked.run_id)
        return asked.run_id
    if asked.area_id is not None:
        return run_selection(connection, Ask(any_of=(AreaTerm.of(drawn_area(connection, asked.area_id)),))).run_id
    if asked.ask is not None:
        return run_selection(connection, ask_of_body(connection, asked.ask)).run_id
    run_id = latest_run(connection)
    if run_id is None:
        raise InputError(
            "尚未发布名单；请先发布，或指定名单、区域、条件。",
            "No list is published; publish one, or name a list, an area or conditions.",
        )
    return run_id


def _teams(asked: ConditionsIn) -> list[Team]:
    if isinstance(asked.teams, int):
        return name_teams(asked.teams, [])
    to_work = transformer(4326, work_srid())
    return [
        Team(
            " ".join(t.name.split()), None if t.start is None else to_work.transform(*t.start), t.per_day,
            frozenset(t.days_off), t.members, t.first_day, t.last_day,
        )
        for t in asked.teams
    ]  # fmt: skip


def _head(head: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "plan_id", "name", "run_id", "version", "revision", "state", "based_on", "origin", "refusal", "made_by", "made_at",
        "changed_by", "changed_at", "published_by", "published_at", "in_force", "newest", "parameters", "summary",
    )  # fmt: skip
    return {name: head[name] for name in names}


@router.get("/api/plans/{plan_id}", summary="A version of a plan: teams, days, figures", dependencies=_READ)
def read(plan_id: PlanId, connection: Reading, version: VersionQuery = None) -> dict[str, Any]:
    """Return a version with its teams by days, its figures and the promises that do not hold."""
    return _whole(connection, with_days_of(connection, read_plan(connection, plan_id, version)))


def _whole(connection: Connection, stored: Stored) -> dict[str, Any]:
    unplanned = connection.execute(
        text(statement("plans.unplanned")),
        {"plan_id": stored.head["plan_id"], "version": stored.head["version"], "limit": _LIST_MAX},
    ).mappings()
    out = _head(stored.head)
    if not stored.whole:
        out["summary"] = {}  # what is said of the whole is the county's affair
    elif stored.seats:
        out["summary"] = dict(out["summary"]) | {"broken": [b.as_dict() for b in stored.broken()[:200]]}
    return out | {
        "teams": [
            {
                "team": t.name, "members": t.members, "per_day": t.per_day, "days_off": sorted(t.days_off),
                "first_day": t.first, "last_day": t.last,
            }
            for t in stored.teams
        ],
        "days": edit.days_of(stored, stored.rounds),
        "unplanned": [dict(u) for u in unplanned],
    }  # fmt: skip


@router.delete(
    "/api/plans/{plan_id}", status_code=204, summary="Delete a plan that was never published", dependencies=_PLAN
)
def erase(plan_id: PlanId, connection: Writing, audit: Audit) -> Response:
    """Delete a plan with all its versions; one that was published stays."""
    edit.erase(connection, plan_id)
    audit.append(connection, Action.PLAN_DELETED, f"plan {plan_id}")
    return Response(status_code=204)


@router.get("/api/plans/{plan_id}/state", summary="Where a plan stands", dependencies=_READ)
def state(plan_id: PlanId, connection: Reading) -> dict[str, Any]:
    """Return the newest version's number, revision and state: what a page asks to know whether it is out of date."""
    row = connection.execute(text(statement("plans.newest")), {"plan_id": plan_id}).mappings().one_or_none()
    if row is None:
        head_of(connection, plan_id)
    assert row is not None  # noqa: S101 - head_of refused
    names = ("version", "revision", "state", "changed_by", "changed_at", "refusal")
    return {name: row[name] for name in names}


@router.get("/api/plans/{plan_id}/versions", summary="Versions of a plan", dependencies=_READ)
def versions(plan_id: PlanId, connection: Reading) -> dict[str, Any]:
    """Return the versions that one may see, the newest first."""
    head_of(connection, plan_id)
    rows = connection.execute(text(statement("plans.versions")), {"plan_id": plan_id}).mappings()
    return {"items": [dict(row) for row in rows]}


@router.get("/api/plans/{plan_id}/stops", summary="Stops of a plan, in order", dependencies=_READ)
def stops(
    request: Request,
    plan_id: PlanId,
    connection: Reading,
    version: VersionQuery = None,
    team: TeamQuery = None,
    day: DayQuery = None,
    limit: Annotated[int, Query(ge=1, le=_STOPS_MAX)] = 200,
) -> dict[str, Any]:
    """Return stops with what is told of the house and why it is on the list; of one team or day, or all."""
    lang = language(request)
    head = head_of(connection, plan_id, version)
    team = team.replace("\x00", "") if team else None
    rows = told(connection, plan_id, head["version"], team, day, limit + 1)
    return {
        "version": head["version"],
        "items": [_stop(row, lang) for row in rows[:limit]],
        "truncated": len(rows) > limit,
    }


def _stop(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    names = (
        "building_id",
        "team",
        "day",
        "seq",
        "minutes",
        "urgency",
        "due",
        "pin_team",
        "pin_day",
        "done",
        "simulated",
    )
    return {name: row[name] for name in names} | {
        "arrive": f"{row['arrive']:%H:%M}", "leave": f"{row['leave']:%H:%M}", "travel_m": round(row["travel_m"]),
        "title": house.title(row), "place": " ".join(p for p in (row["township"], row["village"]) if p),
        "address": row["address"], "urgency_text": URGENCY[row["urgency"]],
        "reasons": phrases(row["reasons"], lang),
        "rows": house.facts(row, zh=lang == "zh", columns=house.HOUSE)["rows"],
    }  # fmt: skip


@router.post("/api/plans/{plan_id}/moves", summary="Move a stop", dependencies=_PLAN)
def move(plan_id: PlanId, asked: MoveIn, connection: Writing, audit: Audit) -> dict[str, Any]:
    """Move a stop and say what that does to minutes and promises."""
    done = edit.move(
        connection, asked.seen(plan_id), asked.building_id, asked.team, asked.day, asked.seq, only_try=asked.only_try
    )
    if not asked.only_try:
        audit.append(
            connection, Action.PLAN_CHANGED, f"plan {plan_id}", version=done.version, move=asked.building_id,
            team=asked.team, day=asked.day.isoformat(),
        )  # fmt: skip
    return _changed(done)


@router.post("/api/plans/{plan_id}/pins", summary="Pin a stop, or let it go", dependencies=_PLAN)
def pin(plan_id: PlanId, asked: PinIn, connection: Writing, audit: Audit) -> dict[str, Any]:
    """Hold a stop to its team, its day, or both."""
    done = edit.pin(connection, asked.seen(plan_id), asked.building_id, team=asked.team, day=asked.day)
    audit.append(
        connection, Action.PLAN_CHANGED, f"plan {plan_id}", version=done.version, pin=asked.building_id, team=asked.team,
        day=asked.day,
    )  # fmt: skip
    return _changed(done)


@router.post("/api/plans/{plan_id}/done", summary="Mark houses as visited", dependencies=_PLAN)
def mark_done(plan_id: PlanId, asked: DoneIn, connection: Writing, audit: Audit) -> dict[str, Any]:
    """Say of houses that they are visited, or that they are not."""
    done = edit.mark_done(connection, asked.seen(plan_id), asked.houses, done=asked.done)
    audit.append(
        connection,
        Action.PLAN_CHANGED,
        f"plan {plan_id}",
        version=done.version,
        done=asked.done,
        count=len(asked.houses),
    )
    return _changed(done)


@router.post("/api/plans/{plan_id}/shares", summary="Share the rest of a day between two teams", dependencies=_PLAN)
def share(plan_id: PlanId, asked: ShareIn, connection: Writing, audit: Audit) -> dict[str, Any]:
    """Share what two teams have not visited yet on a day between them."""
    done = edit.share_day(connection, asked.seen(plan_id), asked.day, *asked.teams)
    audit.append(
        connection, Action.PLAN_CHANGED, f"plan {plan_id}", version=done.version, share=asked.day.isoformat(),
        teams=list(asked.teams),
    )  # fmt: skip
    return _changed(done)


@router.post("/api/plans/{plan_id}/undo", summary="Take back the last change", dependencies=_PLAN)
def undo(plan_id: PlanId, asked: SeenIn, connection: Writing, audit: Audit) -> dict[str, Any]:
    """Take back the last change of a draft that was not taken back yet."""
    done = edit.undo(connection, asked.seen(plan_id))
    audit.append(connection, Action.PLAN_CHANGED, f"plan {plan_id}", version=done.version, undo=done.kind)
    return _changed(done)


@router.post("/api/plans/{plan_id}/publish", summary="Publish a draft", dependencies=_PLAN)
def publish(plan_id: PlanId, asked: SeenIn, connection: Writing, audit: Audit) -> dict[str, Any]:
    """Publish a draft: it is what townships and prints read from now on, and never changes."""
    version = edit.publish(connection, asked.seen(plan_id))
    audit.append(connection, Action.PLAN_PUBLISHED, f"plan {plan_id}", version=version)
    return _head(head_of(connection, plan_id, version))


def _changed(done: edit.Changed) -> dict[str, Any]:
    return {
        "version": done.version,
        "revision": done.revision,
        "days": done.days,
        "stops": done.stops,
        "minutes": done.minutes,
        "broken": [b.as_dict() for b in done.newly_broken],
        "still": [b.as_dict() for b in done.still_broken],
        "mended": [b.as_dict() for b in done.mended],
        "kind": done.kind,
    }


@router.post("/api/plans/{plan_id}/replan", status_code=202, summary="Plan anew what is not done", dependencies=_PLAN)
def replan(plan_id: PlanId, asked: ReplanIn, identity: CurrentUser, audit: Audit) -> dict[str, Any]:
    """Begin to make a further version: what is done stays, the rest keeps team and day as far as it can."""
    with transaction(identity) as connection:
        old = edit.open_for_change(connection, asked.seen(plan_id), keep_published=True)
        teams = make.changed_teams(
            old.teams, {g.team: g.day for g in asked.gone}, {j.team: j.day for j in asked.joins},
            {s.team: s.per_day for s in asked.slower},
        )  # fmt: skip
        changes = make.Changes(asked.from_day, asked.done_through, teams, asked.add_houses, asked.add_run)
        version = make.begin_replan(connection, old, changes)
        audit.append(
            connection, Action.PLAN_MADE, f"plan {plan_id}", version=version, replan=asked.model_dump(mode="json")
        )
        return _begun(connection, identity, plan_id, version)


@router.get("/api/plans/{plan_id}/compare", summary="How two versions differ", dependencies=_READ)
def compare(
    plan_id: PlanId,
    connection: Reading,
    before: Annotated[int, Query(ge=1, le=2**31 - 1)],
    after: Annotated[int, Query(ge=1, le=2**31 - 1)],
) -> dict[str, Any]:
    """Return new, gone and moved stops, at most 5,000 in all, what changed for each team, and figures of both."""
    heads = [head_of(connection, plan_id, v) for v in (before, after)]
    values = {"plan_id": plan_id, "before": before, "after": after}
    rows = [dict(r) for r in connection.execute(text(statement("plans.compare")), values).mappings()]
    changed = [r for r in rows if r["change"] != "same"]
    counts = {kind: sum(r["change"] == kind for r in rows) for kind in ("new", "gone", "moved", "same")}
    teams: dict[str, dict[str, int]] = {}
    for r in changed:
        for side, verb in (("team_before", "leave"), ("team_after", "come")):
            if r[side] is not None:
                teams.setdefault(r[side], {"leave": 0, "come": 0})[verb] += 1
    return {
        "counts": counts, "teams": teams, "items": changed[:_STOPS_MAX], "truncated": len(changed) > _STOPS_MAX,
        "figures": [h["summary"].get("figures") for h in heads],
    }  # fmt: skip


@router.get(
    "/api/plans/{plan_id}/export", summary="A plan as a file", dependencies=_EXPORT, response_class=Response,
    responses=DOWNLOADS | GOES_ON,
)  # fmt: skip
async def export(
    plan_id: PlanId, request: Request, audit: Audit, version: VersionQuery = None,
    format: Literal["xlsx", "gpkg", "geojson"] = "xlsx",
) -> Response:  # fmt: skip
    """Download a whole plan; a long one is a job that goes on when the page is left."""
    number = await run_in_threadpool(_version_of, audit.identity, plan_id, version)
    return await made(request, audit, "plan_file", {"plan": plan_id, "version": number, "format": format})


@router.get(
    "/api/plans/{plan_id}/sheets", summary="Day sheets", dependencies=_EXPORT, response_class=Response,
    responses=GOES_ON | {200: {"content": {"application/pdf": {}, _XLSX: {}}}},
)  # fmt: skip
async def sheets(
    plan_id: PlanId,
    request: Request,
    audit: Audit,
    version: VersionQuery = None,
    team: TeamQuery = None,
    day: DayQuery = None,
    format: Literal["pdf", "xlsx"] = "pdf",
) -> Response:
    """Return the day sheets of one team and day, of a team, of a day, or of all; at most 31 at once.

    Many are a job that goes on when the page is left.
    """
    number = await run_in_threadpool(_version_of, audit.identity, plan_id, version)
    asked = {"plan": plan_id, "version": number, "team": team.replace("\x00", "") if team else None,
             "day": day.isoformat() if day else None, "format": format}  # fmt: skip
    return await made(request, audit, "day_sheets", asked)


def _version_of(identity: Identity, plan_id: int, version: int | None) -> int:
    with transaction(identity, read_only=True) as connection:
        return int(head_of(connection, plan_id, version)["version"])
