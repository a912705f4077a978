"""Compile numeric loops, once and cached on disk, without losing their types.

``python -m gis_service.density.warm`` compiles all of them into the cache, so that nobody waits for it later.
"""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
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

_PACKAGE = "gis_service"
_ROOT = Path(__file__).resolve().parents[3]
_CACHE = Path(__file__).parent / "__pycache__"


def source_key(module: str, root: Path = _ROOT) -> str:
    """Return a digest of the sources that a module's machine code is made from: its own and all of ours it imports.

    The compiler copies a function, and the value of a constant, into those that use it, in other modules too, but
    looks only at the user's file to tell whether its machine code is still good.

    Parameters
    ----------
    module
        Dotted name, as in ``__module__``.
    root
        The folder in which the package lies.

    """
    seen: dict[str, bytes] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        path = root.joinpath(*name.split(".")).with_suffix(".py")
        if name in seen or not path.exists():
            continue
        seen[name] = path.read_bytes()
        todo += _imports(seen[name])
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update(seen[name])
    return digest.hexdigest()[:16]


def _imports(source: bytes) -> Iterator[str]:
    """Yield the modules of ours that a source may take names from; ``from package import module`` is one too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == _PACKAGE:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == _PACKAGE)


_FOLDERS: dict[str, str] = {}


def _folder(module: str) -> str:
    """Return where a module's machine code is kept; empty where the compiler may choose (a read-only checkout)."""
    if module not in _FOLDERS:
        fixed = bool(config.CACHE_DIR) or not os.access(_CACHE if _CACHE.exists() else _CACHE.parent, os.W_OK)
        name = module.removeprefix(f"{_PACKAGE}.density.")
        _FOLDERS[module] = config.CACHE_DIR if fixed else str(_CACHE / f"kernels-{name}-{source_key(module)}")
    return _FOLDERS[module]


def drop_older() -> None:
    """Remove the machine code of older sources, once all loops of these are in use."""
    for old in _CACHE.glob("kernels-*"):
        if str(old) not in _FOLDERS.values():
            shutil.rmtree(old, ignore_errors=True)


def compiled(function: _F) -> _F:
    """Compile ``function`` with numba; the machine code is cached next to the module.

    ``nogil`` lets threads share the work. ``fastmath`` stays off: results must not depend on the machine. A division
    by nought gives an infinity, as in numpy, which the loops test for: an exception would cost a branch each time.
    """
    dispatcher = numba.njit(nogil=True, error_model="numpy")(function)
    chosen = config.CACHE_DIR
    config.CACHE_DIR = _folder(function.__module__)
    try:
        dispatcher.enable_caching()
    finally:
        config.CACHE_DIR = chosen
    return cast("_F", dispatcher)


compiled_untyped: Any = compiled
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
