"""Figures by place and department, as JSON and as a workbook, and the facts of one house."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse
from sqlalchemy import Connection

from gis_service.api.http.authorisation import Audit, allow
from gis_service.api.http.connect import Reading
from gis_service.api.http.downloads import DOWNLOADS, exported
from gis_service.api.http.errors import language
from gis_service.api.http.rules import heavy
from gis_service.export.files import write_places
from gis_service.export.table import Table
from gis_service.export.xlsx import write_tables
from gis_service.figures.house import house_of, township_list
from gis_service.figures.tables import department_table, place_tables, runs_of
from gis_service.identity import UNIT_CODE, Right
from gis_service.selection.lists import HEADINGS, frame_of_rows
from gis_service.selection.reasons import house_facts

router = APIRouter(prefix="/api", tags=["Figures"])

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


@router.get(
    "/figures/list", summary="A township's list to work from, as a file", response_class=FileResponse,
    responses=DOWNLOADS, dependencies=[Depends(allow(Right.EXPORT)), Depends(heavy)],
)  # fmt: skip
def work_list(
    connection: Reading,
    audit: Audit,
    township: TownshipCode,
    format: Literal["xlsx", "csv", "geojson", "gpkg"] = "xlsx",
) -> FileResponse:
    """Download a township's houses with a hazard or on the priority list, the most urgent first."""
    places = frame_of_rows(township_list(connection, township))
    return exported(
        audit, f"township-{township}", format,
        lambda path, mark: write_places(places, path, title="工作清单", headings=HEADINGS, mark=mark),
        township=township, rows=len(places),
    )  # fmt: skip


@router.get("/buildings/{building_id}", summary="What is known of one house", dependencies=[Depends(allow(Right.READ))])
def house(building_id: str, request: Request, connection: Reading) -> dict[str, Any]:
    """Return a house's facts as a popup shows them; no personal data."""
    lang = language(request)
    page = f"/house/{quote(building_id, safe='')}" + ("?lang=en" if lang == "en" else "")
    links = [["房屋档案" if lang == "zh" else "The house's record", page]]
    return house_facts(house_of(connection, building_id), lang) | {"links": links}
