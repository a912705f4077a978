"""Selections: ask, read, compare, download."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, create_model
from sqlalchemy import Connection, text
from starlette.concurrency import run_in_threadpool

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.bodies import SHAPES
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import DOWNLOADS, GOES_ON, exported
from gis_service.api.http.errors import language
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import heavy, takes
from gis_service.api.http.texts import Line
from gis_service.api.routes.areas import ShapeIn
from gis_service.api.routes.jobs import made
from gis_service.areas.area import area_of
from gis_service.areas.drawn import drawn_area
from gis_service.areas.shapes import checked_shape
from gis_service.codelists import ZONE_KIND
from gis_service.db.engine import transaction
from gis_service.db.queries import statement
from gis_service.export.rows import write_rows
from gis_service.identity import Identity, Right
from gis_service.selection.attributes import ATTRIBUTES
from gis_service.selection.lists import (
    ALL,
    DIFFERENCE_HEADINGS,
    Narrowed,
    difference_rows,
    one_of,
)
from gis_service.selection.preview import count, first
from gis_service.selection.published import about, publish, withdraw
from gis_service.selection.reasons import best_first, house_facts, phrases
from gis_service.selection.rules import LIMITS, RULES, Limit, Limits, points_table
from gis_service.selection.select import (
    ask_of,
    compare,
    latest_run,
    named,
    parameters_of,
    run_selection,
    totals,
)
from gis_service.selection.sentence import sentence
from gis_service.selection.terms import (
    BUFFER_MAX_M,
    AreaTerm,
    Ask,
    HouseTerm,
    RuleTerm,
    Term,
    ZoneTerm,
    changes,
    default_ask,
    default_zone_terms,
)

router = Router(prefix="/api", tags=["Selection"])
_READ = [Depends(allow(Right.READ))]
_SELECT = [Depends(allow(Right.SELECT)), Depends(heavy)]
_PREVIEW = [*_READ, Depends(heavy), Depends(takes(SHAPES))]

RunId = Annotated[int, PathParameter(ge=1, le=2**62)]
_ID_MAX = 2**62
_NAME_MAX = 60
_COMPARED_MAX = 5_000


class ZoneIn(BaseModel):
    """Near a key zone of a kind."""

    model_config = ConfigDict(extra="forbid")
    term: Literal["zone"]
    kind: str = Field(max_length=_NAME_MAX, json_schema_extra={"enum": list(ZONE_KIND)})
    buffer_m: float = Field(ge=0, le=BUFFER_MAX_M, allow_inf_nan=False, description="Metres from the zone's grounds")


class RuleIn(BaseModel):
    """Meets a rule of the notice."""

    model_config = ConfigDict(extra="forbid")
    term: Literal["rule"]
    name: str = Field(max_length=_NAME_MAX, json_schema_extra={"enum": list(RULES)})


class AreaIn(BaseModel):
    """Inside a drawn area."""

    model_config = ConfigDict(extra="forbid")
    term: Literal["area"]
    area_id: int = Field(ge=1, le=_ID_MAX)


class HouseIn(BaseModel):
    """Has, as it was surveyed, one of the values, or a number from ``low`` to ``high``."""

    model_config = ConfigDict(extra="forbid")
    term: Literal["house"]
    name: str = Field(max_length=_NAME_MAX, json_schema_extra={"enum": list(ATTRIBUTES)})
    values: list[Annotated[str, Field(min_length=1, max_length=_NAME_MAX)]] = Field(default=[], max_length=200)
    low: int | None = Field(None, ge=0, le=1_000_000)
    high: int | None = Field(None, ge=0, le=1_000_000)


TermIn = Annotated[ZoneIn | RuleIn | AreaIn | HouseIn, Field(discriminator="term")]
Terms = Annotated[list[TermIn], Field(max_length=50)]


# The limit of each rule by its name, for example ``min_floors``.
_LIMITS: dict[str, Any] = {
    rule.limit.name: (
        int,
        Field(rule.limit.default, ge=rule.limit.low, le=rule.limit.high, description=f"{rule.en}: {rule.limit.en}"),
    )
    for rule in RULES.values()
    if rule.limit
}
LimitsIn: Any = create_model("LimitsIn", **_LIMITS)


class AskIn(LimitsIn, BaseModel):  # type: ignore[misc]  # fields made from RULES, which a type checker cannot read
    """What to select: any of, all of, none of. Empty: all zones with their default buffers, and all rules."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "any_of": [{"term": "zone", "kind": "school", "buffer_m": 200}, {"term": "rule", "name": "hazard"}],
                    **Limits(),
                }
            ]
        },
    )
    any_of: Terms = []
    all_of: Terms = []
    none_of: Terms = []
    within: list[Annotated[int, Field(ge=1, le=_ID_MAX)]] = Field(
        default=[], max_length=50, description="Drawn areas; only houses in at least one of them"
    )


