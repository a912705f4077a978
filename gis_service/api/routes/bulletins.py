"""Bulletins: read, frozen by the first of the county's office who asks, taken away as files; their pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import ConfigDict, Field
from sqlalchemy import Connection

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import DOWNLOADS, REPORTS, exported
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import heavy
from gis_service.api.http.texts import Texts
from gis_service.bulletins import assessment, lists, snapshot
from gis_service.bulletins.count import Cut
from gis_service.bulletins.files import FORMATS, write
from gis_service.bulletins.period import Kind
from gis_service.db.day import today
from gis_service.db.engine import transaction
from gis_service.export.rows import write_rows
from gis_service.identity import UNIT_CODE, Identity, Right
from web_map.bulletins import bulletin_values, houses_values, list_values

router = Router()
_READ = [Depends(allow(Right.READ))]
_HEAVY = [Depends(allow(Right.READ)), Depends(heavy)]
_EXPORT = [Depends(allow(Right.EXPORT)), Depends(heavy)]
_PUBLISH = [Depends(allow(Right.PUBLISH))]
Asked = Annotated[Kind, Query(description="Of the day, of its week, of its month")]


class PointsIn(Texts):
    """The points of every item of the monthly assessment; together 100."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"points": {"judge": 20, "control": 25, "appraise": 15, "rectify": 30, "overdue": 10}}]
        },
    )
    points: dict[Annotated[str, Field(max_length=40)], Annotated[int, Field(ge=0, le=100)]] = Field(max_length=20)


def _cut(
    *,
    unit: Annotated[str | None, Query(pattern=f"^none$|{UNIT_CODE}")] = None,
    use: Annotated[Literal["operating", "other"] | None, Query()] = None,
    stands: Annotated[bool | None, Query(description="Not demolished")] = None,
    judged: Annotated[Literal["severe", "some", "none_found", "any", "none"] | None, Query()] = None,
    grade: Annotated[Literal["A", "B", "C", "D", "any", "none"] | None, Query()] = None,
    tier: Annotated[Literal["severe", "some", "unrated", "any"] | None, Query(description="Of the hazard")] = None,
    status: Annotated[Literal["done", "working", "measured", "untouched"] | None, Query()] = None,
    controlled: Annotated[bool | None, Query()] = None,
    secured: Annotated[bool | None, Query(description="Controlled, or rectified")] = None,
    overdue: Annotated[bool | None, Query()] = None,
    changed: Annotated[bool | None, Query(description="Another status than in the snapshot before")] = None,
    new: Annotated[bool | None, Query(description="No hazard in the snapshot before")] = None,
    late: Annotated[bool | None, Query(description="Entered late for the day of the snapshot before")] = None,
    others: Annotated[bool | None, Query(description="With hazards of other kinds")] = None,
) -> Cut:
    return Cut(
        unit, use, stands, judged, grade, tier, status, controlled, secured, overdue, changed, new, late, others
    )  # fmt: skip


Wanted = Annotated[Cut, Depends(_cut)]


@contextmanager
def _asking(identity: Identity) -> Iterator[Connection]:
    """Yield a connection that may freeze a bulletin where the asker may."""
    with transaction(identity, read_only=not identity.may(Right.PUBLISH)) as connection:
        yield connection


@router.get("/api/bulletins", summary="Bulletins that are kept", tags=["Bulletins"], dependencies=_READ)
def listed(connection: Reading) -> dict[str, Any]:
    """Return the kept bulletins, the newest first, each with its hash."""
    return {"items": snapshot.listed(connection)}


@router.get("/api/bulletins/{day}", summary="A bulletin", tags=["Bulletins"], dependencies=_HEAVY)
def read(identity: CurrentUser, day: date, kind: Asked = "daily") -> dict[str, Any]:
    """Return the bulletin of a day, its week or its month: frozen by the first of the county's office who asks after its end."""
    with _asking(identity) as connection:
        made = snapshot.bulletin(connection, identity, kind, day)
    return {
        "kind": kind, "day": made.period.day, "first": made.period.first, "kept": made.snapshot_id is not None,
        "snapshot_id": made.snapshot_id, "sha256": made.sha256, "made_at": made.made_at, "account": made.account,
        "body": made.body,
    }  # fmt: skip


@router.get(
    "/api/bulletins/{day}/houses", summary="The houses behind a number", tags=["Bulletins"], dependencies=_HEAVY
)
def houses(identity: CurrentUser, day: date, cut: Wanted, kind: Asked = "daily") -> dict[str, Any]:
    """Return the houses of a bulletin that meet the condition, of those that the asker may see, as they were counted."""
    with _asking(identity) as connection:
        found = snapshot.bulletin(connection, identity, kind, day).listed(cut)
        rows = lists.named(connection, found[: lists.SHOWN_MAX])
    return {"items": rows, "matched": len(found), "truncated": len(found) > len(rows)}


