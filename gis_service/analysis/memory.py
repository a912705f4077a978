"""What the newest density run was made of, kept in a file beside the database, for ``analyze --changed-only``.

The file is a pickle in the program's own data folder, readable by its owner alone: nobody else's file is ever read.
It is made anew by every run; without it, or after the program changed, the whole run is done again. It says which
finish of which run it belongs to: where it could not be written after the database was, or the database was restored,
the two differ, and the file is not used.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service import __version__
from gis_service.db.engine import database_url
from gis_service.density.memo import Remembering
from gis_service.density.run import Density
from gis_service.settings import get_settings

_FORM = 2
"""Of the file; moved on whenever what is kept changes."""
_SEEN = ["floors", "height_m", "structure", "fire_class"]


@dataclass
class Memory:
    """One run: its results, the answers of its tiles, what each building looked like, what was drawn and proposed."""

    run_id: int
    found: Density
    executor: Remembering
    looks: pd.Series
    drawn: dict[bytes, Any] = field(default_factory=dict)
    proposed: dict[bytes, Any] = field(default_factory=dict)
    rows: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """The digests of the rows that each table of this run holds."""
    finished: str = ""
    """When the run was finished or last brought up to date, as the database says it."""
    version: str = __version__
    form: int = _FORM

    def changed(self, now: pd.Series) -> list[str]:
        """Return the buildings that are new, gone, or look (``looks_of``) otherwise than in this run."""
        both = now.index.intersection(self.looks.index)
        other = both[now.loc[both].to_numpy() != self.looks.loc[both].to_numpy()]
        return [*other, *now.index.difference(both), *self.looks.index.difference(both)]


def looks_of(buildings: gpd.GeoDataFrame) -> pd.Series:
    """Return a number for all that a density run reads of each building, by building_id."""
    seen = buildings[_SEEN].astype({"structure": object, "fire_class": object})
    seen = seen.assign(shape=shapely.to_wkb(buildings.geometry.to_numpy(), hex=True))
    return pd.Series(digests(seen), index=buildings["building_id"].to_numpy())


def digests(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Return a 64-bit digest of each row; the same values give the same digest in any run."""
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64).view(np.int64)


def _path() -> Path:
    name = hashlib.sha256(database_url("owner").encode()).hexdigest()[:12]
    return get_settings().data_dir / f"density-{name}.pickle"


@contextmanager
def held() -> Iterator[None]:
    """Keep others from the file until it is written, also while a process of its own still writes it."""
    path = _path().with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        # A process that still writes has the lock too, and keeps it until it ends.
        os.close(lock)


def save(memory: Memory, *, aside: bool = False) -> None:
    """Keep a run for the next edit; a folder that cannot be written costs only the next run's time.

    With ``aside`` a process of its own writes, and this one need not wait. If it is killed, the next edit costs a
    whole run.
    """
    if not aside:
        _write(memory)
        return
    if os.fork():
        return
    try:
        # Nobody waits for this process: it leaves the terminal, and whoever reads our answer sees it end.
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        _write(memory)
    finally:
        os._exit(0)


def _write(memory: Memory) -> None:
    path = _path()
    partial = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            _Packer(file, protocol=5).dump(memory)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)


class _Packer(pickle.Pickler):
    """Pickles arrays of geometries as one block of well-known binary, not one by one."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) is np.ndarray and value.dtype == object and value.ndim == 1 and len(value):
            plain = bool(shapely.is_geometry(value).all()) and not shapely.has_z(value).any()
            if plain and not (shapely.get_type_id(value) == 7).any() and not shapely.get_srid(value).any():
                texts = shapely.to_wkb(value)
                return _unpacked, (b"".join(texts), np.array([len(text) for text in texts]))
        return NotImplemented


def _unpacked(block: bytes, sizes: NDArray[np.int64]) -> NDArray[np.object_]:
    ends = np.cumsum(sizes).tolist()
    texts = [block[end - size : end] for end, size in zip(ends, sizes.tolist(), strict=True)]
    return np.asarray(shapely.from_wkb(np.array(texts, dtype=object)), dtype=object)


def load(run_id: int | None, finished: str | None) -> Memory | None:
    """Return what is kept of run ``run_id``; None where it is missing, another's, or of another finish or program."""
    path = _path()
    if run_id is None or not path.exists() or path.stat().st_uid != os.getuid():
        return None
    try:
        with path.open("rb") as file:
            kept = pickle.load(file)  # noqa: S301 - our own file: owner and mode are checked
    except (OSError, pickle.UnpicklingError, AttributeError, ImportError, EOFError, TypeError):
        return None
    if not isinstance(kept, Memory) or getattr(kept, "form", 0) != _FORM or kept.version != __version__:
        return None
    return kept if (kept.run_id, kept.finished) == (run_id, finished) else None
