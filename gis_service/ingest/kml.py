"""Read KML without GDAL: placemarks with their data as text; links to other files are named and never followed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
import shapely
from pyproj import CRS

from gis_service.errors import InputError
from gis_service.ingest.encoding import decode
from gis_service.ingest.geometry import Fault
from gis_service.ingest.layer import Layer, as_column, make_layer
from gis_service.ingest.markup import check_prolog
from gis_service.ingest.shapes import BROKEN, unusual
from gis_service.ingest.values import Sentence

_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)[\"']")
_GROUPS = {"Document", "Folder"}
_SHAPES = {"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry"}
_OTHER_SHAPES = {"Model", "Track", "MultiTrack"}
_LINKS = {"NetworkLink", "GroundOverlay", "PhotoOverlay", "ScreenOverlay"}
_DEPTH_MAX = 200
_PLAIN = {"name", "description", "address", "phoneNumber"}


@dataclass
class _Placemark:
    group: str
    row: dict[str, str] = field(default_factory=dict)
    shapes: list[shapely.Geometry] = field(default_factory=list)
    fault: Fault | None = None


@dataclass
class _Reader:
    """What expat tells, element by element. Namespaces and their prefixes are of no account."""

    placemarks: list[_Placemark] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    _path: list[str] = field(default_factory=list)
    _groups: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _data: str = ""
    _rings: list[list[tuple[float, float]]] = field(default_factory=list)
    _now: _Placemark | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._path.append(name)
        if len(self._path) == 1 and name != "kml":
            raise _NoKmlError
        if len(self._path) > _DEPTH_MAX:
            raise _NoKmlError
        self._text.clear()
        if name in _GROUPS:
            self._groups.append("")
        elif name == "Placemark":
            self._now = _Placemark(self._groups[-1] if self._groups else "")
        elif name in _LINKS:
            self.links.add(name)
        elif self._now is not None:
            if name in {"Data", "SimpleData"}:
                self._data = attributes.get("name", "")
            elif name == "Polygon":
                self._rings = []
            elif name in _OTHER_SHAPES:
                self._now.fault = unusual(f"gx:{name}" if name != "Model" else name)

    def characters(self, said: str) -> None:
        self._text.append(said)

    def end(self, tag: str) -> None:
        name = self._path.pop()
        parent = self._path[-1] if self._path else ""
        said = "".join(self._text).strip()
        self._text.clear()
        if name in _GROUPS:
            self._groups.pop()
        elif name == "name" and parent in _GROUPS:
            self._groups[-1] = said
        elif self._now is None:
            return
        elif name == "Placemark":
            self.placemarks.append(self._now)
            self._now = None
        elif parent == "Placemark" and name in _PLAIN:
            self._now.row[name] = said
        elif (name == "value" and parent == "Data") or name == "SimpleData":
            self._now.row[self._data] = said
        else:
            self._geometry(name, parent, said, self._now)

    def _geometry(self, name: str, parent: str, said: str, placemark: _Placemark) -> None:
        try:
            if name == "coordinates":
                points = [_point(written) for written in said.split()]
                if parent == "LinearRing" and "Polygon" in self._path:
                    self._rings.append(points)
                elif parent == "Point":
                    placemark.shapes.append(shapely.Point(points[0]))
                elif parent in {"LineString", "LinearRing"}:
                    placemark.shapes.append(shapely.LineString(points))
            elif name == "Polygon":
                placemark.shapes.append(shapely.Polygon(self._rings[0], self._rings[1:]))
        except (ValueError, IndexError, shapely.errors.GEOSException):
            placemark.fault = BROKEN


def _point(written: str) -> tuple[float, float]:
    longitude, latitude = written.split(",")[:2]
    return float(longitude), float(latitude)


class _NoKmlError(Exception):
    """The root is not kml, or elements are nested without end."""


def read_kml(path: Path, layer: str | None, encoding: str) -> Layer:
    """Read the placemarks of ``path`` in degrees of WGS 84; ``layer`` is the name of a folder or document.

    Raises
    ------
    InputError
        It is no KML, is truncated, has a document type, or has several folders of placemarks and none is named.

    """
    data = path.read_bytes()
    check_prolog(data[:65_536], path.name)
    declared = _DECLARED.search(data[:200])
    text, (codec, why_zh, why_en) = decode(data, encoding, path.name, [declared.group(1).decode()] if declared else [])
    reader = _parse(path, text)
    notes: list[Sentence] = [(f"文字编码：{codec}{why_zh}", f"text encoding: {codec}{why_en}")] if why_zh else []
    if reader.links:
        said = "、".join(sorted(reader.links))
        notes.append((f"引用其他文件的内容（{said}）未读取", f"what refers to other files ({said}) was not read"))
    placemarks = _choose(path, reader, layer)
    faults: dict[int, Fault] = {}
    geometry = np.empty(len(placemarks), dtype=object)
    for position, placemark in enumerate(placemarks):
        if placemark.fault is not None:
            faults[position] = placemark.fault
        else:
            geometry[position] = _one(placemark.shapes)
    names = dict.fromkeys(name for placemark in placemarks for name in placemark.row)
    columns: dict[str, Any] = {
        (f"{name}_2" if name == "geometry" else name or "data"): as_column([p.row.get(name) for p in placemarks])
        for name in names
    }
    result = make_layer(columns, geometry, faults, CRS.from_epsg(4326))
    result.encoding, result.notes = codec, notes
    return result


def _parse(path: Path, text: str) -> _Reader:
    reader = _Reader()
    parser = expat.ParserCreate()
    # A document type was refused before; whatever way there still is to declare an entity ends here.
    refuse: Any = _refuse_entity
    parser.EntityDeclHandler = parser.ExternalEntityRefHandler = parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.characters
    parser.buffer_text = True
    try:
        parser.Parse(text.lstrip("\ufeff"), True)
    except (expat.ExpatError, _NoKmlError) as error:
        raise InputError(
            f"{path.name} 不能读取：文件不完整或不是 .kml 格式；请重新复制或导出。",
            f"{path.name} cannot be read: it is truncated or no .kml file; copy or export it again.",
        ) from error
    return reader


def _refuse_entity(*_: object) -> None:
    raise _NoKmlError


def _choose(path: Path, reader: _Reader, layer: str | None) -> list[_Placemark]:
    groups = list(dict.fromkeys(placemark.group for placemark in reader.placemarks))
    if not groups:
        links = bool(reader.links)
        raise InputError(
            f"{path.name} 里没有地标（Placemark）"
            + ("，只有指向其他文件的链接（NetworkLink 等）；请导出含数据本身的 kml。" if links else "。"),
            f"{path.name} has no placemarks"
            + (", only links to other files (NetworkLink or the like); export the data themselves." if links else "."),
        )
    if layer is None and len(groups) == 1:
        return reader.placemarks
    if layer not in groups:
        shown = "、".join(group or "（无名）" for group in groups)
        raise InputError(
            f"{path.name} {'有多个图层' if layer is None else '没有这个图层；有'}：{shown}；请用 --layer 指定一个。",
            f"{path.name} {'has several layers' if layer is None else 'has no such layer; it has'}: {shown}; name one with "
            "--layer.",
        )
    return [placemark for placemark in reader.placemarks if placemark.group == layer]


def _one(shapes: list[shapely.Geometry]) -> shapely.Geometry | None:
    if len(shapes) < 2:
        return shapes[0] if shapes else None
    kinds = {int(kind) for kind in shapely.get_type_id(shapes)}
    build: dict[int, Any] = {
        shapely.GeometryType.POINT: shapely.MultiPoint,
        shapely.GeometryType.LINESTRING: shapely.MultiLineString,
        shapely.GeometryType.POLYGON: shapely.MultiPolygon,
    }
    made: shapely.Geometry = (
        build.get(kinds.pop(), shapely.GeometryCollection)(shapes)
        if len(kinds) == 1
        else (shapely.GeometryCollection(shapes))
    )
    return made
