"""Compiled loops are kept on disk, and made anew when anything changes that goes into them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gis_service
from gis_service.density.compute.compiled import source_key

PACKAGE = Path(gis_service.__file__).parent
ROOT = PACKAGE.parent

# In each sub-room that has loops: a module, a constant of it that goes into a loop, and who uses it from elsewhere.
CONSTANTS = [
    ("plane.grid", "_SLACK_M", ["plane.offset", "spread.burn"]),
    ("alleys.bisector", "OPEN_M", ["alleys.walk"]),
    ("alleys.chains", "SLACK_M", []),
    ("reach.nodes", "ASIDE_M", ["reach.sight"]),
    ("spread.firebreak", "_CM", []),
]
LOOPS = ["plane.grid", "plane.offset", "plane.walls", "plane.tiles", "alleys.bisector", "alleys.walk", "alleys.chains",
         "reach.access", "reach.faces", "reach.nodes", "reach.sight", "spread.burn", "spread.firebreak"]  # fmt: skip


@pytest.fixture
def copy(tmp_path):
    """The package's sources elsewhere, without what was compiled."""
    shutil.copytree(PACKAGE, tmp_path / "gis_service", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def dotted(name):
    return f"gis_service.density.{name}"


def keys(root):
    return {name: source_key(dotted(name), root) for name in LOOPS}


def change(root, module, constant):
    """Write another number for a constant."""
    path = root.joinpath("gis_service", "density", *module.split(".")).with_suffix(".py")
    source, count = re.subn(rf"(?m)^({constant} = )(.+)$", r"\1(\2) * 2", path.read_text())
    assert count == 1
    path.write_text(source)


@pytest.mark.parametrize(("module", "constant", "users"), CONSTANTS)
def test_a_changed_constant_renews_all_loops_that_it_goes_into_and_no_others(copy, module, constant, users):
    before = keys(copy)
    change(copy, module, constant)
    renewed = {name for name, key in keys(copy).items() if key != before[name]}
    assert {module, *users} <= renewed
    imports = {name for name in LOOPS if reaches(copy, dotted(name), dotted(module))}
    assert renewed == imports


def reaches(root, module, wanted, seen=None):
    """A slow reading of who imports whom: by the text of every file, line by line."""
    seen = set() if seen is None else seen
    if module == wanted:
        return True
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    if module in seen or not path.exists():
        return False
    seen.add(module)
    found = re.findall(r"(?m)^\s*from (gis_service[\w.]*) import (.+)$", path.read_text())
    names = [base for base, _ in found] + [f"{base}.{name.strip()}" for base, some in found for name in some.split(",")]
    return any(reaches(root, name, wanted, seen) for name in names)


def test_every_module_with_loops_is_known_here():
    found = {
        ".".join(path.relative_to(PACKAGE / "density").with_suffix("").parts)
        for path in (PACKAGE / "density").rglob("*.py")
        if re.search(r"(?m)^@(compiled|compiled_untyped)$", path.read_text())
    }
    assert found == set(LOOPS)


_PROBE = """
from gis_service.density.compute.compiled import compiled
from gis_service.density.{module} import {constant}

@compiled
def probe(x: float) -> float:
    return x + {constant}
"""
_CALL = """
import importlib, json, sys
from gis_service.density.plane import grid
found = []
for name in sys.argv[1:]:
    probe = importlib.import_module(name).probe
    found.append([probe(0.0), bool(probe.stats.cache_hits)])
print(json.dumps(found))
"""


def test_a_changed_constant_of_each_room_is_seen_by_the_machine_code(copy):
    """Loops that take a constant from another file are run: compiled, loaded from disk, compiled anew."""
    probes = []
    for number, (module, constant, _) in enumerate(CONSTANTS):
        path = copy / "gis_service" / "density" / f"probe_{number}.py"
        path.write_text(_PROBE.format(module=module, constant=constant))
        probes.append(f"gis_service.density.probe_{number}")

    def call():
        done = subprocess.run(
            [sys.executable, "-c", _CALL, *probes], env=os.environ | {"PYTHONPATH": str(copy)}, cwd=copy,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return zip(*json.loads(done.stdout), strict=True)

    first, from_disk = call()
    assert not any(from_disk)
    second, from_disk = call()
    assert second == first
    assert all(from_disk)
    for module, constant, _ in CONSTANTS:
        change(copy, module, constant)
    third, from_disk = call()
    assert third == tuple(2 * value for value in first)
    assert not any(from_disk)


@pytest.mark.parametrize("module", ["gis_service.density.run", "gis_service.density.command"])
def test_nobody_loads_dask_without_a_scheduler(module):
    code = f"import sys, {module}; sys.exit(any(m.split('.')[0] in ('distributed', 'dask') for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0


def test_the_face_loads_no_compiler_until_it_is_needed():
    code = "import sys; from gis_service.density import Params; sys.exit('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0


def test_warm_start_says_one_line():
    run = [sys.executable, "-m", "gis_service.density.warm"]
    done = subprocess.run(run, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("计算内核已就绪 Compiled loops ready (")
    assert "Traceback" not in done.stderr