class NewIn(AskIn):
    """A list to make; its name is what people call it."""

    name: Line | None = Field(None, max_length=100)


class ListOut(BaseModel):
    """A list besides its houses."""

    run_id: int
    name: str | None
    sentence: str = Field(description="Its conditions in one sentence")
    account: str | None = Field(description="Its author")
    started_at: datetime
    published_at: datetime | None = Field(description="Since when it is the county's list; null: a draft")
    published_by: str | None
    withdrawn_at: datetime | None
    selected: int


class SelectedOut(BaseModel):
    """One selected building."""

    building_id: str
    name: str | None
    township: str | None
    village: str | None
    hazard_tier: str | None
    score: float
    reasons: list[dict[str, Any]]
    reasons_text: list[str]
    lon: float
    lat: float


class WhyOut(SelectedOut):
    """One selected building as a popup shows it."""

    title: str
    rows: list[tuple[str, str]] = Field(description="Label and value of each fact that is known of the house")


class PreviewIn(AskIn):
    """What would be selected; ``others`` are counted only, ``shape`` is an area that is not saved yet."""

    others: Terms = []
    shape: ShapeIn | None = None
    limit: int = Field(200, ge=0, le=1000)


class PreviewOut(BaseModel):
    """Counts and the first houses of an ask that was not stored."""

    total: int
    sentence: str = Field(description="The conditions in one sentence")
    any_of: list[int]
    all_of: list[int]
    none_of: list[int]
    others: list[int]
    items: list[SelectedOut]
    truncated: bool


class SelectionOut(BaseModel):
    """A selection: its run, counts and its first buildings by score."""

    run_id: int
    changes: list[dict[str, str]] = Field(
        default=[],
        description="Of a repeated run: where its conditions were not today's (a rule at another version), zh and en",
    )
    name: str | None
    sentence: str = Field(description="Its conditions in one sentence")
    draft: bool = Field(description="Not published: seen by its author and by roles of the county")
    published_at: datetime | None
    shown: int = Field(description="Houses that the filters of this question leave")
    totals: dict[str, Any] = Field(description="Each building once in total; under each rule, kind and township")
    items: list[SelectedOut]
    truncated: bool


def _narrowed(
    *,
    operating: Annotated[bool, Query(description="Operating houses alone")] = False,
    township: Annotated[str | None, Query(max_length=12)] = None,
    village: Annotated[str | None, Query(max_length=15)] = None,
    tier: Annotated[Literal["severe", "some", "none_found", "unjudged"] | None, Query()] = None,
    min_score: Annotated[float | None, Query(ge=0, le=1000, allow_inf_nan=False)] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of a name, number, address or village")] = None,
) -> Narrowed:
    return Narrowed(operating, township, village, tier, min_score, q)


NarrowedBy = Annotated[Narrowed, Depends(_narrowed)]


@router.get("/rules", summary="Rules, default buffers and points", dependencies=_READ)
def rules() -> dict[str, Any]:
    """Return what can be asked for."""
    return {
        "rules": [
            {
                "name": r.name, "version": r.version, "zh": r.zh, "en": r.en, "source": r.source_zh,
                "source_en": r.source_en, "points_max": r.points_max, "limit": r.limit and _limit(r.limit),
            }
            for r in RULES.values()
        ],
        "zones": [term.as_dict() for term in default_zone_terms()],
        "points": points_table(),
    }  # fmt: skip


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "name": limit.name, "low": limit.low, "high": limit.high, "value": limit.default, "unit": limit.zh,
        "unit_en": limit.en,
    }  # fmt: skip


@router.post("/selections", status_code=201, summary="Select buildings", dependencies=_SELECT)
def create(asked: NewIn, connection: Writing, audit: Audit, request: Request) -> SelectionOut:
    """Select buildings and store the result as a run: a draft, until it is published."""
    outcome = run_selection(connection, ask_of_body(connection, asked), asked.name and asked.name.strip())
    audit.append(connection, Action.SELECTED, f"run {outcome.run_id}", selected=outcome.selected)
    return _out(connection, audit.identity, outcome.run_id, language(request))


