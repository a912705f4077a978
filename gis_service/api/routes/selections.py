"""Selections: ask, read, compare, download."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, create_model
from sqlalchemy import Connection, text

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, allow
from gis_service.api.http.bodies import SHAPES
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import DOWNLOADS, download
from gis_service.api.http.errors import language
from gis_service.api.http.rules import heavy, takes
from gis_service.api.routes.areas import ShapeIn
from gis_service.areas.area import area_of
from gis_service.areas.drawn import drawn_area
from gis_service.areas.shapes import checked_shape
from gis_service.codelists import ZONE_KIND
from gis_service.db.queries import statement
from gis_service.export.files import write_places
from gis_service.export.mark import Mark
from gis_service.identity import Right
from gis_service.selection.lists import HEADINGS, one_of, selected_frame
from gis_service.selection.preview import count, first
from gis_service.selection.reasons import best_first, house_facts, phrases
from gis_service.selection.rules import LIMITS, RULES, Limit, Limits, points_table
from gis_service.selection.select import ask_of, compare, parameters_of, run_selection, totals
from gis_service.selection.terms import (
    BUFFER_MAX_M,
    AreaTerm,
    Ask,
    RuleTerm,
    Term,
    ZoneTerm,
    changes,
    default_ask,
    default_zone_terms,
)

router = APIRouter(prefix="/api", tags=["Selection"])
_READ = [Depends(allow(Right.READ))]
_SELECT = [Depends(allow(Right.SELECT)), Depends(heavy)]
_PREVIEW = [*_READ, Depends(heavy), Depends(takes(SHAPES))]

RunId = Annotated[int, PathParameter(ge=1, le=2**62)]
_ID_MAX = 2**62
_NAME_MAX = 60


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


TermIn = Annotated[ZoneIn | RuleIn | AreaIn, Field(discriminator="term")]
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


class SelectedOut(BaseModel):
    """One selected building."""

    building_id: str
    name: str | None
    township: str | None
    village: str | None
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
    draft: bool = Field(description="Made with other than the default conditions: its author's, not the county's list")
    totals: dict[str, Any] = Field(description="Each building once in total; under each rule, kind and township")
    items: list[SelectedOut]
    truncated: bool


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
def create(asked: AskIn, connection: Writing, audit: Audit) -> SelectionOut:
    """Select buildings and store the result as a run."""
    outcome = run_selection(connection, _ask(connection, asked))
    audit.append(connection, Action.SELECTED, f"run {outcome.run_id}", selected=outcome.selected)
    return _out(connection, outcome.run_id, 100, 0)


@router.post("/selections/preview", summary="What would be selected, not stored", dependencies=_PREVIEW)
def preview(asked: PreviewIn, connection: Reading) -> PreviewOut:
    """Count what an ask would select, each of its terms alone, and list the first houses."""
    ask = _ask(connection, asked)
    if asked.shape is not None:
        ask = replace(ask, all_of=(*ask.all_of, AreaTerm.of(area_of("草图", checked_shape(asked.shape.model_dump())))))
    counts = count(connection, ask, tuple(_term(connection, term) for term in asked.others))
    rows = first(connection, ask, asked.limit) if asked.limit else []
    items = [_selected(row) for row in rows]
    return PreviewOut(
        total=counts.total, any_of=counts.any_of, all_of=counts.all_of[: len(asked.all_of)],  # without what ``shape`` became
        none_of=counts.none_of, others=counts.others, items=items, truncated=counts.total > len(items),
    )  # fmt: skip


@router.get("/selections/{run_id}", summary="A stored selection", dependencies=_READ)
def read(
    run_id: RunId,
    connection: Reading,
    limit: Annotated[int, Query(ge=1, le=5000)] = 100,
    offset: Annotated[int, Query(ge=0, le=_ID_MAX)] = 0,
) -> SelectionOut:
    """Return a stored selection, the highest score first."""
    parameters_of(connection, run_id)
    return _out(connection, run_id, limit, offset)


@router.post(
    "/selections/{run_id}/repeat", status_code=201, summary="The same selection on today's data", dependencies=_SELECT
)
def repeat(run_id: RunId, connection: Writing, audit: Audit) -> SelectionOut:
    """Ask again what a stored run asked, as far as it can be asked today."""
    changed = [{"zh": zh, "en": en} for zh, en in changes(parameters_of(connection, run_id))]
    outcome = run_selection(connection, ask_of(connection, run_id))
    audit.append(connection, Action.SELECTED, f"run {outcome.run_id}", selected=outcome.selected, repeats=run_id)
    return _out(connection, outcome.run_id, 100, 0).model_copy(update={"changes": changed})


@router.get(
    "/selections/{before}/compare/{after}", summary="How two selections differ", dependencies=[*_READ, Depends(heavy)]
)
def differ(before: RunId, after: RunId, connection: Reading) -> dict[str, Any]:
    """Return new, gone and changed buildings, at most 5,000 of each."""
    result = compare(connection, before, after)
    return {
        "counts": {name: len(rows) for name, rows in result.items()},
        "truncated": any(len(rows) > 5000 for rows in result.values()),
        **{name: rows[:5000] for name, rows in result.items()},
    }


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
    dependencies=[Depends(allow(Right.EXPORT)), Depends(heavy)],
    response_class=FileResponse,
    responses=DOWNLOADS,
)
def export(
    run_id: RunId, connection: Reading, audit: Audit, format: Literal["xlsx", "csv", "geojson", "gpkg"] = "xlsx"
) -> FileResponse:
    """Download a selection."""
    parameters_of(connection, run_id)
    places = selected_frame(connection, run_id)
    folder = tempfile.TemporaryDirectory(prefix="gis-export-")
    mark = Mark(audit.identity.account)
    path = Path(folder.name) / f"selection-{run_id}-{mark.stem}.{format}"
    write_places(places, path, title="优先排查名单", headings=HEADINGS, mark=mark)
    audit.record(Action.EXPORTED, path.name, run=run_id, rows=len(places))
    return download(path, folder)


def _ask(connection: Connection, asked: AskIn) -> Ask:
    limits = Limits({limit.name: getattr(asked, limit.name) for limit in LIMITS})
    any_of, all_of, none_of = (
        tuple(_term(connection, term) for term in terms) for terms in (asked.any_of, asked.all_of, asked.none_of)
    )
    if not any_of and not all_of:
        any_of = default_ask().any_of
    within = tuple(AreaTerm.of(drawn_area(connection, area_id)) for area_id in dict.fromkeys(asked.within))
    return Ask(any_of, all_of, none_of, limits, within)


def _term(connection: Connection, given: ZoneIn | RuleIn | AreaIn) -> Term:
    if isinstance(given, ZoneIn):
        return ZoneTerm(given.kind, given.buffer_m)
    if isinstance(given, RuleIn):
        return RuleTerm(given.name)
    return AreaTerm.of(drawn_area(connection, given.area_id))


def _out(connection: Connection, run_id: int, limit: int, offset: int) -> SelectionOut:
    rows = connection.execute(
        text(statement("runs.page")), {"run_id": run_id, "limit": limit + 1, "offset": offset}
    ).mappings()
    listed = [_selected(row) for row in rows]
    draft = connection.execute(text(statement("runs.draft")), {"run_id": run_id}).scalar_one()
    return SelectionOut(
        run_id=run_id,
        draft=draft,
        totals=totals(connection, run_id),
        items=listed[:limit],
        truncated=len(listed) > limit,
    )


def _selected(row: Any, lang: str = "zh") -> SelectedOut:
    return SelectedOut(
        **{k: row[k] for k in ("building_id", "name", "township", "village", "score")},
        reasons=best_first(row["reasons"]),
        reasons_text=phrases(row["reasons"], lang),
        lon=round(row["lon"], 6),
        lat=round(row["lat"], 6),
    )
