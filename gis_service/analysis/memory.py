"""What the newest density run was made of, kept in a file beside the database, for ``analyze --changed-only``.

The file is a pickle in the program's own data folder, readable by its owner alone: nobody else's file is ever read.
It is made anew by every run; without it, or after the program changed, the whole run is done again.
"""

from __future__ import annotations

import hashlib
import os
import pickle
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
    version: str = __version__

    def changed(self, buildings: gpd.GeoDataFrame) -> list[str]:
        """Return the buildings that are new, gone, or look otherwise than in this run."""
        now = looks_of(buildings)
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


def save(memory: Memory) -> None:
    """Keep a run for the next edit; a folder that cannot be written costs only the next run's time."""
    path = _path()
    partial = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            pickle.dump(memory, file, protocol=5)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)


def load(run_id: int | None) -> Memory | None:
    """Return what is kept of run ``run_id``, or None where it is missing, another's, or of another program version."""
    path = _path()
    if run_id is None or not path.exists() or path.stat().st_uid != os.getuid():
        return None
    try:
        with path.open("rb") as file:
            kept = pickle.load(file)  # noqa: S301 - our own file: owner and mode are checked
    except (OSError, pickle.UnpicklingError, AttributeError, ImportError, EOFError, TypeError):
        return None
    same = isinstance(kept, Memory) and kept.run_id == run_id and kept.version == __version__
    return kept if same else None