@router.get("/selections", summary="Lists: the published one first, then the newest", dependencies=_READ)
def lists(connection: Reading, request: Request, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> dict[str, Any]:
    """Return the lists that the asker may see, each with its conditions, author and state."""
    rows = connection.execute(text(statement("runs.list")), {"kind": "selection", "limit": limit + 1}).mappings().all()
    lang = language(request)
    return {
        "items": [ListOut(**row, sentence=sentence(row["parameters"], lang)) for row in rows[:limit]],
        "truncated": len(rows) > limit,
    }


@router.post(
    "/selections/{run_id}/publish", summary="Make a list the county's", dependencies=[Depends(allow(Right.PUBLISH))]
)
def publish_list(run_id: RunId, connection: Writing, audit: Audit, request: Request) -> SelectionOut:
    """Publish a list: pages, townships, prints and figures read it from now on, in place of another."""
    before = latest_run(connection)
    publish(connection, run_id)
    audit.append(connection, Action.PUBLISHED, f"run {run_id}", before=before)
    return _out(connection, audit.identity, run_id, language(request))


@router.post(
    "/selections/{run_id}/withdraw", summary="Take the county's list back", dependencies=[Depends(allow(Right.PUBLISH))]
)
def withdraw_list(run_id: RunId, connection: Writing, audit: Audit, request: Request) -> SelectionOut:
    """Withdraw the published list: until another is published there is none, and pages say so."""
    withdraw(connection, run_id)
    audit.append(connection, Action.WITHDRAWN, f"run {run_id}")
    return _out(connection, audit.identity, run_id, language(request))


@router.post("/selections/preview", summary="What would be selected, not stored", dependencies=_PREVIEW)
def preview(asked: PreviewIn, connection: Reading, request: Request) -> PreviewOut:
    """Count what an ask would select, each of its terms alone, and list the first houses."""
    ask = ask_of_body(connection, asked)
    if asked.shape is not None:
        ask = replace(ask, all_of=(*ask.all_of, AreaTerm.of(area_of("草图", checked_shape(asked.shape.model_dump())))))
    counts = count(connection, ask, tuple(_term(connection, term) for term in asked.others))
    rows = first(connection, ask, asked.limit) if asked.limit else []
    items = [_selected(row) for row in rows]
    return PreviewOut(
        total=counts.total, sentence=sentence(ask.parameters(), language(request)), any_of=counts.any_of, all_of=counts.all_of[: len(asked.all_of)],  # without what ``shape`` became
        none_of=counts.none_of, others=counts.others, items=items, truncated=counts.total > len(items),
    )  # fmt: skip


@router.get("/selections/{run_id}", summary="A stored selection", dependencies=_READ)
def read(
    run_id: RunId,
    connection: Reading,
    identity: CurrentUser,
    narrowed: NarrowedBy,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=5000)] = 100,
    offset: Annotated[int, Query(ge=0, le=_ID_MAX)] = 0,
) -> SelectionOut:
    """Return a stored selection, the highest score first; of the houses that the filters leave, one page."""
    parameters_of(connection, run_id)
    return _out(connection, identity, run_id, language(request), limit, offset, narrowed)


@router.post(
    "/selections/{run_id}/repeat", status_code=201, summary="The same selection on today's data", dependencies=_SELECT
)
def repeat(run_id: RunId, connection: Writing, audit: Audit, request: Request) -> SelectionOut:
    """Ask again what a stored run asked, as far as it can be asked today."""
    changed = [{"zh": zh, "en": en} for zh, en in changes(parameters_of(connection, run_id))]
    outcome = run_selection(connection, ask_of(connection, run_id), about(connection, run_id)["name"])
    audit.append(connection, Action.SELECTED, f"run {outcome.run_id}", selected=outcome.selected, repeats=run_id)
    return _out(connection, audit.identity, outcome.run_id, language(request)).model_copy(update={"changes": changed})


@router.get(
    "/selections/{before}/compare/{after}", summary="How two selections differ", dependencies=[*_READ, Depends(heavy)]
)
def differ(before: RunId, after: RunId, connection: Reading, request: Request) -> dict[str, Any]:
    """Return new, gone and changed buildings, at most 5,000 of each, with the reasons of both lists as phrases."""
    lang = language(request)
    result = compare(connection, before, after)
    return {
        "counts": {name: len(rows) for name, rows in result.items()},
        "truncated": any(len(rows) > _COMPARED_MAX for rows in result.values()),
        **{name: [_differing(row, lang) for row in rows[:_COMPARED_MAX]] for name, rows in result.items()},
    }


def _differing(row: dict[str, Any], lang: str) -> dict[str, Any]:
    return row | {
        "lon": row["lon"] and round(row["lon"], 6),
        "lat": row["lat"] and round(row["lat"], 6),
        "reasons_before": phrases(row["reasons_before"], lang),
        "reasons_after": phrases(row["reasons_after"], lang),
    }


