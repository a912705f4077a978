"""The page of a unit's sign-off, and of one signature."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gis_service.cases import find as cases
from gis_service.facts.house import SURVEY
from gis_service.identity import Identity, Right, Role
from gis_service.settings import get_settings
from gis_service.signatures import sign
from gis_service.signatures.state import STEP, STEPS, Step, Unit
from web_map import assets

_STATE = {
    "stands": ("有效", "stands"),
    "scan": ("待扫描件", "scan missing"),
    "changed": ("失效：名册已变更", "void: the list changed"),
    "beneath": ("失效：下面一环失效", "void: beneath"),
    "missing": ("未签", "not signed"),
}
_SHOWN_MAX = 200
_COLUMNS = {column: fact for _, lines in SURVEY for column, fact, _ in lines}
_OTHER = {
    "building_id": ("进出本村名册", "joined or left the list"),
    "geom": ("轮廓", "outline"),
    "preliminary": ("初步判定", "preliminary judgement"),
}


def sign_off_values(
    connection: Connection, round_id: int | None, unit: str | None, lang: str, identity: Identity
) -> dict[str, Any]:
    """Return what ``signatures.html`` shows: one unit of one round; the newest round and the first unit without a choice."""
    at = 0 if lang != "en" else 1
    rounds, units = sign.rounds(connection), cases.units(connection)
    chosen = round_id or (rounds[0]["round_id"] if rounds else None)
    code = unit or (identity.place if identity.role is Role.TOWNSHIP else None)
    if identity.role is Role.VILLAGE and identity.place:
        code = sign.unit_of_village(connection, identity.place)
    code = code or (units[0]["code"] if units else None)
    found = sign.found_units(connection, chosen, code) if chosen and code else []
    office = identity.may(Right.SIGN) and identity.role in (Role.ADMINISTRATOR, Role.PLANNER)
    names = sign.names(connection, [v.village_code for u in found for v in u.villages])
    return {
        "rounds": [(r["round_id"], r["name"]) for r in rounds],
        "units": [(u["code"], u["name"] or u["code"]) for u in units],
        "chosen": {"round": chosen, "unit": code},
        "unit": [
            {
                "houses": u.houses,
                "top": _step(u.top, None, "", identity, office, at),
                "villages": [
                    {
                        "code": v.village_code,
                        "name": names.get(v.village_code, v.village_code),
                        "houses": v.houses,
                        "sha256": v.sha256,
                        "steps": [_step(s, v.village_code, v.sha256, identity, office, at) for s in v.steps],
                    }
                    for v in u.villages
                ],
                "together": _together(u, identity, at),
                "done": sum(v.signed is not None for v in u.villages),
            }
            for u in found
        ],
        "placeless": sign.placeless(connection, code) if code and identity.role is not Role.VILLAGE else 0,
        "steps": [(step, STEP[step][at]) for step in STEPS],
        "all_steps": [(step, words[at]) for step, words in STEP.items()],
        "office": office,
        "script": assets.link("built/signatures.js"),
        "sign_style": assets.link("signatures.css"),
    }


def _together(unit: Unit, identity: Identity, at: int) -> list[dict[str, Any]]:
    """Return the steps that wait for the asker in several villages: each with its villages and what is shown of them."""
    found = []
    for k, step in enumerate(STEPS):
        waiting = [
            {"village_code": v.village_code, "sha256": v.sha256}
            for v in unit.villages
            if _may_sign(v.steps[k], identity)
            # Each step of a village has its own person.
            and not any(s.signature and s.signature["account"] == identity.account for s in v.steps)
        ]
        if len(waiting) > 1:
            found.append(
                {"step": step, "title": STEP[step][at], "count": len(waiting), "villages": json.dumps(waiting)}
            )
    return found


def _may_sign(step: Step, identity: Identity) -> bool:
    signer = step.signer
    own = signer is not None and signer["account"] == identity.account and identity.may(Right.SIGN)
    return step.state not in ("stands", "scan") and step.ready and own


def _step(step: Step, village: str | None, sha256: str, identity: Identity, office: bool, at: int) -> dict[str, Any]:
    signer, signature = step.signer, step.signature
    unsigned = step.state not in ("stands", "scan")
    return {
        "step": step.step,
        "title": STEP[step.step][at],
        "state": step.state,
        "said": _STATE[step.state][at],
        "signature": signature,
        "signer": signer,
        "village": village,
        "sha256": sha256,
        "may_sign": _may_sign(step, identity),
        "may_paper": unsigned and step.ready and office and signer is not None,
        "may_scan": step.state == "scan" and identity.may(Right.SIGN),
    }


def signature_values(connection: Connection, signature_id: int, lang: str, *, may_sign: bool) -> dict[str, Any]:
    """Return what ``signature.html`` shows of a signature.

    Raises
    ------
    NotFoundError
        There is no such signature, or it is not the asker's to see.

    """
    at = 0 if lang != "en" else 1
    row = sign.one(connection, signature_id)
    unit = next(iter(sign.found_units(connection, row["round_id"], row["unit_code"])), None)
    step = next((s for s in _steps_of(unit, row["village_code"]) if s.step == row["step"]), None)
    newest = step is not None and step.signature is not None and step.signature["signature_id"] == signature_id
    changes = sign.changes(connection, row)
    zone = ZoneInfo(get_settings().timezone)
    return {
        "row": row,
        "title": STEP[row["step"]][at],
        "state": step.state if newest and step else "changed" if changes else "beneath",
        "state_said": _STATE[step.state][at]
        if newest and step
        else ("已被后来的签字代替", "replaced by a later one")[at],
        "at": f"{row['recorded_at'].astimezone(zone):%Y-%m-%d %H:%M}",
        "changes": [
            (house, [_said(c, zh=at == 0) for c in columns]) for house, columns in list(changes.items())[:_SHOWN_MAX]
        ],
        "changed": len(changes),
        "may_sign": may_sign,
        "script": assets.link("built/signatures.js"),
        "sign_style": assets.link("signatures.css"),
    }


def _steps_of(unit: Any, village: str | None) -> list[Step]:
    if unit is None:
        return []
    return [unit.top] if village is None else next((v.steps for v in unit.villages if v.village_code == village), [])


def _said(column: str, *, zh: bool) -> str:
    if column in _OTHER:
        return _OTHER[column][0 if zh else 1]
    return _COLUMNS[column].label(zh=zh) if column in _COLUMNS else column
