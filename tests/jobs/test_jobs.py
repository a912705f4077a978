"""Jobs: asked for once by all with the same eyes, done by a worker of their own, ended in every case, and told."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from fastapi import FastAPI

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from gis_service.db.engine import transaction
from gis_service.errors import ConflictError, NotFoundError, TooManyError
from gis_service.identity import Identity, Role, operator
from gis_service.jobs import ask, worker
from gis_service.jobs.ask import Job
from gis_service.jobs.task import tell
from gis_service.selection.published import ensure_published
from gis_service.settings import ROOT
from tests.conftest import Database, signed_in
from tests.doors.conftest import EQUAL_HOUSES
from tests.ingest.make import houses, put

PING, LIN = Identity("ping", Role.PLANNER), Identity("lin", Role.PLANNER)
TOWN = Identity("town", Role.TOWNSHIP, "451224100")
_OFFLINE = {"run": None, "lang": "zh"}


@pytest.fixture
def county(database: Database) -> Database:
    """A town of 3,600 equal houses with its published list. What jobs make lies in a folder of all tests, and goes with the run."""
    database.ask(EQUAL_HOUSES)
    with transaction(operator()) as connection:
        ensure_published(connection)
    return database


@pytest.fixture
def client(county: Database, app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as made:
        yield made


def _ask(who: Identity, kind: str = "offline_planner", **given: Any) -> Job:
    with transaction(who) as connection:
        return ask.ask(connection, who, kind, {**_OFFLINE, **given} if kind.startswith("offline") else given)


def _look(job: Job, who: Identity = PING) -> Job:
    with transaction(who, read_only=True) as connection:
        return ask.one(connection, job.job_id)


def _until(told: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def test_whoever_has_the_same_eyes_shares_one(county: Database):
    first = _ask(PING)
    assert _ask(LIN).job_id == first.job_id
    assert _ask(TOWN).job_id != first.job_id, "another place sees other houses"
    assert _ask(PING, lang="en").job_id != first.job_id
    assert worker.run_one("short")
    done = _look(first, LIN)
    assert (done.state, done.done, done.result) == ("done", 1.0, {"name": "planner", "lang": "zh"})
    made = ask.folder() / str(done.file)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    assert _ask(LIN).job_id == first.job_id
    county.ask("UPDATE gis.building SET floors = 4 WHERE building_id = 'b1-1'")
    assert _ask(LIN).job_id != first.job_id, "the data is another"


@pytest.mark.parametrize(
    ("setting", "value"),
    [("GIS_MAP_APPROVAL", "桂S(2022)1号"), ("GIS_INLINE_LIMIT", "77"), ("GIS_TODAY", "2022-09-30")],
)
def test_a_shared_file_is_of_one_day_and_these_settings(county: Database, setting: str, value: str):
    first = _ask(PING)
    assert _ask(LIN).job_id == first.job_id
    with county.active(**{setting: value}):
        other = _ask(LIN)
        assert other.job_id != first.job_id
        assert _ask(PING).job_id == other.job_id


def test_a_shared_file_is_of_one_ground(county: Database, tmp_path: Path):
    path = tmp_path / "ground.tif"
    path.touch()
    flat = _ask(PING)
    with county.active(GIS_ELEVATION=str(path)):
        hilly = _ask(PING)
        assert hilly.job_id != flat.job_id
        os.utime(path, (1, 1))
        assert _ask(PING).job_id != hilly.job_id, "the file was changed"


def test_a_file_that_is_gone_is_made_again(county: Database):
    first = _ask(PING)
    assert worker.run_one("short")
    (ask.folder() / str(_look(first).file)).unlink()
    assert _ask(PING).job_id != first.job_id


def test_each_sees_ones_own(county: Database):
    job = _ask(PING, "analysis", changed_only=True)
    with pytest.raises(NotFoundError):
        _look(job, LIN)
    with pytest.raises(NotFoundError), transaction(LIN) as connection:
        ask.cancel(connection, job.job_id)
    assert _look(job, operator()).account == "ping"


def test_a_shared_job_is_cancelled_by_whoever_asked(county: Database):
    job = _ask(PING)
    with pytest.raises(ConflictError), transaction(LIN) as connection:
        ask.cancel(connection, job.job_id)
    with transaction(PING) as connection:
        ask.cancel(connection, job.job_id)
    tell("jobs.end_cancelled")
    assert not worker.run_one("short", job.job_id)
    assert _look(job).state == "cancelled"


def test_nobody_asks_without_end(county: Database):
    for number in range(ask.WAITING_MAX):
        _ask(PING, run=number + 1_000)
    with pytest.raises(TooManyError):
        _ask(PING, run=1)
    assert _ask(LIN, run=1)


def test_a_failure_is_one_sentence(county: Database):
    job = _ask(PING, "offline_fire", cluster=7, run=None)
    assert worker.run_one("short")
    ended = _look(job)
    assert ended.state == "failed"
    assert ended.error_zh
    assert ended.error_zh.count("。") >= 1
    assert ended.file is None
    assert _ask(PING, "offline_fire", cluster=7, run=None).job_id != job.job_id, "what failed is shared by nobody"


def test_what_broke_off_is_begun_once_more_and_then_told_as_lost(county: Database):
    job = _ask(PING)
    for attempt in (1, 2):
        (claimed,) = tell("jobs.claim", lane="short", job_id=None, worker="gone")
        assert (claimed["job_id"], claimed["attempts"]) == (job.job_id, attempt)
        assert worker.recover(60) == 0, "somebody was at it a moment ago"
        county.ask("UPDATE gis.job SET seen_at = now() - interval '1 minute'")
        assert worker.recover() == 1
    ended = _look(job)
    assert ended.state == "lost"
    assert "没有改动" in ended.said("zh")
    with transaction(PING, read_only=True) as connection:
        assert [zh for _, zh, _ in ask.lines(connection, job.job_id)] == ["执行它的程序中断了，重新开始。"]


class _Worker:
    """A worker in a process of its own, as it stands beside the service."""

    def __init__(self, database: Database) -> None:
        base = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("GIS_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gis_service.cli", "jobs", "work"],
            env={**base, "PYTHONPATH": str(ROOT), **database.environment, "GIS_LOG": "stderr"}, cwd="/",
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self) -> _Worker:
        _until(worker.has_worker)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        assert self.process.wait(30) == 0


def _upload(client: TestClient, who: dict[str, str], content: bytes, **more: Any) -> Any:
    asked = {"kind": "buildings", "name": "房屋.gpkg", **more}
    return client.post("/api/imports", params=asked, content=content, headers=who)


def test_a_worker_beside_the_service(county: Database, client: TestClient, tmp_path: Path):
    """One story, for a worker takes a moment to start: made, uploaded, cancelled, killed, taken up again."""
    planner, boss = signed_in(county, "planner"), signed_in(county, "administrator")
    content = put(houses(5), tmp_path / "h.gpkg").read_bytes()
    before = set(ask.folder().iterdir())
    with _Worker(county) as beside:
        # A page's file comes when the worker has made it, marked with whoever takes it away.
        made = client.get("/map/planner/offline", headers=planner)
        assert made.status_code == 200, made.text[:300]
        assert "导出：t.planner" in made.text
        assert "\ue000" not in made.text
        again = client.get("/map/planner/offline", headers=boss | {"X": "another role, other eyes"})
        assert "导出：t.administrator" in again.text

        # A file is imported.
        sent = _upload(client, planner, content)
        assert sent.status_code == 202, sent.text
        number = sent.json()["job_id"]
        _until(lambda: client.get(f"/api/jobs/{number}", headers=planner).json()["state"] not in {"waiting", "running"})
        told = client.get(f"/api/jobs/{number}", headers=planner).json()
        assert (told["state"], told["result"]["loaded"]) == ("done", 5), told
        assert county.one("SELECT count(*) FROM gis.building WHERE building_id LIKE 'H%%'") == 5
        assert county.one("SELECT account FROM gis.audit_trail WHERE action = 'imported'") == "t.planner"
        bad = _upload(client, planner, b"no geopackage").json()["job_id"]
        _until(lambda: client.get(f"/api/jobs/{bad}", headers=planner).json()["state"] == "failed")

        # One that waits for a lock is cancelled; another is killed with its worker, and begun again by the next.
        held = psycopg2.connect(county.url())
        with held.cursor() as cursor:
            cursor.execute("LOCK gis.building IN ACCESS EXCLUSIVE MODE")
        stuck = _upload(client, planner, content).json()["job_id"]
        _until(lambda: client.get(f"/api/jobs/{stuck}", headers=planner).json()["state"] == "running")
        assert client.post(f"/api/jobs/{stuck}/cancel", headers=planner).status_code == 200
        _until(lambda: client.get(f"/api/jobs/{stuck}", headers=planner).json()["state"] == "cancelled")
        county_before = county.one("SELECT count(*) FROM gis.change")
        killed = _upload(client, planner, content).json()["job_id"]
        _until(lambda: client.get(f"/api/jobs/{killed}", headers=planner).json()["state"] == "running")
        beside.process.send_signal(signal.SIGTERM)
        beside.process.wait(30)
        _until(lambda: client.get(f"/api/jobs/{killed}", headers=planner).json()["state"] == "waiting")
        held.rollback()
        held.close()
        beside.process = _Worker(county).process
        _until(lambda: client.get(f"/api/jobs/{killed}", headers=planner).json()["state"] == "done")
        assert county.one("SELECT count(*) FROM gis.change") == county_before
    left = [file for file in set(ask.folder().iterdir()) - before if file.name.startswith("upload-")]
    assert len(left) <= 1, "an upload goes with its job; that of a job that was killed by force goes after two days"
    assert not worker.has_worker()


def test_uploads_are_for_whoever_may(county: Database, client: TestClient):
    assert _upload(client, {}, b"x").status_code == 401
    assert _upload(client, signed_in(county, "township", place="451224100"), b"x").status_code == 403
    planner = signed_in(county, "planner")
    assert _upload(client, planner, b"").status_code == 422
    for name in ("a.exe", "../a.gpkg", "a\0.gpkg", "gpkg", ""):
        assert _upload(client, planner, b"x", name=name).status_code == 422, name
    assert list((ask.folder().parent / "uploads").iterdir()) == []


def test_pages(county: Database, client: TestClient):
    page = {"Accept": "text/html"}
    planner = signed_in(county, "planner") | page
    began = client.post("/jobs/analysis", headers=planner)
    assert began.status_code == 303
    shown = client.get(began.headers["location"], headers=planner)
    assert "等待" in shown.text
    assert 'http-equiv="refresh"' in shown.text
    listed = client.get("/jobs", headers=planner)
    assert "后台执行程序没有运行" in listed.text
    assert "巷道和连片区分析" in listed.text
    number = began.headers["location"].rsplit("/", 1)[1]
    other = signed_in(county, "fire") | page
    assert client.get(f"/jobs/{number}", headers=other).status_code == 404
    assert client.post(f"/jobs/{number}/cancel", headers=other).status_code == 404
    assert client.post(f"/jobs/{number}/cancel", headers=planner).status_code == 303
    english = client.get("/jobs?lang=en", headers=planner).text
    assert "Analysis of alleys and clusters" in english
