"""The attributes of buildings: read as ``import`` reads them, but what cannot be understood is unknown and counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_service.codelists import STRUCTURE_FIRE_CLASS
from gis_service.density.layer.repairs import Repairs
from gis_service.ingest.fields import BUILDINGS
from gis_service.ingest.values import parse_column

_FIELDS = {field.name: field for field in BUILDINGS.all_fields}
_COUNTED = ("floors", "height_m", "structure", "fire_class", "hazard_tier", "use_class")


def read_column(gdf: pd.DataFrame, name: str, ids: NDArray[np.object_], repairs: Repairs) -> NDArray[np.object_]:
    """Return a column of ours as its values, None where unknown or where there is no such column."""
    out = np.full(len(gdf), None, dtype=object)
    if name not in gdf.columns:
        return out
    column = parse_column(gdf[name], _FIELDS[name].parse)
    out[:] = column.cells
    for kind, positions in column.read.items():
        repairs.add(kind, ids[positions])
    if name in _COUNTED:
        repairs.add(name, ids[sorted([*column.failures, *column.unknown])])
    return out


def numbers(values: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return values as numbers, nan where unknown."""
    return np.asarray(pd.to_numeric(pd.Series(values, dtype=object)), dtype=float)


def read_fire_class(
    gdf: pd.DataFrame, structure: NDArray[np.object_], ids: NDArray[np.object_], repairs: Repairs
) -> NDArray[np.object_]:
    """Return I_II, III, IV or None (unknown): the surveyed class, else the default of the structure."""
    said = read_column(gdf, "fire_class", ids, repairs)
    implied = _FIELDS["fire_class"].implied
    raw: list[Any] = gdf["structure"].tolist() if "structure" in gdf.columns else [None] * len(gdf)
    out = np.full(len(gdf), None, dtype=object)
    out[:] = [s or implied(r) or STRUCTURE_FIRE_CLASS.get(k) for s, r, k in zip(said, raw, structure, strict=True)]
    return out


def is_timber(structure: NDArray[np.object_], fire_class: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say which buildings are of timber: by structure, or by fire class IV where no structure is known."""
    burns = np.array([c == "IV" for c in fire_class], dtype=bool)
    return np.asarray((structure == "timber") | (pd.isna(structure) & burns), dtype=bool)
