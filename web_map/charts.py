"""Charts as SVG in the page: no script, no style sheet needed, told apart in black and white, with the numbers as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 480, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 32, 26
_BAR = 22


@dataclass(frozen=True)
class Series:
    """A line: what it is called, its colour, its dashes (empty is drawn through), a value a day."""

    name: str
    color: str
    dashes: str
    values: Sequence[int]


Cell = str | tuple[str, str]
"""A text, or a text and the address of the list that it counts."""


@dataclass(frozen=True)
class Chart:
    """A chart as a page takes it: a title, the SVG, and its numbers as a table."""

    title: str
    svg: Markup
    headings: list[str]
    rows: list[list[Cell]]


def lines(title: str, days: Sequence[date], series: Sequence[Series], marks: Sequence[tuple[date, str]]) -> Chart:
    """Return lines over days, the scale from nothing to the largest value.

    Parameters
    ----------
    marks
        Days within the chart that get a line of their own, with their words.

    """
    most = max((value for one in series for value in one.values), default=0) or 1
    step = _step(most)
    top = -(-most // step) * step
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(k: float) -> float:
        return round(_LEFT + width * k / max(len(days) - 1, 1), 1)

    def y(value: float) -> float:
        return round(_TOP + height * (1 - value / top), 1)

    parts = []
    for value in range(0, top + 1, step):
        parts.append(f'<path d="M{_LEFT} {y(value)}H{_WIDTH - _RIGHT}" stroke="#d5dae0" stroke-width="1"/>')
        parts.append(_text(_LEFT - 6, y(value) + 4, f"{value:,}", "end"))
    for k, day in enumerate(days):
        if day.day == 1 or k == 0:
            parts.append(f'<path d="M{x(k)} {_TOP}V{_TOP + height}" stroke="#e6e9ed" stroke-width="1"/>')
            parts.append(_text(x(k), _HEIGHT - 8, f"{day.month}-{day.day:02d}", "start" if k == 0 else "middle"))
    for day, words in marks:
        if days and days[0] <= day <= days[-1]:
            at = x((day - days[0]).days)
            parts.append(
                f'<path d="M{at} {_TOP}V{_TOP + height}" stroke="#a11d1d" stroke-width="1" stroke-dasharray="3 3"/>'
            )
            parts.append(_text(at - 4, _TOP + 10, words, "end", "#a11d1d"))
    for one in series:
        path = "".join(f"{'L' if k else 'M'}{x(k)} {y(value)}" for k, value in enumerate(one.values))
        dashes = f' stroke-dasharray="{one.dashes}"' if one.dashes else ""
        parts.append(f'<path d="{path}" fill="none" stroke="{one.color}" stroke-width="2.2"{dashes}/>')
    at = float(_LEFT)
    for one in series:
        dashes = f' stroke-dasharray="{one.dashes}"' if one.dashes else ""
        parts.append(f'<path d="M{at} 12H{at + 26}" stroke="{one.color}" stroke-width="2.2"{dashes}/>')
        parts.append(_text(at + 31, 16, one.name, "start"))
        at += 45 + 12 * len(one.name)
    last = "；".join(f"{one.name} {one.values[-1]:,}" for one in series if one.values)
    shown = [k for k, day in enumerate(days) if day.weekday() == 6 or k in {0, len(days) - 1}]
    return Chart(
        title,
        _svg(title, f"{days[0]}–{days[-1]}：{last}" if days else "", _HEIGHT, parts),
        ["", *(one.name for one in series)],
        [[str(days[k]), *(f"{one.values[k]:,}" for one in series)] for k in shown],
    )


@dataclass(frozen=True)
class Bar:
    """A bar of ``total``: ``done`` filled, ``working`` hatched, the rest empty; what stands behind it, and its list."""

    name: str
    done: int
    working: int
    total: int
    note: str
    href: str | None = None


def bars(title: str, found: Sequence[Bar], headings: list[str]) -> Chart:
    """Return a bar a place, each as long as its share; ``headings`` are of the place, done, working, total and the note."""
    name_width, note_width, head = 86, 118, 22
    width = _WIDTH - name_width - note_width
    parts = [
        '<defs><pattern id="working" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="5" height="5" fill="#f5e7c4"/><path d="M0 0V5" stroke="#7a5b00" stroke-width="2"/></pattern></defs>'
    ]
    for k, fill in enumerate(("#1f4e79", "url(#working)")):
        parts.append(f'<rect x="{name_width + k * 90}" y="4" width="18" height="11" fill="{fill}" stroke="#8793a1"/>')
        parts.append(_text(name_width + 23 + k * 90, 14, headings[k + 1], "start"))
    for n, bar in enumerate(found):
        top = head + n * _BAR
        done, working = (round(width * part / bar.total, 1) if bar.total else 0.0 for part in (bar.done, bar.working))
        name = _text(name_width - 6, top + 13, bar.name, "end")
        parts.append(f'<a href="{escape(bar.href)}">{name}</a>' if bar.href else name)
        parts.append(
            f'<rect x="{name_width}" y="{top}" width="{width}" height="{_BAR - 7}" fill="#fff" stroke="#8793a1"/>'
        )
        parts.append(f'<rect x="{name_width}" y="{top}" width="{done}" height="{_BAR - 7}" fill="#1f4e79"/>')
        parts.append(
            f'<rect x="{name_width + done}" y="{top}" width="{working}" height="{_BAR - 7}" fill="url(#working)"/>'
        )
        parts.append(_text(name_width + width + 6, top + 13, bar.note, "start"))
    said = "；".join(f"{bar.name} {bar.note}" for bar in found)
    rows: list[list[Cell]] = [[bar.name, str(bar.done), str(bar.working), str(bar.total), bar.note] for bar in found]
    linked = any(bar.href for bar in found)
    return Chart(title, _svg(title, said, head + 4 + _BAR * len(found), parts, linked=linked), headings, rows)


def _text(x: float, y: float, words: str, anchor: str, color: str = "#3b4653") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="12" fill="{color}">{escape(words)}</text>'


def _svg(title: str, said: str, height: int, parts: Sequence[str], *, linked: bool = False) -> Markup:
    # What is one picture to a screen reader has no links in it.
    role = "group" if linked else "img"
    return Markup(  # noqa: S704 - numbers of ours, and words that were escaped
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="{role}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title><desc>{escape(said)}</desc>{''.join(parts)}</svg>"
    )


def _step(most: int) -> int:
    """Return the distance of the lines of a scale: 1, 2 or 5 times a power of ten, five lines at most."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if most <= factor * step * 5:
                return factor * step
        step *= 10
