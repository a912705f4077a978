"""A map drawn to scale, as SVG in millimetres of paper, from geometries in the work CRS.

Shapes are cut to the frame. Hatches are drawn as lines of their own, so that classes stay apart in black and white
and on any printer. A text is placed only where it covers no other text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

SCALES = (200, 250, 300, 400, 500, 600, 750, 1000, 1250, 1500, 2000, 2500, 3000, 4000, 5000, 7500, 10_000,
          15_000, 20_000, 25_000, 30_000, 40_000, 50_000, 75_000, 100_000, 150_000, 200_000, 300_000, 500_000)  # fmt: skip
"""Denominators that a ruler can be laid to."""

FONT = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif"

Geometries = NDArray[np.object_]
Box = tuple[float, float, float, float]
Hatch = Literal["", "light", "dense", "cross"]

# Spacing in millimetres and angles in degrees of each hatch.
_HATCH: dict[str, tuple[float, tuple[float, ...]]] = {
    "light": (1.5, (45.0,)),
    "dense": (0.75, (45.0,)),
    "cross": (0.8, (45.0, -45.0)),
}


@dataclass(frozen=True)
class Ink:
    """How a shape is drawn; widths in millimetres of paper."""

    fill: str = "none"
    stroke: str = "none"
    width_mm: float = 0.15
    dash: str = ""
    hatch: Hatch = ""
    opacity: float = 1.0

    def attributes(self) -> str:
        """Return the SVG attributes."""
        said = f'fill="{self.fill}" stroke="{self.stroke}" stroke-width="{self.width_mm:g}"'
        if self.dash:
            said += f' stroke-dasharray="{self.dash}"'
        if self.opacity < 1:
            said += f' opacity="{self.opacity:g}"'
        return said


@dataclass(frozen=True)
class Label:
    """A text beside a point of the map (work CRS); the more important are placed first."""

    x: float
    y: float
    text: str
    size_mm: float = 1.8
    color: str = "#000000"
    weight: str = "normal"
    importance: float = 0.0
    angle: float = 0.0
    fixed: bool = False


def scale_for(bounds: Box, width_mm: float, height_mm: float, *, least: int = SCALES[0]) -> int:
    """Return the largest scale (smallest denominator) at which ``bounds`` (metres) fit the frame."""
    west, south, east, north = bounds
    wanted = max((east - west) / width_mm, (north - south) / height_mm) * 1000
    return next((one for one in SCALES if one >= max(wanted, least)), math.ceil(wanted))


@dataclass
class Drawing:
    """A map being drawn.

    Parameters
    ----------
    middle
        Middle of the map in the work CRS.
    width_mm, height_mm
        The frame on paper.
    scale
        Denominator: so many metres of ground are a metre of paper.

    """

    middle: tuple[float, float]
    width_mm: float
    height_mm: float
    scale: int
    _parts: list[str] = field(default_factory=list)
    _labels: list[Label] = field(default_factory=list)
    _taken: list[Box] = field(default_factory=list)

    @classmethod
    def fit(cls, bounds: Box, width_mm: float, height_mm: float, *, margin_mm: float = 4.0) -> Drawing:
        """Return an empty drawing in which ``bounds`` (work CRS) fit, at a scale of ``SCALES``."""
        west, south, east, north = bounds
        scale = scale_for(bounds, width_mm - 2 * margin_mm, height_mm - 2 * margin_mm)
        return cls(((west + east) / 2, (south + north) / 2), width_mm, height_mm, scale)

    @property
    def mm(self) -> float:
        """Millimetres of paper a metre of ground."""
        return 1000.0 / self.scale

    @property
    def frame(self) -> Box:
        """What the frame shows: west, south, east, north in the work CRS."""
        half_w, half_h = self.width_mm / 2 / self.mm, self.height_mm / 2 / self.mm
        x, y = self.middle
        return (x - half_w, y - half_h, x + half_w, y + half_h)

    def paper(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points of the work CRS in millimetres from the frame's upper left corner."""
        x, y = self.middle
        return np.column_stack(
            ((points[:, 0] - x) * self.mm + self.width_mm / 2, (y - points[:, 1]) * self.mm + self.height_mm / 2)
        )

    def cut(self, shapes: Geometries) -> Geometries:
        """Return the shapes on paper (millimetres), cut to the frame; what lies outside is gone."""
        if not len(shapes):
            return shapes
        seen = shapes[shapely.intersects(shapes, shapely.box(*self.frame))]
        if not len(seen):
            return seen
        moved: Any = shapely.transform(seen, self.paper)
        # A little beyond the frame: no edge of a cut shape is drawn as if it were a wall.
        cut: Geometries = shapely.intersection(moved, shapely.box(-1, -1, self.width_mm + 1, self.height_mm + 1))
        return cut[~shapely.is_empty(cut)]

    def draw(self, shapes: Sequence[Any] | Geometries, ink: Ink) -> None:
        """Draw shapes of the work CRS with one ink."""
        on_paper = self.cut(np.asarray(shapes, dtype=object))
        if not len(on_paper):
            return
        self._parts.append(f'<path d="{"".join(map(path, on_paper))}" fill-rule="evenodd" {ink.attributes()}/>')
        if ink.hatch:
            self._hatch(on_paper, ink)

    def _hatch(self, on_paper: Geometries, ink: Ink) -> None:
        spacing, angles = _HATCH[ink.hatch]
        areas = shapely.union_all(on_paper)
        reach, width = self.width_mm + self.height_mm, self.width_mm + 2
        lines = [
            shapely.LineString([(-1, start), (width - 1, start + math.tan(math.radians(angle)) * width)])
            for angle in angles
            for start in np.arange(-reach, reach + self.height_mm, spacing)
        ]
        hatched = shapely.intersection(np.array(lines, object), areas)
        drawn = "".join(path(line) for line in hatched if not line.is_empty)
        color = "#ffffff" if _is_dark(ink.fill) else "#222222"
        self._parts.append(f'<path d="{drawn}" fill="none" stroke="{color}" stroke-width="0.1"/>')

    def mark(
        self, x: float, y: float, text: str, *, fill: str, shape: Literal["round", "square"], size_mm: float = 3.2
    ) -> None:
        """Draw a mark with a character in it at a point of the work CRS; other texts keep off it."""
        ((px, py),) = self.paper(np.array([[x, y]]))
        half = size_mm / 2
        if not (half <= px <= self.width_mm - half and half <= py <= self.height_mm - half):
            return
        outline = (
            f'<circle cx="{px:.2f}" cy="{py:.2f}" r="{half:g}" fill="{fill}" stroke="#ffffff" stroke-width="0.25"/>'
            if shape == "round"
            else f'<rect x="{px - half:.2f}" y="{py - half:.2f}" width="{size_mm:g}" height="{size_mm:g}" rx="0.4" '
            f'fill="{fill}" stroke="#ffffff" stroke-width="0.25"/>'
        )
        size = size_mm * (0.62 if len(text) < 2 else 0.5)
        self._parts.append(outline + _text(px, py + size * 0.36, text, size, "#ffffff", "bold"))
        self._taken.append((px - half, py - half, px + half, py + half))

    def arrows(self, line: Any, ink: Ink, every_mm: float = 12.0) -> None:
        """Draw small arrow heads along a line of the work CRS, in its direction."""
        length = line.length * self.mm
        heads = []
        for at in np.arange(every_mm / 2, length, every_mm):
            ends = [line.interpolate(at / self.mm), line.interpolate(min(at + 0.3, length) / self.mm)]
            (ax, ay), (bx, by) = self.paper(np.array([[p.x, p.y] for p in ends]))
            size = math.hypot(bx - ax, by - ay)
            if size < 0.05 or not (0 < ax < self.width_mm and 0 < ay < self.height_mm):
                continue
            ux, uy = (bx - ax) / size, (by - ay) / size
            heads.append(
                f"M{ax + 0.9 * ux:.2f} {ay + 0.9 * uy:.2f}L{ax - 0.5 * uy:.2f} {ay + 0.5 * ux:.2f}"
                f"L{ax + 0.5 * uy:.2f} {ay - 0.5 * ux:.2f}Z"
            )
        if heads:
            self._parts.append(f'<path d="{"".join(heads)}" fill="{ink.stroke}"/>')

    def label(self, labels: Iterable[Label]) -> None:
        """Ask for texts; they are placed when the map is finished."""
        self._labels.extend(labels)

    def placed(self) -> tuple[str, int]:
        """Place the texts, the most important first; return their SVG and how many found no room."""
        west, south, east, north = self.frame
        drawn, left = [], 0
        for one in sorted(self._labels, key=lambda label: -label.importance):
            if not (west <= one.x <= east and south <= one.y <= north):
                continue
            ((px, py),) = self.paper(np.array([[one.x, one.y]]))
            width = text_width(one.text, one.size_mm)
            for dx, dy in _spots(width, one):
                box = _around(px + dx, py + dy, width, one.size_mm, one.angle)
                if self._is_free(box):
                    self._taken.append(box)
                    drawn.append(_text(px + dx, py + dy + one.size_mm * 0.36, one.text, one.size_mm, one.color,
                                       one.weight, halo=True, angle=one.angle, about=(px + dx, py + dy)))  # fmt: skip
                    break
            else:
                left += 1
        return "".join(drawn), left

    def _is_free(self, box: Box) -> bool:
        if box[0] < 0.5 or box[1] < 0.5 or box[2] > self.width_mm - 0.5 or box[3] > self.height_mm - 0.5:
            return False
        return not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in self._taken
        )

    def svg(self) -> tuple[str, int]:
        """Return the map with frame, scale bar and north arrow; and how many texts found no room."""
        furniture = self._furniture()
        texts, left = self.placed()
        w, h = self.width_mm, self.height_mm
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:g}mm" height="{h:g}mm" viewBox="0 0 {w:g} {h:g}" '
            f'font-family="{FONT}"><defs><clipPath id="frame"><rect width="{w:g}" height="{h:g}"/></clipPath></defs>'
            f'<rect width="{w:g}" height="{h:g}" fill="#ffffff"/><g clip-path="url(#frame)" stroke-linejoin="round">'
            f"{''.join(self._parts)}{texts}</g>{furniture}"
            f'<rect width="{w:g}" height="{h:g}" fill="none" stroke="#000000" stroke-width="0.5"/></svg>',
            left,
        )

    def bare(self) -> str:
        """Return what was drawn, without frame, furniture and texts."""
        w, h = self.width_mm, self.height_mm
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:g}mm" height="{h:g}mm" viewBox="0 0 {w:g} {h:g}" '
            f'font-family="{FONT}">{"".join(self._parts)}</svg>'
        )

    def _furniture(self) -> str:
        """Return scale bar and north arrow, on white, and keep texts off them."""
        metres = bar_metres(self.scale)
        bar = metres * self.mm
        y = self.height_mm - 3.2
        parts = [f'<rect x="1.5" y="{y - 6.2:.2f}" width="{bar + 14:.2f}" height="8.2" fill="#ffffff" opacity="0.9"/>']
        for k in range(4):
            color = "#000000" if k % 2 == 0 else "#ffffff"
            parts.append(
                f'<rect x="{3 + k * bar / 4:.3f}" y="{y - 1.2:.2f}" width="{bar / 4:.3f}" height="1.2" fill="{color}" '
                'stroke="#000000" stroke-width="0.15"/>'
            )
        parts.append(_text(3, y - 2, "0", 2, "#000000", "normal"))
        parts.append(_text(3 + bar, y - 2, f"{metres:g} m", 2, "#000000", "normal"))
        parts.append(_text(3 + bar / 2, y - 4, f"1 : {self.scale}", 2.2, "#000000", "bold"))
        self._taken.append((1.5, y - 6.2, bar + 15.5, self.height_mm))
        x = self.width_mm - 6
        parts.append(f'<rect x="{x - 4.5:.2f}" y="1.5" width="9" height="13" fill="#ffffff" opacity="0.9"/>')
        parts.append(f'<path d="M{x} 5.5L{x + 2.4:.2f} 13.5L{x} 11.6Z" fill="#000000"/>')
        parts.append(
            f'<path d="M{x} 5.5L{x - 2.4:.2f} 13.5L{x} 11.6Z" fill="#ffffff" stroke="#000000" stroke-width="0.2"/>'
        )
        parts.append(_text(x, 4.9, "北 N", 2.2, "#000000", "bold"))
        self._taken.append((x - 4.5, 0, self.width_mm, 14.5))
        return "".join(parts)


