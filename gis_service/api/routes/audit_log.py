"""The audit trail for the auditor and the administrator: search by account, action and time, as a page and as JSON."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action, Entry, Sought
from gis_service.api.http.authorisation import CurrentUser, allow
from gis_service.api.http.connect import Reading
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.identity import Right

router = Router(dependencies=[Depends(allow(Right.TRAIL))])

_PAGE = 100
Account = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]
Before = Annotated[int | None, Query(ge=1, le=2**62, description="Entries older than this one")]


class TrailOut(BaseModel):
    """Entries, the newest first; ``truncated`` says that there are older ones: ask with ``before``."""

    items: list[Entry]
    truncated: bool


@router.get("/api/audit-trail", summary="Search the audit trail", tags=["Audit trail"])
def search(
    connection: Reading,
    account: Account = None,
    action: Action | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = _PAGE,
) -> TrailOut:
    """Return entries of one account, one action, a span of time."""
    sought = Sought(account or None, action, _zoned(since), _zoned(until), before)
    found = audit_log.search(connection, sought, limit + 1)
    return TrailOut(items=found[:limit], truncated=len(found) > limit)


def _zoned(moment: datetime | None) -> datetime | None:
    """Return the moment with a time zone: the machine's own where none is given."""
    try:
        return moment.astimezone() if moment is not None and moment.tzinfo is None else moment
    except (OverflowError, ValueError):  # the years 1 and 9999
        return None


@router.get("/audit-trail", include_in_schema=False)
def trail_page(
    request: Request,
    connection: Reading,
    identity: CurrentUser,
    account: Account = None,
    action: str = "",
    since: str = "",
    until: str = "",
    before: Before = None,
) -> HTMLResponse:
    """Return the page on which the trail is searched."""
    first, last = _day(since), _day(until)
    sought = Sought(
        (account or "").strip() or None,
        Action(action) if action in set(Action) else None,
        datetime.combine(first, time()).astimezone() if first else None,
        datetime.combine(last + timedelta(days=1), time()).astimezone() if last else None,
        before,
    )
    found: list[Entry] = audit_log.search(connection, sought, _PAGE + 1)
    older = found[_PAGE - 1].entry_id if len(found) > _PAGE else None
    asked = {"account": account or "", "action": action, "since": since, "until": until}
    return page(
        request, "audit_trail.html", identity=identity, entries=found[:_PAGE], older=older, asked=asked,
        actions=list(Action), bad_day=bool((since and not first) or (until and not last)),
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2200 else None
