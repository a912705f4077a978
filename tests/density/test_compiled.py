from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gis_service.density
from gis_service.density.compute.compiled import source_key

HERE = Path(gis_service.density.__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture
def copy(tmp_path):
    for path in HERE.glob("*.py"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_editing_an_inlined_loop_renews_those_who_inline_it(copy):
    """The compiler looks at the caller's file alone; the key looks at all that it is made from."""
    before = {name: source_key(name, copy) for name in ("walk", "chains", "offset", "grid")}
    with (copy / "bisector.py").open("a") as file:
        file.write("# edited\n")
    after = {name: source_key(name, copy) for name in before}
    assert after["walk"] != before["walk"]
    assert {k: v for k, v in after.items() if k != "walk"} == {k: v for k, v in before.items() if k != "walk"}
    with (copy / "grid.py").open("a") as file:
        file.write("# edited\n")
    assert source_key("offset", copy) != before["offset"]
    assert source_key("chains", copy) == before["chains"]


def test_the_key_is_that_of_these_sources():
    assert source_key("walk") == source_key("walk", HERE)


@pytest.mark.parametrize("module", ["gis_service.density.run", "gis_service.density.command"])
def test_nobody_loads_dask_without_a_scheduler(module):
    code = f"import sys, {module}; sys.exit(any(m.split('.')[0] in ('distributed', 'dask') for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0


def test_warm_start_says_one_line():
    run = [sys.executable, "-m", "gis_service.density.warm"]
    done = subprocess.run(run, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("计算内核已就绪 Compiled loops ready (")
    assert "Traceback" not in done.stderr
