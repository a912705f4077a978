"""Geometries as they are written (WKB, EWKB, hex, WKT, EWKT), and those that cannot be used, by their true names."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.ingest.geometry import Fault
from gis_service.ingest.values import Sentence

# OGC 06-103r4, 8.2.3: geometry types beyond the seven that plane analysis knows.
_OTHER_TYPES = {
    8: "CircularString", 9: "CompoundCurve", 10: "CurvePolygon", 11: "MultiCurve", 12: "MultiSurface", 13: "Curve",
    14: "Surface", 15: "PolyhedralSurface", 16: "TIN", 17: "Triangle",
}  # fmt: skip
_BY_WORD = {name.upper(): name for name in _OTHER_TYPES.values()}
_SRID = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;\s*", re.IGNORECASE)
_HEX = re.compile(r"\s*(?:\\x|0x)?(0[01][0-9a-f]{8}[0-9a-f]*)\s*", re.IGNORECASE)
_WORD = re.compile(r"\s*([A-Za-z]+)")
_EWKB_SRID = 0x20000000


def unusual(name: str) -> Fault:
    """Return the fault of a geometry of a type that is not read."""
    return Fault(
        "wrong_geometry_type",
        (f"图形类型为 {name}，不能读取", f"the geometry is a {name}, which is not read"),
        ("请在 GIS 中把它转换为普通的点、线、面", "convert it to plain points, lines or polygons in your GIS"),
    )


BROKEN = Fault(
    "bad_geometry",
    ("图形数据已损坏或不完整", "the geometry is damaged or incomplete"),
    ("请在 GIS 中补画或重新导出该要素", "draw it again or export it again in your GIS"),
)


def from_wkb(values: Sequence[bytes | None]) -> tuple[NDArray[np.object_], dict[int, Fault]]:
    """Return geometries from WKB or EWKB, and by position the faults of those that cannot be read."""
    raw = np.array(values, dtype=object)
    geometry = _parsed(shapely.from_wkb, raw)
    faults: dict[int, Fault] = {}
    for position in np.flatnonzero(shapely.is_missing(geometry)):
        if raw[position]:
            kind = _OTHER_TYPES.get(_type_of(bytes(raw[position])))
            faults[int(position)] = unusual(kind) if kind else BROKEN
    return geometry, faults


def _parsed(parse: Callable[..., Any], values: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return what shapely makes of each value, None where it cannot."""
    with np.errstate(invalid="ignore"):  # NaN among the coordinates is found later, row by row
        try:
            return np.asarray(parse(values, on_invalid="ignore"), dtype=object)
        except NotImplementedError:  # one curve, and shapely reads none of all
            return np.array([_one(parse, value) for value in values], dtype=object)


def _one(parse: Callable[..., Any], value: Any) -> shapely.Geometry | None:
    try:
        shape: shapely.Geometry | None = parse(value, on_invalid="ignore")
    except NotImplementedError:
        return None
    return shape


def _type_of(wkb: bytes) -> int:
    if len(wkb) < 5:
        return 0
    (code,) = struct.unpack("<I" if wkb[0] else ">I", wkb[1:5])
    return int(code & 0x0FFFFFFF) % 1000


def from_texts(values: Sequence[Any]) -> tuple[NDArray[np.object_], dict[int, Fault], set[int]]:
    """Return geometries from cells of WKT, EWKT or hex (E)WKB, the faults by position, and the SRIDs that they name."""
    texts = ["" if value is None else str(value).strip() for value in values]
    binary = {k: found.group(1) for k, said in enumerate(texts) if (found := _HEX.fullmatch(said))}
    marks = {k: found for k, said in enumerate(texts) if said[:1] in {"S", "s"} and (found := _SRID.match(said))}
    plain = [
        None if not said or k in binary else said[marks[k].end() :] if k in marks else said
        for k, said in enumerate(texts)
    ]
    geometry = _parsed(shapely.from_wkt, np.array(plain, dtype=object))
    srids = {int(found.group(1)) for found in marks.values()}
    if binary:
        data = [bytes.fromhex(digits if len(digits) % 2 == 0 else digits[:-1]) for digits in binary.values()]
        geometry[list(binary)] = from_wkb(data)[0]
        srids |= {srid for srid in map(_srid_of, data) if srid}
    faults = {int(k): _unreadable(texts[k]) for k in np.flatnonzero(shapely.is_missing(geometry)) if texts[k]}
    return geometry, faults, srids


def _srid_of(data: bytes) -> int:
    order = "<" if data[0] else ">"
    if len(data) < 9 or not struct.unpack(f"{order}I", data[1:5])[0] & _EWKB_SRID:
        return 0
    return int(struct.unpack(f"{order}I", data[5:9])[0])


def _unreadable(said: str) -> Fault:
    if found := _HEX.fullmatch(said):
        kind = _OTHER_TYPES.get(_type_of(bytes.fromhex(found.group(1)[:10])))
        return unusual(kind) if kind else BROKEN
    word = _WORD.match(_SRID.sub("", said, count=1))
    name = word.group(1).upper() if word else ""
    # TINZ is a TIN.
    kind = _BY_WORD.get(name) or _BY_WORD.get(name.rstrip("MZ"))
    if kind:
        return unusual(kind)
    shown = said.strip()[:30]
    return Fault(
        "bad_geometry",
        (f"“{shown}…”不是 WKT 或 WKB 图形", f"{shown!r}… is no geometry in WKT or WKB"),
        ("请更正该单元格，例如 POLYGON ((107.37 24.51, …))", "correct the cell; write POLYGON ((107.37 24.51, …))"),
    )


def without_measures(geometry: NDArray[np.object_]) -> tuple[NDArray[np.object_], list[Sentence]]:
    """Return the geometries without M values, which nothing here uses, and a note where there were some."""
    measured = shapely.has_m(geometry)
    if not measured.any():
        return geometry, []
    geometry = geometry.copy()
    geometry[measured] = shapely.force_2d(geometry[measured])
    count = int(measured.sum())
    return geometry, [(f"{count:,} 个图形带有 M 值，已去掉", f"the M values of {count:,} geometries were dropped")]