@router.get(
    "/api/bulletins/{day}/export", summary="A bulletin as a file", response_class=FileResponse, responses=REPORTS,
    tags=["Bulletins"], dependencies=_EXPORT,
)  # fmt: skip
def export(audit: Audit, day: date, kind: Asked = "daily", format: Literal[FORMATS] = "pdf") -> FileResponse:  # type: ignore[valid-type]
    """Download a bulletin; the same snapshot has the same content, byte for byte."""
    with _asking(audit.identity) as connection:
        made = snapshot.bulletin(connection, audit.identity, kind, day)
    return exported(
        audit, f"bulletin-{kind}-{made.period.day}", format, lambda path, mark: write(made, path, mark),
        bulletin=kind, day=str(made.period.day), sha256=made.sha256,
    )  # fmt: skip


@router.get(
    "/api/bulletins/{day}/houses/export", summary="The houses behind a number as a file", response_class=FileResponse,
    responses=DOWNLOADS, tags=["Bulletins"], dependencies=_EXPORT,
)  # fmt: skip
def export_houses(
    audit: Audit, day: date, cut: Wanted, kind: Asked = "daily", format: Literal["xlsx", "csv"] = "xlsx"
) -> FileResponse:
    """Download the houses of a bulletin that meet the condition, of those that the asker may see."""
    with _asking(audit.identity) as connection:
        made = snapshot.bulletin(connection, audit.identity, kind, day)
        rows = lists.file_rows(lists.named(connection, made.listed(cut)))
    return exported(
        audit, f"bulletin-houses-{made.period.day}", format,
        lambda path, mark: write_rows(lists.HEADINGS, rows, path, title="房屋名单", mark=mark),
        bulletin=kind, day=str(made.period.day), rows=len(rows), **cut.query(),
    )  # fmt: skip


@router.get("/api/assessment", summary="Points of the monthly assessment", tags=["Bulletins"], dependencies=_READ)
def points(connection: Reading) -> dict[str, Any]:
    """Return the items of the monthly assessment with their points."""
    return {"items": assessment.points(connection)}


@router.post("/api/assessment", summary="Set the points", tags=["Bulletins"], dependencies=_PUBLISH)
def set_points(connection: Writing, audit: Audit, given: PointsIn) -> dict[str, Any]:
    """Set the points of all items and return them; what is frozen keeps its own."""
    items = assessment.set_points(connection, given.points)
    audit.append(connection, Action.POINTS_SET, "assessment", **given.points)
    return {"items": items}


@router.get("/bulletins", include_in_schema=False, dependencies=_READ)
def bulletins_page(request: Request, connection: Reading, identity: CurrentUser) -> HTMLResponse:
    """Return the page of the bulletins: what is kept, what the county's office may make, points of the assessment."""
    values = list_values(
        snapshot.listed(connection),
        assessment.points(connection),
        language(request),
        may_make=identity.may(Right.PUBLISH),
    )
    return page(request, "bulletins.html", identity=identity, **values)


@router.get("/bulletins/{day}", include_in_schema=False, dependencies=_HEAVY)
def bulletin_page(request: Request, identity: CurrentUser, day: date, kind: Asked = "daily") -> HTMLResponse:
    """Return a bulletin: every number opens the list of its houses."""
    with _asking(identity) as connection:
        made = snapshot.bulletin(connection, identity, kind, day)
        sent = snapshot.reminders(connection, today()) if identity.may(Right.PUBLISH) else []
    values = bulletin_values(
        made, sent, language(request), may_export=identity.may(Right.EXPORT), may_remind=identity.may(Right.PUBLISH)
    )
    return page(request, "bulletin.html", identity=identity, **values)


@router.get("/bulletins/{day}/houses", include_in_schema=False, dependencies=_HEAVY)
def houses_page(request: Request, identity: CurrentUser, day: date, cut: Wanted, kind: Asked = "daily") -> HTMLResponse:
    """Return the houses behind a number, of those that the asker may see."""
    with _asking(identity) as connection:
        made = snapshot.bulletin(connection, identity, kind, day)
        found = made.listed(cut)
        rows = lists.named(connection, found[: lists.SHOWN_MAX])
    values = houses_values(made, cut, rows, len(found), language(request), may_export=identity.may(Right.EXPORT))
    return page(request, "bulletin_houses.html", identity=identity, **values)
