"""The page of all inspection plans: what it lists, and what the form that makes one starts from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from gis_service.areas import drawn
from gis_service.codelists import ZONE_KIND
from gis_service.db.day import today
from gis_service.db.queries import statement
from gis_service.inspection.model import Terms
from gis_service.inspection.stored.conditions import next_working_day
from gis_service.inspection.stored.read import STATES
from gis_service.selection.rules import RULES
from gis_service.selection.select import latest_run
from gis_service.settings import default
from web_map.parts import read
from web_map.plan import STATES_EN

_PLANS_MAX = 200
_RUNS_MAX = 20


def plans_values(connection: Connection, *, lang: str, may_plan: bool) -> dict[str, Any]:
    """Return what the template ``plans.html`` shows."""
    zh = lang == "zh"
    head = connection.execute(text(statement("maps.headline"))).mappings().one()
    now = today()
    return {
        "plans": [_row(row, zh=zh) for row in read(connection, "plans.listed", limit=_PLANS_MAX)],
        "runs": _runs(connection, zh=zh) if may_plan else [],
        "areas": [{"area_id": a.area_id, "name": a.name} for a in drawn.read(connection)] if may_plan else [],
        "zones": [(kind, name if zh else kind, f"{default(f'buffer_{kind}_m'):g}") for kind, name in ZONE_KIND.items()],
        "rules": [(rule.name, rule.title(lang)) for rule in RULES.values()],
        "start": next_working_day(now, Terms(1, now)).isoformat(),
        "minutes": int(default("visit_minutes")),
        "suggested": f"{now.year} 年 {now.month} 月排查" if zh else f"Inspection {now:%Y-%m}",
        "simulated": bool(head["simulated"]),
    }


def _row(row: dict[str, Any], *, zh: bool) -> dict[str, Any]:
    asked = row["parameters"]
    names = ("plan_id", "name", "version", "state", "stops", "done", "published", "refusal", "changed_by")
    return {name: row[name] for name in names} | {
        "state_text": (STATES if zh else STATES_EN)[row["state"]],
        "teams": row["summary"].get("figures", {}).get("teams", ""),
        "span": asked["start"] + (f" – {asked['deadline']}" if asked["deadline"] else ""),
        "at": row["changed_at"].astimezone().strftime("%m-%d %H:%M"),
    }


def _runs(connection: Connection, *, zh: bool) -> list[dict[str, Any]]:
    """Return the county's list first, then further lists."""
    first = latest_run(connection)
    rows = read(connection, "runs.list", limit=_RUNS_MAX, kind="selection")
    rows.sort(key=lambda row: (row["run_id"] != first, -row["run_id"]))
    out = []
    for row in rows:
        what = ("全县名单" if zh else "the county's list") if row["run_id"] == first else ("名单" if zh else "list")
        draft = ("，草稿" if zh else ", draft") if row["published_at"] is None else ""
        count = f"{row['selected']:,} 栋" if zh else f"{row['selected']:,} houses"
        name = row["name"] or row["run_id"]
        out.append({"run_id": row["run_id"], "label": f"{what} {name}（{count}{draft}）"})
    return out
