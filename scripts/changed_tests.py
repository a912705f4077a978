"""Name the test files that a change concerns, the nearest first.

    python scripts/changed_tests.py [--base COMMIT] [--steps N] [FILE ...]

Without files: what differs from where this branch left main, or, on main, from the last commit; new files too. A test
is concerned that imports a changed module itself or by way of at most N other modules (2 unless told), runs its command,
asks its address, or lies in the folder of its room. Queries concern the modules that name them; any SQL the tests of the database and of
who sees what; what a browser loads the tests in a browser. It is where to begin, and no substitute for ``make test``.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gis_service.cli import _COMMANDS  # noqa: E402 - found by the line before
from scripts.imports import modules  # noqa: E402

STEPS = 2
_QUERY = re.compile(r"^[a-z]+\.[a-z_]+$")


def _git(*arguments: str) -> list[str]:
    said = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if line]


def changed(base: str | None) -> list[str]:
    """Return the files that differ from ``base``, or from where the branch left main, and those that are new."""
    if base is None:
        on_main = _git("rev-parse", "--abbrev-ref", "HEAD") == ["main"]
        base = "HEAD" if on_main else _git("merge-base", "main", "HEAD")[0]
    return sorted({*_git("diff", "--name-only", base), *_git("ls-files", "--others", "--exclude-standard")})


def known() -> dict[str, Path]:
    """Return the modules of the program, of its scripts and of its tests by dotted name."""
    found = dict(modules(ROOT))
    for folder in ("tests", "scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def read(path: Path, names: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return the modules that a file imports, or whose command it runs, and the queries that it names."""
    wanted, queries, names = set(), set(), set(names)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            wanted |= {w if (w := f"{node.module}.{a.name}") in names else node.module for a in node.names}
        elif isinstance(node, ast.Import):
            wanted |= {a.name for a in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _QUERY.match(node.value):
            queries.add(node.value.split(".")[0])
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"cli", "process"}
        ):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and first.value in _COMMANDS:
                wanted.add(_COMMANDS[str(first.value)].split(":")[0])
    return wanted & names, queries


def addresses(path: Path) -> set[str]:
    """Return what the routes of a module answer at, each up to its first parameter."""
    prefix, found = "", set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            for word in node.keywords:
                if word.arg == "prefix" and isinstance(word.value, ast.Constant):
                    prefix = str(word.value.value)
            if isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "router" and node.args:
                (first, *_) = node.args
                if isinstance(first, ast.Constant):
                    found.add((prefix + str(first.value)).split("{")[0].rstrip("/"))
    return {address for address in found if address.count("/") > 1}


@lru_cache(maxsize=1)
def _facts() -> tuple[dict[str, Path], dict[str, set[str]], dict[str, set[str]]]:
    """Return all modules, whom each one uses, and whose queries it names."""
    paths = known()
    uses, queries = {}, {}
    for name, path in paths.items():
        uses[name], queries[name] = read(path, paths)
    texts = {name: path.read_text() for name, path in paths.items() if path.name.startswith("test_")}
    for route in [name for name in paths if name.startswith("gis_service.api.routes.")]:
        asked = re.compile("|".join(rf"{re.escape(a)}(?![\w-])" for a in addresses(paths[route])) or r"(?!)")
        for name, text in texts.items():
            if asked.search(text):
                uses[name].add(route)
    return paths, uses, queries


def _folders(file: str) -> list[str]:
    """Return the folders of tests that a file concerns as a whole, the nearest first."""
    parts = Path(file).parts
    if parts[0] == "tests" and parts[-1] == "conftest.py" and len(parts) > 2:
        return [str(Path(*parts[1:-1]))]
    if parts[0] == "gis_service" and len(parts) > 2:
        return [str(Path(*parts[1:depth])) for depth in range(len(parts) - 1, 1, -1)]
    if parts[:2] in {("web_map", "script"), ("web_map", "static"), ("web_map", "templates")}:
        return ["browser"]
    if parts[0] == "sql":
        return ["db", "access"]
    return ["docs"] if file.endswith(".md") else []


def concerned(files: Iterable[str], steps: int = STEPS) -> list[str]:
    """Return the test files that a change of ``files`` (paths from the root) concerns, the nearest first."""
    paths, uses, queries = _facts()
    at = {str(path.relative_to(ROOT)): name for name, path in paths.items()}
    users: dict[str, set[str]] = {}
    for name, wanted in uses.items():
        for other in wanted:
            users.setdefault(other, set()).add(name)
    near: dict[str, int] = {}  # test file → how far from the change
    edge: set[str] = set()
    for file in files:
        for far, folder in enumerate(_folders(file)):
            for path in (ROOT / "tests" / folder).rglob("test_*.py"):
                near.setdefault(str(path.relative_to(ROOT)), far)
        edge |= {at[file]} if file in at else set()
        if file.startswith("sql/queries/"):
            edge |= {name for name, said in queries.items() if Path(file).stem in said}
    reached = set(edge)
    for far in range(steps + 2):
        for path in (paths[name] for name in edge):
            if path.name.startswith("test_"):
                file = str(path.relative_to(ROOT))
                near[file] = min(far, near.get(file, far))
        # What a folder's conftest imports serves all its tests, and says nothing of what one of them is about.
        edge = {u for name in edge for u in users.get(name, ()) if not u.endswith("conftest")} - reached
        reached |= edge
    return sorted((file for file in near if (ROOT / file).is_file()), key=lambda file: (near[file], file))


def main() -> None:
    """Print the files, one a line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--base")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("files", nargs="*")
    given = parser.parse_args()
    print("\n".join(concerned(given.files or changed(given.base), given.steps)))


if __name__ == "__main__":
    main()
