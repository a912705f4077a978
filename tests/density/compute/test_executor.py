"""Tiles and executors: the same answers here, in processes, and on a real Dask cluster that loses a worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import affinity

from gis_service.density.compute.executor import InProcess, open_executor
from gis_service.density.params import Params
from gis_service.density.plane.pairs import find_pairs
from gis_service.density.plane.tiles import Finder, split
from gis_service.density.reach.access import find_access
from gis_service.density.run import density
from gis_service.errors import GisError, InputError, SetupError
from tests.density.shapes import array, irregular, layer

ROOT = Path(__file__).parents[3]


def square(x):
    return x * x


def fail(x):
    raise ZeroDivisionError("nothing to divide")


def refuse(x):
    raise InputError("不行。", "That cannot be.", row=x)


class Slowly:
    """Calls a function after a pause, while a worker is still to be killed; leaves a file that says in which process."""

    def __init__(self, function, folder):
        self.function, self.folder = function, folder

    def __call__(self, tile):
        (Path(self.folder) / f"{os.getpid()}-{time.time_ns()}").touch()
        if not killed_in(self.folder).exists():
            time.sleep(0.15)
        return self.function(tile)


def killed_in(folder):
    """The file that says that the worker was killed; beside the folder of calls, which are counted."""
    return Path(folder).with_suffix(".killed")


class Slowed:
    """An executor whose tiles take their time."""

    def __init__(self, inner, folder):
        self.inner, self.folder, self.count, self.functions = inner, folder, 0, set()

    def map(self, function, tiles):
        tiles = list(tiles)
        self.count += len(tiles)
        self.functions.add(function)
        return self.inner.map(Slowly(function, self.folder), tiles)


def pids(folder):
    return {int(path.name.split("-")[0]) for path in Path(folder).iterdir()}


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, each a process of its own; yields the address and the workers."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    note = tmp_path / "scheduler.json"
    run = [sys.executable, "-m"]
    where = {"cwd": tmp_path, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [
        subprocess.Popen(
            [*run, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
             "--scheduler-file", str(note)], **where,
        )
    ]  # fmt: skip
    deadline = time.monotonic() + 20
    while not note.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    address = json.loads(note.read_text())["address"]
    processes += [
        subprocess.Popen(
            [*run, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"],
            **where,
        )
        for _ in range(2)
    ]
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=25)
    yield address, processes[1:]
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


def both(shapes, executor):
    return find_access(shapes, find_pairs(shapes, 4.0), Params(), executor=executor, tile_buildings=8).buildings


class TestDask:
    def test_a_killed_worker_changes_nothing(self, cluster, tmp_path):
        address, workers = cluster
        shapes = array(irregular())
        alone = both(shapes, InProcess())
        folder = tmp_path / "calls"
        folder.mkdir()
        victim, other = workers
        killed = threading.Event()

        def kill():
            # Once both have worked for a while, one is killed in the middle of a tile.
            while not ({victim.pid, other.pid} <= pids(folder) and len(list(folder.iterdir())) > 8):
                time.sleep(0.01)
            victim.kill()
            killed_in(folder).touch()
            killed.set()

        threading.Thread(target=kill, daemon=True).start()
        with open_executor(scheduler=address) as executor:
            slowed = Slowed(executor, folder)
            spread = both(shapes, slowed)
        assert killed.is_set()
        assert victim.wait(5) == -signal.SIGKILL
        assert pids(folder) == {victim.pid, other.pid}
        # The tile on which the victim died was run again, so there were more calls than tiles.
        assert len(list(folder.iterdir())) > slowed.count
        assert spread.equals(alone)

    def test_a_whole_run_that_loses_a_worker(self, cluster, tmp_path):
        address, (victim, other) = cluster
        gdf = layer([affinity.translate(p, 60 * i, 70 * j) for i in range(5) for j in range(4) for p in irregular()])
        alone = density(gdf, executor=InProcess())
        folder = tmp_path / "calls"
        folder.mkdir()

        def kill():
            while not ({victim.pid, other.pid} <= pids(folder) and len(list(folder.iterdir())) > 20):
                time.sleep(0.01)
            victim.kill()
            killed_in(folder).touch()

        threading.Thread(target=kill, daemon=True).start()
        with open_executor(scheduler=address) as executor:
            slowed = Slowed(executor, folder)
            spread = density(gdf, executor=slowed, tile_buildings=60)
        assert victim.wait(5) == -signal.SIGKILL
        # Gaps, rim, views, walls met, burn pairs and outlines were all handed out; the tiles that died were run again.
        assert {f.__name__ for f in slowed.functions} == {
            "_trace_tile", "_rim_tile", "_view_tile", "_meet_tile", "_search_tile", "_outline_share",
        }  # fmt: skip
        assert len(list(folder.iterdir())) > slowed.count
        for name in ("gaps", "alleys", "clusters", "buildings"):
            one, two = getattr(alone, name), getattr(spread, name)
            assert one.drop(columns="geometry").equals(two.drop(columns="geometry")), name
            assert shapely.equals_exact(one.geometry.to_numpy(), two.geometry.to_numpy()).all(), name

    def test_errors_of_workers_come_back_as_one_sentence(self, cluster):
        with open_executor(scheduler=cluster[0]) as executor:
            assert executor.map(square, range(5)) == [0, 1, 4, 9, 16]
            with pytest.raises(SetupError, match=r"^A tile failed in its worker \(ZeroDivisionError: nothing"):
                executor.map(fail, [1])
            with pytest.raises(InputError, match="That cannot be") as caught:
                executor.map(refuse, [7])
            assert caught.value.zh == "不行。"
            assert caught.value.details == {"row": 7}

    def test_nobody_at_the_address(self, monkeypatch):
        monkeypatch.setattr("gis_service.density.compute.executor._CONNECT_S", 1)
        refused = pytest.raises(SetupError, match=r"No Dask scheduler answers at tcp://127.0.0.1:9")
        with refused, open_executor(scheduler="tcp://127.0.0.1:9"):
            pass


class TestLocal:
    def test_order_is_kept(self):
        with open_executor(workers=2) as executor:
            assert executor.map(square, iter(range(50))) == [i * i for i in range(50)]

    def test_errors(self):
        with open_executor(workers=2) as executor:
            with pytest.raises(SetupError, match="ZeroDivisionError"):
                executor.map(fail, [1, 2])
            with pytest.raises(InputError, match="That cannot be"):
                executor.map(refuse, [1])

    def test_as_many_threads_as_cores(self):
        with open_executor() as executor:
            assert executor.map(square, range(3)) == [0, 1, 4]

    def test_wrong_number(self):
        with pytest.raises(GisError, match="at least 1"), open_executor(workers=0):
            pass


class TestTiles:
    def boxes(self, count, seed=0):
        at = np.random.default_rng(seed).normal(0, 500, (count, 2))
        return np.hstack([at, at + 10])

    def test_every_building_is_in_one_tile_and_in_its_cell(self):
        boxes = self.boxes(1000)
        tiles = split(boxes, 90)
        assert len(tiles) > 10
        assert sorted(np.concatenate([t.own for t in tiles])) == list(range(1000))
        for tile in tiles:
            assert len(tile.own) <= 90
            x, y = boxes[tile.own, 0] + 5, boxes[tile.own, 1] + 5
            x0, y0, x1, y1 = tile.cell
            assert ((x >= x0) & (x < x1) & (y >= y0) & (y < y1)).all()

    def test_cells_fill_the_plane_once(self):
        tiles = split(self.boxes(500), 40)
        for x, y in np.random.default_rng(1).uniform(-5000, 5000, (200, 2)):
            inside = [t for t in tiles if t.cell[0] <= x < t.cell[2] and t.cell[1] <= y < t.cell[3]]
            assert len(inside) == 1

    def test_row_order_does_not_move_the_cuts(self):
        boxes = self.boxes(300)
        cells = {t.cell for t in split(boxes, 40)}
        assert {t.cell for t in split(boxes[::-1], 40)} == cells

    def test_buildings_on_one_spot(self):
        assert len(split(np.tile([0.0, 0, 1, 1], (50, 1)), 10)) == 1

    def test_few_buildings(self):
        assert [len(t.own) for t in split(self.boxes(3), 10)] == [3]
        assert split(np.empty((0, 4)), 10) == []

    def test_finder_equals_looking_at_all(self):
        boxes = self.boxes(400)
        boxes[7] = [-4000, -10, 4000, 10]
        finder = Finder(boxes)
        for x, y in np.random.default_rng(3).uniform(-800, 800, (60, 2)):
            expected = (boxes[:, 0] <= x + 90) & (boxes[:, 2] >= x) & (boxes[:, 1] <= y + 60) & (boxes[:, 3] >= y)
            assert finder.within(x, y, x + 90, y + 60).tolist() == np.flatnonzero(expected).tolist()
