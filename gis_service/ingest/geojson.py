"""Read GeoJSON without GDAL: numbers as they are written, the CRS wherever it stands, no other file.

The file is parsed feature by feature; what is not GeoJSON is named (TopoJSON, CityJSON, Esri JSON).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_service.errors import InputError
from gis_service.ingest.encoding import decode
from gis_service.ingest.geometry import Fault
from gis_service.ingest.layer import Layer, as_column, make_layer
from gis_service.ingest.shapes import BROKEN, unusual

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_SHAPES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
_DEGREES = 360.0
_WGS84 = 4326


def read_geojson(path: Path, encoding: str) -> Layer:
    """Read ``path``: a FeatureCollection, a Feature or a geometry.

    Raises
    ------
    InputError
        It is no JSON, is truncated, or is JSON of another kind.

    """
    data = path.read_bytes()
    if not encoding and _is_utf_8(data):
        encoding = "utf-8"  # the standard's own (RFC 7946); by its bytes alone ``ġ`` might be a 摹 of GB18030
    text, (codec, why_zh, why_en) = decode(data, encoding, path.name, ["utf-8"])
    features: list[str] = []
    rows: list[dict[str, Any]] = []
    members: dict[str, Any] = {}
    try:
        for key, value in _members(text, features, rows):
            if key in members:
                raise _unreadable(path)
            members[key] = value
        crs_said = _crs(members.get("crs"), path)
        _check_kind(members, path)
        if members.get("type") != "FeatureCollection":
            features, rows = [text], [_row(members)]
    except (ValueError, RecursionError) as error:
        raise _unreadable(path) from error
    geometry, faults = _geometry(features, rows)
    columns = _columns(rows)
    result = make_layer(columns, geometry, faults, None)
    result.encoding = codec
    if why_zh:
        result.notes.append((f"文字编码：{codec}{why_zh}", f"text encoding: {codec}{why_en}"))
    if crs_said is not None:
        result.crs = crs_said
    else:
        # RFC 7946: degrees of WGS 84. Metres in a GeoJSON without a word about them are evidence, not that.
        reach = np.abs(shapely.get_coordinates(geometry)).max(initial=0)
        result.crs = None if reach > _DEGREES else CRS.from_epsg(_WGS84)
    return result


def _is_utf_8(data: bytes) -> bool:
    """Tell whether bytes without a mark of their own are valid UTF-8."""
    if data.startswith(codecs.BOM_UTF8):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _members(text: str, features: list[str], rows: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield the members of the top object; of its features the text and the properties go into the lists."""
    at = _expect(text, 0, "{")
    at = _skip(text, at)
    while text[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _expect(text, at, ":"))
        if key == "features" and text[at : at + 1] == "[":
            at = _features(text, at + 1, features, rows)
            yield key, None
        else:
            value, at = _DECODER.raw_decode(text, at)
            yield key, value
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "}":
            raise ValueError(text[at : at + 20])
    if _skip(text, at + 1) != len(text):
        raise ValueError(text[at : at + 20])


def _features(text: str, at: int, features: list[str], rows: list[dict[str, Any]]) -> int:
    at = _skip(text, at)
    while text[at : at + 1] != "]":
        feature, end = _DECODER.raw_decode(text, at)
        if not isinstance(feature, dict):
            raise ValueError(text[at : at + 20])  # noqa: TRY004 - a fault of the text, not of a call
        features.append(text[at:end])
        rows.append(_row(feature))
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise ValueError(text[at : at + 20])
    return at + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, mark: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(text[at : at + 20])
    return at + 1


def _row(feature: dict[str, Any]) -> dict[str, Any]:
    """Return a feature's properties, flat, with the type of its geometry under an empty name."""
    row: dict[str, Any] = {}
    if feature.get("id") is not None:
        row["id"] = feature["id"]
    properties = feature.get("properties")
    if isinstance(properties, dict):
        _flatten(properties, "", row)
    shape = feature.get("geometry") if feature.get("type") == "Feature" or "geometry" in feature else feature
    row[""] = shape.get("type") if isinstance(shape, dict) else None
    return row


def _flatten(properties: dict[str, Any], prefix: str, row: dict[str, Any]) -> None:
    for name, value in properties.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", row)
        else:
            row[f"{prefix}{name}"] = value


def _columns(rows: list[dict[str, Any]]) -> pd.DataFrame:
    names = dict.fromkeys(name for row in rows for name in row if name)
    # The name of the geometry in a frame is no column's.
    return pd.DataFrame(
        {(f"{name}_2" if name == "geometry" else name): as_column([row.get(name) for row in rows]) for name in names},
        index=range(len(rows)),
    )


def _geometry(features: list[str], rows: list[dict[str, Any]]) -> tuple[NDArray[np.object_], dict[int, Fault]]:
    geometry = np.asarray(shapely.from_geojson(np.array(features, dtype=object), on_invalid="ignore"), dtype=object)
    faults: dict[int, Fault] = {}
    for position in np.flatnonzero(shapely.is_missing(geometry)):
        said = rows[position][""]
        if said is not None:
            faults[int(position)] = BROKEN if said in _SHAPES else unusual(str(said)[:40])
    return geometry, faults


def _crs(said: Any, path: Path) -> CRS | None:
    """Return the CRS of a member ``crs`` (GeoJSON 2008, section 3): by name; a link is not followed."""
    if said is None:
        return None
    try:
        name = str(said["properties"]["name"])
        # The same degrees under their older name.
        return CRS.from_epsg(_WGS84) if name.endswith("CRS84") else CRS.from_user_input(name)
    except (CRSError, KeyError, TypeError) as error:
        raise InputError(
            f"{path.name} 写的坐标系不认识（crs：{str(said)[:60]}）；请用 EPSG 代号写明后再导入。",
            f"The CRS that {path.name} names is unknown (crs: {str(said)[:60]}); write it as an EPSG code.",
        ) from error


def _check_kind(members: dict[str, Any], path: Path) -> None:
    kind = members.get("type")
    if kind in {"FeatureCollection", "Feature", *_SHAPES}:
        if kind == "FeatureCollection" and "features" not in members:
            raise _unreadable(path)
        return
    other = {"Topology": "TopoJSON", "CityJSON": "CityJSON", "CityJSONFeature": "CityJSON", "gdalg": "GDALG"}.get(
        str(kind), "Esri JSON" if "features" in members and "geometryType" in members else ""
    )
    if other:
        raise InputError(
            f"{path.name} 是 {other}，不能读取；请导出为 GeoJSON（FeatureCollection）。",
            f"{path.name} is {other}, which is not read; export it as GeoJSON (a FeatureCollection).",
        )
    raise InputError(
        f"{path.name} 是 JSON，但不是 GeoJSON（type：{str(kind)[:40]}）；请导出为 GeoJSON（FeatureCollection）。",
        f"{path.name} is JSON and no GeoJSON (type: {str(kind)[:40]}); export it as GeoJSON (a FeatureCollection).",
    )


def _unreadable(path: Path) -> InputError:
    return InputError(
        f"{path.name} 不能读取：文件不完整或不是 {path.suffix} 格式；请重新复制或导出。",
        f"{path.name} cannot be read: it is truncated or no {path.suffix} file; copy or export it again.",
    )
