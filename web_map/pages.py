"""Pages that are no maps: signing in, one's account, the accounts, the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gis_service.db.day import simulated_day
from gis_service.identity import Identity
from web_map import assets
from web_map.frame import templates


def form_page(
    template: str,
    *,
    lang: str,
    csrf: str | None,
    who: Identity | None,
    navigation: list[tuple[str, str]],
    path: str,
    values: Mapping[str, Any],
) -> str:
    """Return the HTML of a page.

    Parameters
    ----------
    template
        Its file in ``web_map/templates``.
    csrf
        The session's CSRF secret, which every form of the page sends back.
    who
        Whoever is signed in; None on the sign-in page.
    navigation
        Names and addresses of the pages that are open to whoever is signed in.
    path
        The page's own, as it was asked for.
    values
        What the template shows; every text of it is escaped.

    """

    def t(zh: str, en: str) -> str:
        return en if lang == "en" else zh

    return templates.get_template(template).render(
        lang=lang,
        csrf=csrf or "",
        who=who,
        navigation=navigation,
        path=path,
        t=t,
        style=assets.link("page.css"),
        simulated_day=simulated_day(),
        **values,
    )
