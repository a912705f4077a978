"""Short names for arrays of numbers; their shape and unit stand in the docstring of what takes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Items = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Objects = NDArray[np.object_]
