"""Dense clusters: the ranked list, facts of one, its patrol, its records; widths of gaps for the slider."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import DOWNLOADS, exported
from gis_service.api.http.errors import language
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import heavy
from gis_service.api.http.texts import Texts
from gis_service.db.engine import work_srid
from gis_service.export.rows import write_rows
from gis_service.facts.cluster import HEADINGS, facts, line, record, summary, title
from gis_service.fire import records
from gis_service.fire.clusters import LIST_MAX, cluster_of, every, ranked, run_of, widths_of
from gis_service.fire.route import as_geojson
from gis_service.fire.work import work_of
from gis_service.identity import UNIT_CODE, Right

router = Router(tags=["Clusters"], dependencies=[Depends(allow(Right.READ))])
_RECORD = [Depends(allow(Right.RECORD))]

ClusterId = Annotated[int, Path(ge=1, le=2**31 - 1)]
WalkedBefore = Annotated[
    date | None, Query(description="Only clusters last walked before this day, or never: what is due")
]
RunQuery = Annotated[int | None, Query(ge=1, le=2**62, description="A density run; the newest by default")]


@router.get("/api/clusters", summary="Dense clusters by score")
def clusters(
    *,
    request: Request,
    connection: Reading,
    run: RunQuery = None,
    township: Annotated[str | None, Query(pattern=UNIT_CODE)] = None,
    class_: Annotated[Literal["handshake", "sky_line", "unreached"] | None, Query(alias="class")] = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
    walked_before: WalkedBefore = None,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:
    """Return a page of the list; bounds and middles are in degrees (EPSG:4326)."""
    zh = language(request) == "zh"
    known = run_of(connection, run)
    q = q.replace("\x00", "") if q else None
    page = ranked(
        connection, known["run_id"], township=township, kind=class_, q=q, walked_before=walked_before, limit=limit,
        offset=offset,
    )  # fmt: skip
    lost = records.homeless(connection, known["run_id"])
    return {
        "run_id": known["run_id"],
        "total": page.total,
        "offset": offset,
        "truncated": page.truncated(offset),
        "items": [_item(row, zh=zh) for row in page.rows],
        # Records whose cluster this run no longer has.
        "records_without_cluster": [{"site_id": s["site_id"], "name": s["name"]} for s in lost],
    }


@router.get(
    "/api/clusters/export", summary="The ranked list as a file", dependencies=[Depends(allow(Right.EXPORT))],
    response_class=FileResponse, responses=DOWNLOADS,
)  # fmt: skip
def export(
    connection: Reading,
    audit: Audit,
    run: RunQuery = None,
    township: Annotated[str | None, Query(pattern=r"^[0-9]{9}$")] = None,
    class_: Annotated[Literal["handshake", "sky_line", "unreached"] | None, Query(alias="class")] = None,
    walked_before: WalkedBefore = None,
    limit: Annotated[int | None, Query(ge=1, le=LIST_MAX)] = None,
    format: Literal["xlsx", "csv"] = "xlsx",
) -> FileResponse:
    """Download the clusters as ranked and filtered, with the last patrol, plan and drill of each."""
    known = run_of(connection, run)
    rows = every(connection, known["run_id"], limit, township=township, kind=class_, walked_before=walked_before)
    return exported(
        audit, f"clusters-{known['run_id']}", format,
        lambda path, mark: write_rows(HEADINGS, map(line, rows), path, title="连片区排序", mark=mark),
        run=known["run_id"], rows=len(rows),
    )  # fmt: skip


def _item(row: dict[str, Any], *, zh: bool) -> dict[str, Any]:
    west, south, east, north = (round(row[side], 6) for side in ("west", "south", "east", "north"))
    return {
        "key": row["cluster_id"],
        "cluster_id": row["cluster_id"],
        "rank": row["rank"],
        "label": title(row),
        "what": "cluster",
        "township_codes": row["township_codes"],
        "score": row["score"],
        "why": summary(row, zh=zh),
        "record": record(row, zh=zh),
        **{name: row[name] for name in ("last_patrol", "plan_dated", "plan_version", "last_drill")},
        "lat": round((south + north) / 2, 6),
        "lon": round((west + east) / 2, 6),
        "bbox": [west, south, east, north],
        **{
            name: row[name]
            for name in ("buildings", "coverage", "handshake_m", "sky_line_m", "narrowest_m", "max_hose_m",
                         "unreached", "max_depth", "burn_largest")
        },
    }  # fmt: skip


@router.get("/api/clusters/{cluster_id}", summary="One dense cluster")
def cluster(request: Request, connection: Reading, cluster_id: ClusterId, run: RunQuery = None) -> dict[str, Any]:
    """Return a cluster's figures and the parts of its score."""
    zh = language(request) == "zh"
    known = run_of(connection, run)
    row = cluster_of(connection, known["run_id"], cluster_id)
    return {
        "cluster_id": cluster_id,
        "run_id": known["run_id"],
        **facts(row, zh=zh),
        "score": row["score"],
        "rank": row["rank"],
        "township_codes": row["township_codes"],
        "links": [
            ["打开本片地图" if zh else "Open its map", f"/map/fire/{cluster_id}?run={known['run_id']}"],
            ["预案图纸 A3" if zh else "Sheet, A3", f"/map/fire/{cluster_id}/sheet.pdf?paper=A3&run={known['run_id']}"],
        ],
    }