@router.get(
    "/selections/{before}/compare/{after}/export",
    summary="How two selections differ, as a file",
    dependencies=[Depends(allow(Right.EXPORT)), Depends(heavy)],
    response_class=FileResponse,
    responses=DOWNLOADS,
)
def export_difference(
    before: RunId, after: RunId, connection: Reading, audit: Audit, format: Literal["xlsx", "csv"] = "xlsx"
) -> FileResponse:
    """Download what differs, one row a house."""
    rows = difference_rows(connection, before, after)
    title = f"第 {before} 号与第 {after} 号名单对比"
    return exported(
        audit, f"compare-{before}-{after}", format,
        lambda path, mark: write_rows(DIFFERENCE_HEADINGS, rows, path, title=title, mark=mark),
        before=before, after=after, rows=len(rows),
    )  # fmt: skip


@router.get(
    "/selections/{run_id}/buildings/{building_id}", summary="Why one building is on the list", dependencies=_READ
)
def why(run_id: RunId, building_id: str, connection: Reading, request: Request) -> WhyOut:
    """Return the facts, the score and all reasons of one selected building."""
    row = one_of(connection, run_id, building_id)
    lang = language(request)
    told = house_facts(row, lang)
    selected = _selected(row, lang)
    return WhyOut(**selected.model_dump(), title=told["title"], rows=told["rows"])


@router.get(
    "/selections/{run_id}/export",
    summary="The list as a file",
    dependencies=[Depends(allow(Right.EXPORT))],
    response_class=Response,
    responses=DOWNLOADS | GOES_ON,
)
async def export(
    run_id: RunId,
    request: Request,
    audit: Audit,
    narrowed: NarrowedBy,
    format: Literal["xlsx", "csv", "geojson", "gpkg"] = "xlsx",
) -> Response:
    """Download a selection, narrowed as the page shows it; a long one is a job that goes on when the page is left."""
    await run_in_threadpool(_known, audit.identity, run_id)
    return await made(request, audit, "list", {"run": run_id, "format": format, "narrowed": asdict(narrowed)})


def _known(identity: Identity, run_id: int) -> None:
    with transaction(identity, read_only=True) as connection:
        parameters_of(connection, run_id)


def ask_of_body(connection: Connection, asked: AskIn) -> Ask:
    """Return what a body asks for."""
    limits = Limits({limit.name: getattr(asked, limit.name) for limit in LIMITS})
    any_of, all_of, none_of = (
        tuple(_term(connection, term) for term in terms) for terms in (asked.any_of, asked.all_of, asked.none_of)
    )
    if not any_of and not all_of:
        any_of = default_ask().any_of
    within = tuple(AreaTerm.of(drawn_area(connection, area_id)) for area_id in dict.fromkeys(asked.within))
    return Ask(any_of, all_of, none_of, limits, within)


def _term(connection: Connection, given: ZoneIn | RuleIn | AreaIn | HouseIn) -> Term:
    if isinstance(given, ZoneIn):
        return ZoneTerm(given.kind, given.buffer_m)
    if isinstance(given, RuleIn):
        return RuleTerm(given.name)
    if isinstance(given, HouseIn):
        return named(connection, HouseTerm(given.name, tuple(given.values), given.low, given.high))
    return AreaTerm.of(drawn_area(connection, given.area_id))


def _out(
    connection: Connection,
    identity: Identity,
    run_id: int,
    lang: str,
    limit: int = 100,
    offset: int = 0,
    narrowed: Narrowed = ALL,
) -> SelectionOut:
    asked = {"run_id": run_id, "limit": limit, "offset": offset, **narrowed.values()}
    rows = connection.execute(text(statement("runs.page")), asked).mappings().all()
    told = about(connection, run_id, lang)
    shown = int(connection.execute(text(statement("runs.shown")), asked).scalar_one())
    return SelectionOut(
        run_id=run_id,
        name=told["name"],
        sentence=told["sentence"],
        draft=told["published_at"] is None,
        published_at=told["published_at"],
        shown=shown,
        totals=totals(connection, run_id, identity.scope),
        items=[_selected(row, lang) for row in rows],
        truncated=shown > offset + len(rows),
    )


def _selected(row: Any, lang: str = "zh") -> SelectedOut:
    return SelectedOut(
        **{k: row[k] for k in ("building_id", "name", "township", "village", "hazard_tier", "score")},
        reasons=best_first(row["reasons"]),
        reasons_text=phrases(row["reasons"], lang),
        lon=round(row["lon"], 6),
        lat=round(row["lat"], 6),
    )
