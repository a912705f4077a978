"""One frame for every map: a folium map in a page with a header, a panel and a legend, served or as one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import folium
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from gis_service.db.day import simulated_day
from gis_service.settings import get_settings
from web_map import assets
from web_map.charts import Chart
from web_map.embed import script_json
from web_map.layers import FeatureLayer
from web_map.tables import Shown

__all__ = ["Page", "message_page", "render", "script_json", "templates"]

LEAFLET = "vendor/leaflet.js"
STYLES = ("vendor/leaflet.css", "layers.css", "gis.css")
INTERNAL_ZH, INTERNAL_EN = "内部工作用图", "For internal use"

templates = Environment(
    loader=FileSystemLoader(assets.HERE / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.globals["asset"] = assets.link


@dataclass
class Page:
    """What a map page shows.

    Parameters
    ----------
    title, subtitle
        Headings.
    bounds
        South, west, north, east in degrees.
    extent
        South, west, north, east of all that its tiles show; None where that is not known.
    config
        For the page's script: texts, list, places to find; plain JSON values.
    layers
        What the map shows, the lowest first.
    bundle
        Script of the page, one of ``assets.BUNDLES`` without its ending.
    facts
        Key figures for the panel: label and value.
    notes
        Sentences under the legend: parameters, sources, what was left out.
    simulated
        Whether the map shows simulated data, which is then said.
    draft
        Whether it shows a list that is its author's and not the county's, which is then said.
    tables
        Tables of the panel; a page with tables has a wide one.
    charts
        Charts of the panel, before its tables.
    scripts, styles
        Files of ``static`` that this page needs beside its bundle.
    current
        Address of the page, marked in the list of pages.

    """

    title: str
    subtitle: str
    bounds: tuple[float, float, float, float]
    config: dict[str, Any]
    extent: tuple[float, float, float, float] | None = None
    layers: list[FeatureLayer] = field(default_factory=list)
    bundle: str = "map"
    facts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    simulated: bool = False
    draft: bool = False
    lang: str = "zh"
    links: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Shown] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    current: str = ""

    def __post_init__(self) -> None:
        """Put what the layers show, and where, into the page's own data, which the script reads once."""
        if self.extent is not None:
            south, west, north, east = self.extent
            for layer in self.layers:
                if "tiles" in layer.spec:
                    layer.spec.setdefault("bounds", [[south, west], [north, east]])
        self.config = {"layers": [layer.spec for layer in self.layers], **self.config}


def render(
    page: Page,
    *,
    nonce: str | None,
    csrf: str | None = None,
    account: str | None = None,
    navigation: list[tuple[str, str]] | None = None,
) -> str:
    """Return the page's HTML: with links and a nonce when served, with everything inside when ``nonce`` is None.

    A served page carries the session's CSRF secret for its scripts, the name of whoever is signed in, and the pages
    that are open to them.
    """
    south, west, north, east = page.bounds
    map_ = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        prefer_canvas=True,
        zoom_control=False,
        control_scale=False,
        # A tile that fades in draws the whole page anew for a fifth of a second, and each layer's tiles come by themselves.
        fade_animation=False,
        # Tiles are drawn for whole zooms; a file has none and may fill its frame better.
        zoom_snap=1 if nonce is not None else 0.5,
    )
    # folium's own lists point at content networks that a county's network cannot reach.
    map_.default_js, map_.default_css = [], []
    for layer in page.layers:
        layer.belongs_to_page()
        layer.add_to(map_)
    figure: Any = map_.get_root()
    figure.render()
    offline = nonce is None
    return templates.get_template("map.html").render(
        page=page,
        offline=offline,
        nonce=nonce or "",
        csrf=csrf if nonce is not None else None,
        account=account if nonce is not None else None,
        navigation=navigation or [],
        scripts=[_script(name, offline) for name in (LEAFLET, f"built/{page.bundle}.js", *page.scripts)],
        styles=[_style(name, offline) for name in (*STYLES[:1], *page.styles, *STYLES[1:])],
        folium_header=Markup(_pinched(figure.header.render()).replace("<script>", _open_script(nonce))),  # noqa: S704
        folium_html=Markup(figure.html.render()),  # noqa: S704 - folium's frame, and JSON in which no tag can begin
        folium_script=Markup(figure.script.render()),  # noqa: S704
        map_name=map_.get_name(),
        config=script_json(
            page.config
            | _background(served=not offline)
            | {"lang": page.lang, "bounds": [[south, west], [north, east]]}
        ),
        made_at=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        simulated_day=simulated_day(),
        internal=get_settings().map_approval or (INTERNAL_ZH if page.lang == "zh" else INTERNAL_EN),
    )


def _background(*, served: bool) -> dict[str, Any]:
    settings = get_settings()
    if not served or settings.background is None:
        return {}
    return {"background": {"tiles": "/background/{z}/{x}/{y}", "credit": settings.background_credit}}


def message_page(message: str, lang: str) -> str:
    """Return a page that says one sentence and leads back."""
    template = templates.get_template("message.html")
    return template.render(message=message, lang=lang, style=assets.link("gis.css"))


def _pinched(header: str) -> str:
    """Return folium's head without its ban on enlarging the page with two fingers."""
    return header.replace(", maximum-scale=1.0, user-scalable=no", "")


def _open_script(nonce: str | None) -> str:
    return "<script>" if nonce is None else f'<script nonce="{nonce}">'


def _script(name: str, offline: bool) -> tuple[str, Markup]:
    return ("", Markup(assets.inline_script(name))) if offline else (assets.link(name), Markup(""))  # noqa: S704


def _style(name: str, offline: bool) -> tuple[str, Markup]:
    return ("", Markup(assets.inline_style(name))) if offline else (assets.link(name), Markup(""))  # noqa: S704
