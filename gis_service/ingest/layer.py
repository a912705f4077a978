"""One layer as a reader found it, before anybody decides what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyproj import CRS

from gis_service.ingest.geometry import Fault
from gis_service.ingest.values import Sentence


@dataclass
class Layer:
    """A frame and what is known of it.

    Parameters
    ----------
    frame
        Index = row number in the file, from 1; geometry without a CRS of its own.
    crs
        The CRS that the file states.
    encoding
        The text encoding that was used; None where the format has only one.
    notes
        What was read otherwise than it stands, or left out.
    faults
        By row number, why a row has no geometry that can be used.
    placed
        The columns that gave the coordinates; they stay in the frame, so that a rejected row is kept whole.

    """

    frame: gpd.GeoDataFrame
    crs: CRS | None = None
    encoding: str | None = None
    notes: list[Sentence] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)
    placed: tuple[str, ...] = ()


def make_layer(
    columns: pd.DataFrame | Mapping[str, Any], geometry: NDArray[np.object_], faults: dict[int, Fault], crs: CRS | None
) -> Layer:
    """Return a layer of rows numbered from 1; ``faults`` are by position."""
    frame = gpd.GeoDataFrame(columns, geometry=geometry)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return Layer(frame, crs, faults={position + 1: fault for position, fault in faults.items()})


def as_column(values: list[Any]) -> pd.Series:
    """Return values as a column that keeps each as it is; numbers of one type and without gaps as numpy has them."""
    kinds = {type(value) for value in values}
    if kinds == {float}:
        return pd.Series(values, dtype="float64")
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in values):
        return pd.Series(values, dtype="int64")
    return pd.Series(values, dtype=object)


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as pandas, whole numbers exact: a column with a gap does not pass through floating point.

    A structure becomes one column for each of its parts (``names.primary``).
    """
    while any(pa.types.is_struct(column.type) for column in table.schema):
        table = table.flatten()
    integers = {
        pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
    }  # fmt: skip
    gaps = {column: table[column].null_count > 0 for column in table.column_names}
    frame: pd.DataFrame = table.to_pandas(types_mapper=integers.get, ignore_metadata=True, date_as_object=True)
    for name, dtype in list(frame.dtypes.items()):
        if dtype in integers.values() and not gaps[str(name)]:
            frame[name] = frame[name].astype(dtype.numpy_dtype)
    return frame