def bar_metres(scale: int) -> float:
    """Return a round length that is 20 to 50 mm long at the scale."""
    longest = 0.05 * scale
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5, 10) if step * power <= longest)


def swatch(ink: Ink, shape: Literal["area", "line"] = "area") -> str:
    """Return a legend's swatch, 8 mm by 4 mm."""
    drawing = Drawing((0, 0), 8, 4, 1000)
    drawing.draw(
        [shapely.box(-3.8, -1.8, 3.8, 1.8) if shape == "area" else shapely.LineString([(-3.8, 0), (3.8, 0)])], ink
    )
    return drawing.bare()


def mark_swatch(text: str, fill: str, shape: Literal["round", "square"]) -> str:
    """Return a legend's swatch of a mark, 8 mm by 5 mm."""
    drawing = Drawing((0, 0), 8, 5, 1000)
    drawing.mark(0, 0, text, fill=fill, shape=shape, size_mm=4.0)
    return drawing.bare()


def path(shape: Any) -> str:
    """Return the SVG path of a shape on paper, to a hundredth of a millimetre."""
    if shape.geom_type == "Polygon":
        return "".join(_run(ring.coords, closed=True) for ring in (shape.exterior, *shape.interiors))
    if shape.geom_type in {"LineString", "LinearRing"}:
        return _run(shape.coords, closed=False)
    if hasattr(shape, "geoms"):
        return "".join(map(path, shape.geoms))
    return ""


