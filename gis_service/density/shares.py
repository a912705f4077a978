"""Measure gaps in shares of the map, by whoever runs them; equal, value for value, to measuring them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.density.gaps import Gaps, Pieces, compute_gaps
from gis_service.density.pairs import Pairs, neighbours
from gis_service.density.params import Params
from gis_service.density.prepare import Prepared
from gis_service.density.repairs import Repairs

SHARE_BUILDINGS = 20_000

_I = TypeVar("_I")
_O = TypeVar("_O")


class Executor(Protocol):
    """Whatever runs a function over many inputs; the answers come in their order."""

    def map(self, function: Callable[[_I], _O], tiles: Iterable[_I]) -> list[_O]:
        """Return ``[function(tile) for tile in tiles]``."""
        ...


class Share(NamedTuple):
    """Some pairs and all buildings that can stand between them."""

    footprints: NDArray[np.object_]
    heights: NDArray[np.float64]
    pairs: Pairs
    subset: NDArray[np.int64]
    params: Params


def measure_share(share: Share) -> Gaps:
    """Measure the pairs of a share; positions are those within it."""
    n = len(share.heights)
    nothing = np.full(n, None, dtype=object)
    prepared = Prepared(
        nothing, share.footprints, share.heights, np.full(n, np.nan), nothing, nothing, nothing, None, Repairs(),
        np.arange(n),
    )  # fmt: skip
    return compute_gaps(prepared, share.pairs, share.params, share.subset, spread=1)


def share_gaps(
    prepared: Prepared,
    pairs: Pairs,
    params: Params,
    executor: Executor,
    share_buildings: int = SHARE_BUILDINGS,
) -> Gaps:
    """Measure all gaps in shares of about ``share_buildings`` buildings that lie together.

    A pair belongs to the share of its first building; with it go all neighbours of that building, among which are
    all that can stand between the two.
    """
    share_of = _strips(prepared.footprints, share_buildings)
    count = int(share_of.max(initial=-1)) + 1
    offsets, others = neighbours(pairs, len(prepared))
    owned = [np.flatnonzero(share_of[pairs.a] == k) for k in range(count)]

    def shares() -> Iterator[Share]:
        for k in range(count):
            yield _share(prepared, pairs, params, owned[k], np.flatnonzero(share_of == k), offsets, others)

    return _joined(pairs, owned, executor.map(measure_share, shares()))


def _strips(footprints: NDArray[np.object_], size: int) -> NDArray[np.int64]:
    """Cut the buildings into compact shares of about ``size``: strips west to east, each cut south to north."""
    box = shapely.bounds(footprints)
    n = len(box)
    across = max(1, int(np.ceil(np.sqrt(n / size))))
    west = np.lexsort((box[:, 1], box[:, 0]))
    out = np.empty(n, dtype=np.int64)
    for i, strip in enumerate(np.array_split(west, across)):
        for j, cell in enumerate(np.array_split(strip[np.argsort(box[strip, 1], kind="stable")], across)):
            out[cell] = i * across + j
    return out


def _share(
    prepared: Prepared,
    pairs: Pairs,
    params: Params,
    own_pairs: NDArray[np.int64],
    own: NDArray[np.int64],
    offsets: NDArray[np.int64],
    others: NDArray[np.int64],
) -> Share:
    halo = [others[offsets[k] : offsets[k + 1]] for k in own]
    index = np.unique(np.concatenate([own, *halo])) if len(own) else own
    place = np.full(len(prepared), -1, dtype=np.int64)
    place[index] = np.arange(len(index))
    inside = np.flatnonzero((place[pairs.a] >= 0) & (place[pairs.b] >= 0))
    part = Pairs(place[pairs.a[inside]], place[pairs.b[inside]], pairs.min_width_m[inside])
    return Share(prepared.footprints[index], prepared.height_m[index], part, np.searchsorted(inside, own_pairs), params)


def _joined(pairs: Pairs, owned: list[NDArray[np.int64]], parts: list[Gaps]) -> Gaps:
    """Put the shares' gaps back into the order of the pairs."""
    if not parts:
        parts, owned = [], []
    at = np.concatenate(owned) if owned else np.zeros(0, dtype=np.int64)
    order = np.argsort(at, kind="stable")

    def whole(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(p, name) for p in parts])[order]

    shift = np.cumsum([0] + [len(p.pieces.xyt) for p in parts])
    pair = np.concatenate([own[p.pieces.pair] for own, p in zip(owned, parts, strict=True)])
    rank = np.argsort(pair, kind="stable")

    def piece(name: str, move: bool = False) -> NDArray[Any]:
        columns = [getattr(p.pieces, name) + (s if move else 0) for p, s in zip(parts, shift, strict=False)]
        return np.asarray(np.concatenate(columns)[rank])

    pieces = Pieces(
        pair[rank], np.concatenate([p.pieces.xyt for p in parts]), piece("first", move=True), piece("last", move=True),
        piece("length_m"), piece("width_integral"), piece("sky_integral"), piece("min_width_m"),
    )  # fmt: skip
    return Gaps(
        pairs.a.astype(np.int64), pairs.b.astype(np.int64), whole("kind"), whole("min_width_m"),
        whole("mean_width_m"), whole("length_m"), whole("sky_view"), whole("geometry"), pieces,
    )  # fmt: skip
