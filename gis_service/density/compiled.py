"""Compile numeric loops, once and cached on disk, without losing their types.

    python -m gis_service.density.compiled

compiles all of them into the cache, so that nobody waits for it later.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.core.config as _config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.extending import intrinsic

config: Any = _config
_F = TypeVar("_F", bound=Callable[..., Any])
_A = TypeVar("_A")

_HERE = Path(__file__).parent
_IMPORT = re.compile(r"^from gis_service\.density\.(\w+) import", re.MULTILINE)
_CACHE = "kernels"


def source_key(module: str, folder: Path = _HERE) -> str:
    """Return a digest of the sources that a module's machine code is made from: its own and all it imports here.

    The compiler copies a function into those that call it, in other modules too, but looks only at the caller's
    file to tell whether its machine code is still good.
    """
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        path = folder / f"{name}.py"
        if name in seen or not path.exists():
            continue
        seen.add(name)
        todo += _IMPORT.findall(path.read_text(encoding="utf-8"))
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update((folder / f"{name}.py").read_bytes())
    return digest.hexdigest()[:16]


_FOLDERS: dict[str, str] = {}


def _folder(module: str) -> str:
    """Return where a module's machine code is kept; empty where the compiler may choose (a read-only checkout)."""
    if module not in _FOLDERS:
        base = _HERE / "__pycache__"
        fixed = bool(config.CACHE_DIR) or not os.access(base if base.exists() else _HERE, os.W_OK)
        _FOLDERS[module] = config.CACHE_DIR if fixed else str(base / f"{_CACHE}-{module}-{source_key(module)}")
    return _FOLDERS[module]


def compiled(function: _F) -> _F:
    """Compile ``function`` with numba; the machine code is cached next to the module.

    ``nogil`` lets threads share the work. ``fastmath`` stays off: results must not depend on the machine. A division
    by nought gives an infinity, as in numpy, which the loops test for: an exception would cost a branch each time.
    """
    dispatcher = numba.njit(nogil=True, error_model="numpy")(function)
    chosen = config.CACHE_DIR
    config.CACHE_DIR = _folder(function.__module__.rpartition(".")[2])
    try:
        dispatcher.enable_caching()
    finally:
        config.CACHE_DIR = chosen
    return cast("_F", dispatcher)


loop: Any = compiled
"""``compiled`` for functions whose types only the compiler knows."""


def _uncounted(_context: Any, array: Any) -> Any:

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.return_type)(context, builder, arguments[0])
        view.meminfo = view.meminfo.type(None)
        view.parent = view.parent.type(None)
        return view._getvalue()

    return array(array), code


uncounted = cast("Callable[[_A], _A]", intrinsic(_uncounted))
"""Return an array as a view without a reference count; for compiled loops only.

Every array that a compiled function is given is counted up and down again, atomically: a third of the time of loops
that ask small questions of many arrays. The array itself must outlive the view, as arguments that come from Python
do, and arrays that are used again in the next turn of the same loop."""


def get_ready() -> None:
    """Load what the first compiled loop would wait for (a quarter of a second); that loop waits if it comes earlier."""
    with global_compiler_lock:
        cpu_target.typing_context.refresh()
        cpu_target.target_context.refresh()


def warm() -> float:
    """Compile every loop into the cache and drop what older sources left there; return the seconds taken."""
    import geopandas as gpd
    import numpy as np
    from shapely import LineString, affinity, box

    from gis_service.density.params import Params
    from gis_service.density.run import density

    begun = time.perf_counter()
    # Rows of houses with lanes of all classes, a court behind them that only a hose reaches, and one house apart.
    houses = [box(x, y, x + 7.0, y + 6.0) for x in np.arange(0, 60, 7.9) for y in np.arange(0, 60, 7.6)]
    houses = [h for h in houses if not (20 < h.centroid.x < 40 and 20 < h.centroid.y < 40)]
    houses += [affinity.rotate(box(80, 0, 90, 8), 20), box(69.0, 0, 76, 6)]
    layer = gpd.GeoDataFrame(
        {"height_m": 6.0, "fire_class": ["IV", "III"] * (len(houses) // 2) + ["I_II"] * (len(houses) % 2)},
        geometry=[affinity.translate(h, 500_000, 2_700_000) for h in houses],
        crs="EPSG:4545",
    )
    road = gpd.GeoDataFrame(geometry=[LineString([(499_980, 2_699_990), (500_120, 2_699_990)])], crs="EPSG:4545")
    for roads in (None, road):
        density(layer, roads, params=Params(), work_srid=4545)
    for old in (_HERE / "__pycache__").glob(f"{_CACHE}-*"):
        if str(old) not in _FOLDERS.values():
            shutil.rmtree(old, ignore_errors=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    # Run as a script this module is ``__main__``; the loops know it by its own name.
    itself: Any = importlib.import_module("gis_service.density.compiled")
    sys.stdout.write(f"计算内核已就绪 Compiled loops ready ({itself.warm():.1f} s)\n")