@router.get(
    "/api/clusters/{cluster_id}/patrol",
    summary="A patrol over every alley, and where engines stand",
    dependencies=[Depends(heavy)],
)
def patrol(request: Request, connection: Reading, cluster_id: ClusterId, run: RunQuery = None) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection: the route's stretches in order, then the staging points."""
    known = run_of(connection, run)
    cluster_of(connection, known["run_id"], cluster_id)
    work = work_of(connection, known["run_id"], cluster_id, known["parameters"]["engine_width_m"])
    drawn = as_geojson(work, work_srid(), zh=language(request) == "zh")
    return {**drawn, "cluster_id": cluster_id, "run_id": known["run_id"]}


@router.get("/api/gaps/widths", summary="Widths of all gaps by tenths of a metre")
def widths(response: Response, connection: Reading, identity: CurrentUser, run: RunQuery = None) -> dict[str, Any]:
    """Return counts and metres of gaps by class and width, and houses by their narrowest gap.

    ``step`` n holds widths above (n − 1) / 10 m up to n / 10 m: what is at most w metres wide is the sum over the
    steps up to 10 w.
    """
    known = run_of(connection, run)
    response.headers["Cache-Control"] = "private, max-age=300"
    return {"run_id": known["run_id"], **widths_of(connection, known["run_id"], identity.scope)}


def _past(value: date) -> date:
    # A day of grace: a browser east of the server may already write tomorrow's date.
    if not date(2000, 1, 1) <= value or (value - date.today()).days > 1:
        raise ValueError("日期应在 2000 年以后、今天以前 (a date from 2000 to today)")
    return value


class _Record(Texts):
    dated: date

    @field_validator("dated")
    @classmethod
    def _not_ahead(cls, value: date) -> date:
        return _past(value)


class PlanIn(_Record):
    """A version of a cluster's plan (专项消防应急方案)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"dated": "2022-09-08", "unit": "县消防救援大队", "body": "先断电，后疏散。"}]},
    )

    based_on: int = Field(0, ge=0, le=1_000_000, description="The version that the writer saw, 0 for none")
    number: str | None = Field(None, max_length=100, description="Number of the document (文号)")
    unit: str = Field(min_length=1, max_length=100, description="The unit that wrote it")
    body: str = Field(min_length=1, max_length=20_000)


class DrillIn(_Record):
    """A drill on the ground."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"dated": "2022-09-20", "result": "faults", "note": "水带不够长"}]},
    )

    result: Literal["passed", "faults", "failed"]
    note: str | None = Field(None, max_length=2000)
    corrects: int | None = Field(None, ge=1, le=2**62, description="The record that this one corrects")


