"""Pages of inspection plans: the list with the form that makes one, a plan's page, its map as a file."""

from __future__ import annotations

from fastapi import BackgroundTasks, Depends, Request
from fastapi.responses import HTMLResponse

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authentication import csrf_of
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.navigation import pages_for
from gis_service.api.http.routing import Router
from gis_service.api.routes.plans import PlanId, TeamQuery, VersionQuery
from gis_service.export.mark import Mark
from gis_service.identity import Identity, Right
from gis_service.inspection.stored.ground import warm
from web_map import assets
from web_map.frame import Page, render
from web_map.plan import plan_page
from web_map.plans import plans_values

router = Router()
_READ = [Depends(allow(Right.READ))]
_EXPORT = [Depends(allow(Right.EXPORT))]


def _served(request: Request, made: Page, identity: Identity) -> HTMLResponse:
    html = render(
        made, nonce=request.state.nonce, csrf=csrf_of(request), account=identity.account,
        navigation=pages_for(identity, language(request)),
    )  # fmt: skip
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


@router.get("/plans", include_in_schema=False, dependencies=_READ)
def plans(request: Request, connection: Reading, identity: CurrentUser) -> HTMLResponse:
    """Return the page of all plans, with the form that makes one."""
    may = identity.may(Right.PLAN)
    values = plans_values(connection, lang=language(request), may_plan=may)
    return page(request, "plans.html", identity=identity, may_plan=may, script=assets.link("built/plans.js"), **values)


@router.get("/plans/{plan_id}", include_in_schema=False, dependencies=_READ)
def plan(
    request: Request,
    after: BackgroundTasks,
    connection: Reading,
    identity: CurrentUser,
    plan_id: PlanId,
    version: VersionQuery = None,
) -> HTMLResponse:
    """Return the page of a plan: map, timetable, stops."""
    if identity.may(Right.PLAN):
        after.add_task(warm, identity, plan_id)  # so that the first move need not wait for the network of roads
    made = plan_page(
        connection, plan_id, version, None, offline=False, lang=language(request), may_plan=identity.may(Right.PLAN)
    )
    return _served(request, made, identity)


@router.get("/plans/{plan_id}/offline", include_in_schema=False, dependencies=_EXPORT)
def plan_offline(
    request: Request, connection: Reading, audit: Audit, plan_id: PlanId, team: TeamQuery = None,
    version: VersionQuery = None,
) -> HTMLResponse:  # fmt: skip
    """Return a team's map, or the whole plan's, as one file."""
    team = team.replace("\x00", "") if team else None
    made = plan_page(connection, plan_id, version, team, offline=True, lang=language(request))
    mark = Mark(audit.identity.account)
    made.notes.append(mark.note(made.lang))
    audit.record(Action.EXPORTED, f"plan-{plan_id}.html", plan=plan_id, team=team)
    name = f"plan-{plan_id}-{mark.stem}.html"
    return HTMLResponse(render(made, nonce=None), headers={"Content-Disposition": f'attachment; filename="{name}"'})
