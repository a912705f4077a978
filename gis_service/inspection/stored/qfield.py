"""Forms and value lists of a plan's GeoPackage: styles in ``layer_styles``, which QGIS and QField load by themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as Tree

from gis_service.codelists import HAZARD_TIER, USE_CLASS
from gis_service.facts.symbols import team_color
from gis_service.inspection.model import URGENCY

FORM_COLUMNS = ("visit_state", "found", "note", "photo", "visited_at")
"""Columns that are filled in before the house."""

_STATE = {"visited": "已排查", "absent": "无人", "refused": "拒绝", "gone": "房屋已拆", "wrong": "信息有误"}
_ALIAS = {
    "stop_id": "房屋编号", "team": "组", "day": "日期", "seq": "序", "arrive": "到达", "leave": "离开", "travel_m": "路程（米）",
    "minutes": "用时（分）", "urgency": "缓急", "pinned": "指定", "done": "已排查", "due": "期限", "name": "名称",
    "address": "地址", "township": "乡镇", "village": "村（社区）", "village_code": "村代码", "hazard_tier": "安全隐患",
    "use_class": "用途", "floors": "层数", "reasons": "列入原因", "simulated": "模拟数据", "visit_state": "到访情况",
    "found": "现场判断", "note": "备注", "photo": "照片", "visited_at": "到访时间",
}  # fmt: skip
_LISTS: Mapping[str, Mapping[str, str]] = {
    "urgency": {str(k): v for k, v in URGENCY.items()},
    "hazard_tier": HAZARD_TIER,
    "use_class": USE_CLASS,
    "visit_state": _STATE,
    "found": {k: HAZARD_TIER[k] for k in ("severe", "some", "none_found")},
}
_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""


def add_styles(path: Path, teams: Sequence[str]) -> None:
    """Write the default style of each layer into the GeoPackage: colours and numbers, and the form of a stop."""
    styles = {
        "stops": _qml("marker", teams, form=True),
        "routes": _qml("line", teams),
        "territories": _qml("fill", teams),
    }
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(_TABLE)
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', strftime('%Y-%m-%dT%H:%M:%fZ','now'))"
        )
        for name, qml in styles.items():
            base.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
                "styleQML, styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '')",
                (name, name, qml, "gis-service"),
            )


def _qml(kind: str, teams: Sequence[str], *, form: bool = False) -> str:
    root = Tree.Element("qgis", version="3.28.0", styleCategories="Symbology|Labeling|Fields|Forms", labelsEnabled="1")
    renderer = Tree.SubElement(
        root, "renderer-v2", type="categorizedSymbol", attr="team", symbollevels="0", enableorderby="0"
    )
    categories, symbols = Tree.SubElement(renderer, "categories"), Tree.SubElement(renderer, "symbols")
    for k, team in enumerate(teams, start=1):
        Tree.SubElement(categories, "category", value=team, label=f"{k} {team}", symbol=str(k - 1), render="true")
        _symbol(symbols, str(k - 1), kind, team_color(k))
    _labels(root, {"marker": '"seq"', "line": '"team"', "fill": '"team"'}[kind])
    if form:
        _form(root)
    return '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">\n' + Tree.tostring(root, encoding="unicode")


def _rgb(color: str, alpha: int = 255) -> str:
    return ",".join(str(int(color[k : k + 2], 16)) for k in (1, 3, 5)) + f",{alpha}"


def _symbol(symbols: Tree.Element, name: str, kind: str, color: str) -> None:
    symbol = Tree.SubElement(symbols, "symbol", name=name, type=kind, alpha="1", clip_to_extent="1", force_rhr="0")
    drawn: dict[str, tuple[str, dict[str, str]]] = {
        "marker": (
            "SimpleMarker",
            {
                "name": "circle",
                "color": _rgb(color),
                "outline_color": "255,255,255,255",
                "size": "5",
                "size_unit": "MM",
            },
        ),
        "line": ("SimpleLine", {"line_color": _rgb(color), "line_width": "0.5", "line_width_unit": "MM"}),
        "fill": (
            "SimpleFill",
            {"color": _rgb(color, 40), "outline_color": _rgb(color), "outline_width": "0.5", "style": "solid"},
        ),
    }
    label, properties = drawn[kind]
    layer = Tree.SubElement(symbol, "layer", {"class": label, "enabled": "1", "locked": "0", "pass": "0"})
    options = Tree.SubElement(layer, "Option", type="Map")
    for key, value in properties.items():
        Tree.SubElement(options, "Option", name=key, value=value, type="QString")
        Tree.SubElement(layer, "prop", k=key, v=value)


def _labels(root: Tree.Element, expression: str) -> None:
    labeling = Tree.SubElement(root, "labeling", type="simple")
    settings = Tree.SubElement(labeling, "settings", calloutType="simple")
    Tree.SubElement(
        settings, "text-style", fieldName=expression, isExpression="1", fontSize="9", fontSizeUnit="Point",
        textColor="255,255,255,255" if expression == '"seq"' else "0,0,0,255",
    )  # fmt: skip
    # A stop's number stands on its dot.
    place = {"placement": "1", "quadOffset": "4"} if expression == '"seq"' else {"placement": "0"}
    Tree.SubElement(settings, "placement", place | {"dist": "0"})


def _form(root: Tree.Element) -> None:
    """Write widgets: value lists for codes, a camera for the photograph, all that is planned read-only."""
    fields = Tree.SubElement(root, "fieldConfiguration")
    for name in _ALIAS:
        widget = Tree.SubElement(Tree.SubElement(fields, "field", name=name), "editWidget", type=_widget(name))
        config = Tree.SubElement(Tree.SubElement(widget, "config"), "Option", type="Map")
        if name in _LISTS:
            listed = Tree.SubElement(config, "Option", type="List", name="map")
            for code, words in _LISTS[name].items():
                pair = Tree.SubElement(listed, "Option", type="Map")
                Tree.SubElement(pair, "Option", name=words, value=code, type="QString")
        elif name == "photo":
            for key, value in (("DocumentViewer", "1"), ("RelativeStorage", "1"), ("StorageMode", "0")):
                Tree.SubElement(config, "Option", name=key, value=value, type="int")
            for key in ("FileWidget", "FileWidgetButton"):
                Tree.SubElement(config, "Option", name=key, value="true", type="bool")
        elif _widget(name) == "TextEdit":
            Tree.SubElement(
                config, "Option", name="IsMultiline", value=str(name in {"note", "reasons"}).lower(), type="bool"
            )
    aliases = Tree.SubElement(root, "aliases")
    editable = Tree.SubElement(root, "editable")
    for k, (name, alias) in enumerate(_ALIAS.items()):
        Tree.SubElement(aliases, "alias", index=str(k), field=name, name=alias)
        Tree.SubElement(editable, "field", name=name, editable="1" if name in FORM_COLUMNS else "0")
    # The time is written by the form itself, whenever a row is changed.
    defaults = Tree.SubElement(root, "defaults")
    Tree.SubElement(
        defaults,
        "default",
        field="visited_at",
        applyOnUpdate="1",
        expression="format_date(now(), 'yyyy-MM-ddTHH:mm:ss')",
    )
    Tree.SubElement(root, "previewExpression").text = '"seq" || \' \' || coalesce("name", "stop_id")'


def _widget(name: str) -> str:
    if name in _LISTS:
        return "ValueMap"
    return {"photo": "ExternalResource", "pinned": "CheckBox", "done": "CheckBox", "simulated": "CheckBox"}.get(
        name, "TextEdit"
    )
