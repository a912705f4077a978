"""The pages that are open to somebody, in the order in which they are shown at the head of every page."""

from __future__ import annotations

from gis_service.identity import Identity, Right, Role

_PLACED = (Role.TOWNSHIP, Role.VILLAGE)


def own_map(identity: Identity) -> str:
    """Return the page that somebody comes for."""
    if identity.role is Role.FIRE:
        return "/map/fire"
    if identity.role in _PLACED and identity.place:
        return f"/map/township/{identity.place if identity.role is Role.TOWNSHIP else identity.place[:9]}"
    return "/"


def pages_for(identity: Identity | None, lang: str) -> list[tuple[str, str]]:
    """Return names and addresses; nothing for nobody."""
    if identity is None:
        return []
    home = own_map(identity)
    found = [("我的工作", "My work", "/work")]
    if home.startswith("/map/township"):
        found.append(("乡镇图", "Township", home))
    elif identity.role is not Role.FIRE:
        found.append(("县一张图", "County", "/"))
    found += [("排查图", "Planner", "/map/planner"), ("消防图", "Fire", "/map/fire"), ("计划", "Plans", "/plans")]
    found += [
        ("查房屋", "Houses", "/house"),
        ("整治台账", "Cases", "/cases"),
        ("通知书", "Notices", "/notices"),
        ("通报", "Bulletins", "/bulletins"),
        ("轮次", "Rounds", "/rounds"),
        *([("签字", "Sign-off", "/signatures")] if identity.may(Right.SIGN) or identity.role is Role.AUDITOR else []),
        ("任务", "Jobs", "/jobs"),
    ]
    if identity.may(Right.CASE) and identity.role in (Role.ADMINISTRATOR, Role.PLANNER, Role.TOWNSHIP):
        found.append(("门牌", "Plates", "/plates"))
    if identity.may(Right.ACCOUNTS):
        found.append(("账号", "Accounts", "/accounts"))
    if identity.may(Right.TRAIL):
        found.append(("操作记录", "Audit trail", "/audit-trail"))
    found.append(("我的账号", "My account", "/account"))
    zh = lang != "en"
    return [(name if zh else english, href + ("" if zh else "?lang=en")) for name, english, href in found]