def _run(points: Any, *, closed: bool) -> str:
    said = [f"{x:.2f} {y:.2f}" for x, y, *_ in points]
    if closed:
        said.pop()
    if len(said) < 2:
        return ""
    return "M" + "L".join(said) + ("Z" if closed else "")


def text_width(text: str, size_mm: float) -> float:
    """Return about how wide a text is: Chinese characters are as wide as high, others somewhat over half."""
    return sum(1.0 if ord(c) > 0x2E7F else 0.6 for c in text) * size_mm


def _spots(width: float, label: Label) -> list[tuple[float, float]]:
    """Return where a text may stand: on its point, then round it, near before far."""
    if label.fixed or label.angle:
        return [(0.0, 0.0)]
    spots = [(0.0, 0.0)]
    for ring in (1.0, 1.8):
        side, up = (width / 2 + 0.8) * ring, (label.size_mm * 0.5 + 0.8) * ring
        spots += [(side, 0), (-side, 0), (0, -up), (0, up), (side, -up), (-side, -up), (side, up), (-side, up)]
    return spots


def _around(x: float, y: float, width: float, height: float, angle: float) -> Box:
    turn = math.radians(angle)
    c, s = abs(math.cos(turn)), abs(math.sin(turn))
    half_w, half_h = (width * c + height * s) / 2 + 0.15, (width * s + height * c) / 2 + 0.15
    return (x - half_w, y - half_h, x + half_w, y + half_h)


def _text(
    x: float, y: float, text: str, size: float, color: str, weight: str, *,
    halo: bool = False, angle: float = 0.0, about: tuple[float, float] | None = None,
) -> str:  # fmt: skip
    turned = f' transform="rotate({angle:.1f} {about[0]:.2f} {about[1]:.2f})"' if angle and about else ""
    place = f'x="{x:.2f}" y="{y:.2f}" font-size="{size:g}" font-weight="{weight}" text-anchor="middle"{turned}'
    said = escape(text)
    under = (
        f'<text {place} fill="#ffffff" stroke="#ffffff" stroke-width="{size * 0.22:.2f}">{said}</text>' if halo else ""
    )
    return f'{under}<text {place} fill="{color}">{said}</text>'


def _is_dark(color: str) -> bool:
    if not color.startswith("#") or len(color) != 7:
        return False
    r, g, b = (int(color[k : k + 2], 16) for k in (1, 3, 5))
    return 0.3 * r + 0.59 * g + 0.11 * b < 90
