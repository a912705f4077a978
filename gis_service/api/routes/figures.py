"""Figures by place and department, as JSON and as a workbook, and the facts of one house."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Depends, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from gis_service.api.http.authorisation import Audit, allow
from gis_service.api.http.connect import Reading
from gis_service.api.http.downloads import DOWNLOADS, exported
from gis_service.api.http.errors import language
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import heavy
from gis_service.export.files import write_places
from gis_service.export.table import Table
from gis_service.export.xlsx import write_tables
from gis_service.facts.duty import duty
from gis_service.figures.house import house_of
from gis_service.figures.tables import department_table, place_tables, runs_of
from gis_service.figures.worklist import Asked, houses_of, worked_houses
from gis_service.identity import UNIT_CODE, Right
from gis_service.selection.lists import HEADINGS, Narrowed, frame_of_rows
from gis_service.selection.reasons import house_facts, phrases

router = Router(prefix="/api", tags=["Figures"])

TownshipCode = Annotated[str, Query(pattern=UNIT_CODE, description="Code of a township")]
Township = Annotated[str | None, Query(pattern=UNIT_CODE, description="Code of a township: figures by its villages")]


@router.get(
    "/figures",
    summary="Counts by township (or village) and by department",
    dependencies=[Depends(allow(Right.READ)), Depends(heavy)],
)
def read(connection: Reading, township: Township = None) -> dict[str, Any]:
    """Return the overview and the notice's two annexes; they count what the principal may see."""
    return {"tables": [table.as_dict() for table in _tables(connection, township)]}


def _tables(connection: Connection, township: str | None) -> list[Table]:
    tables = [*place_tables(connection, runs_of(connection), township)]
    return tables if township is not None else [*tables, department_table(connection)]


@router.get(
    "/figures/export", summary="The same as a workbook", response_class=FileResponse,
    responses=DOWNLOADS, dependencies=[Depends(allow(Right.EXPORT)), Depends(heavy)],
)  # fmt: skip
def export(connection: Reading, audit: Audit, township: Township = None) -> FileResponse:
    """Download the tables, one sheet each."""
    tables = _tables(connection, township)
    stem = f"figures-{township}" if township else "figures"
    return exported(audit, stem, "xlsx", lambda path, mark: write_tables(tables, path, mark), township=township)


class WorkedOut(BaseModel):
    """One house of a township's list."""

    building_id: str
    name: str | None
    village: str | None
    hazard_tier: str | None
    duty: str = Field(description="What to do there next")
    score: float | None = Field(description="On the county's list; null: not on it")
    reasons_text: list[str]
    lon: float
    lat: float


class WorklistOut(BaseModel):
    """One page of a township's list."""

    shown: int = Field(description="Houses that the filters of this question leave")
    totals: dict[str, int] = Field(description="Houses on the whole list, under total")
    items: list[WorkedOut]
    truncated: bool


def _asked(
    *,
    township: TownshipCode,
    village: Annotated[str | None, Query(max_length=15)] = None,
    tier: Annotated[Literal["severe", "some", "none_found", "unjudged"] | None, Query()] = None,
    action: Annotated[
        Literal["stop", "rectify", "appraise", "judge", "review"] | None, Query(description="What is to be done there")
    ] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of a name, number, address or village")] = None,
) -> Asked:
    return Asked(township, Narrowed(village=village, tier=tier, text=q), action)


AskedFor = Annotated[Asked, Depends(_asked)]


@router.get("/figures/worklist", summary="A township's list to work from", dependencies=[Depends(allow(Right.READ))])
def worklist(
    connection: Reading,
    request: Request,
    asked: AskedFor,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> WorklistOut:
    """Return a township's houses with a hazard or on the county's list, the most urgent first; one page of them."""
    lang = language(request)
    houses = worked_houses(connection, asked)
    rows = houses_of(connection, houses[offset : offset + limit])
    return WorklistOut(
        shown=len(houses),
        totals={"total": len(worked_houses(connection, Asked(asked.township)))},
        items=[
            WorkedOut(
                **{k: row[k] for k in ("building_id", "name", "village", "hazard_tier", "score")},
                duty=duty(row, zh=lang == "zh"), reasons_text=phrases(row["reasons"], lang),
                lon=round(row["lon"], 6), lat=round(row["lat"], 6),
            )
            for row in rows
        ],
        truncated=len(houses) > offset + len(rows),
    )  # fmt: skip


@router.get(
    "/figures/list", summary="A township's list to work from, as a file", response_class=FileResponse,
    responses=DOWNLOADS, dependencies=[Depends(allow(Right.EXPORT)), Depends(heavy)],
)  # fmt: skip
def work_list(
    connection: Reading,
    audit: Audit,
    asked: AskedFor,
    format: Literal["xlsx", "csv", "geojson", "gpkg"] = "xlsx",
) -> FileResponse:
    """Download a township's houses with a hazard or on the county's list, narrowed as its page shows them."""
    places = frame_of_rows(houses_of(connection, worked_houses(connection, asked)))
    said = asked.sentence(connection)
    return exported(
        audit, f"township-{asked.township}", format,
        lambda path, mark: write_places(places, path, title="工作清单", headings=HEADINGS, mark=mark, said=said),
        township=asked.township, rows=len(places),
    )  # fmt: skip


@router.get("/buildings/{building_id}", summary="What is known of one house", dependencies=[Depends(allow(Right.READ))])
def house(building_id: str, request: Request, connection: Reading) -> dict[str, Any]:
    """Return a house's facts as a popup shows them; no personal data."""
    lang = language(request)
    page = f"/house/{quote(building_id, safe='')}" + ("?lang=en" if lang == "en" else "")
    links = [["房屋档案" if lang == "zh" else "The house's record", page]]
    return house_facts(house_of(connection, building_id), lang) | {"links": links}