class PatrolIn(_Record):
    """A patrol."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"dated": "2022-09-21", "unit": "东兰镇专职消防队", "found": "巷口堆放杂物"}]},
    )

    unit: str = Field(min_length=1, max_length=100, description="The unit that walked; no personal telephone")
    found: str | None = Field(None, max_length=2000, description="What was found; nothing where left out")
    note: str | None = Field(None, max_length=2000)
    corrects: int | None = Field(None, ge=1, le=2**62, description="The record that this one corrects")

    @field_validator("unit")
    @classmethod
    def _no_telephone(cls, value: str) -> str:
        if sum(map(str.isdigit, value)) >= 7:
            raise ValueError("请写单位名称，不写个人电话或证件号 (a unit's name, no telephone)")
        return value


def _listed(connection: Connection, kind: str, cluster_id: int, run: int | None) -> dict[str, Any]:
    known = run_of(connection, run)
    cluster_of(connection, known["run_id"], cluster_id)
    found = records.read(connection, kind, known["run_id"], cluster_id)
    at = records.sites(connection, known["run_id"], cluster_id)
    return {
        "cluster_id": cluster_id,
        "run_id": known["run_id"],
        "items": found[: records.RECORDS_MAX],
        "truncated": len(found) > records.RECORDS_MAX,
        "sites": [{"site_id": s["site_id"], "name": s["name"], "share": round(s["share"], 3)} for s in at],
    }


@router.get("/api/clusters/{cluster_id}/plans", summary="Versions of a cluster's plan")
def plans(connection: Reading, cluster_id: ClusterId, run: RunQuery = None) -> dict[str, Any]:
    """Return the versions, the latest first."""
    return _listed(connection, "plans", cluster_id, run)


@router.get("/api/clusters/{cluster_id}/drills", summary="Drills at a cluster")
def drills(connection: Reading, cluster_id: ClusterId, run: RunQuery = None) -> dict[str, Any]:
    """Return the drills, the latest first; a corrected one says so."""
    return _listed(connection, "drills", cluster_id, run)


@router.get("/api/clusters/{cluster_id}/patrols", summary="Patrols of a cluster")
def patrols(connection: Reading, cluster_id: ClusterId, run: RunQuery = None) -> dict[str, Any]:
    """Return the patrols, the latest first; a corrected one says so."""
    return _listed(connection, "patrols", cluster_id, run)


def _known(connection: Connection, cluster_id: int, run: int | None) -> int:
    run_id = int(run_of(connection, run)["run_id"])
    cluster_of(connection, run_id, cluster_id)
    return run_id


def _recorded(
    connection: Connection,
    audit: Audit,
    cluster_id: int,
    run: int | None,
    add: Callable[..., int],
    given: BaseModel,
    name: str,
) -> dict[str, Any]:
    """Add a record, tell the trail, and return its number under ``name``."""
    run_id = _known(connection, cluster_id, run)
    number = add(connection, run_id, cluster_id, **given.model_dump())
    audit.append(connection, Action.FIRE_RECORDED, f"cluster {cluster_id}", run=run_id, **{name: number})
    return {name: number}


@router.post(
    "/api/clusters/{cluster_id}/plans", summary="A new version of the plan", status_code=201, dependencies=_RECORD
)
def add_plan(
    connection: Writing, audit: Audit, cluster_id: ClusterId, given: PlanIn, run: RunQuery = None
) -> dict[str, Any]:
    """Store a further version; the versions before it stay."""
    return _recorded(connection, audit, cluster_id, run, records.add_plan, given, "version")


@router.post("/api/clusters/{cluster_id}/drills", summary="Record a drill", status_code=201, dependencies=_RECORD)
def add_drill(
    connection: Writing, audit: Audit, cluster_id: ClusterId, given: DrillIn, run: RunQuery = None
) -> dict[str, Any]:
    """Store a drill, or the correction of one."""
    return _recorded(connection, audit, cluster_id, run, records.add_drill, given, "drill_id")


@router.post("/api/clusters/{cluster_id}/patrols", summary="Record a patrol", status_code=201, dependencies=_RECORD)
def add_patrol(
    connection: Writing, audit: Audit, cluster_id: ClusterId, given: PatrolIn, run: RunQuery = None
) -> dict[str, Any]:
    """Store a patrol, or the correction of one."""
    return _recorded(connection, audit, cluster_id, run, records.add_patrol, given, "patrol_id")
