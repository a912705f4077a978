"""The figures of the web application: tiles beside tipg, kept tiles, a drawn area, first map, offline file.

    python -m benchmarks.web [--folder DIR] [--only cold,kept,size,area,map,pan,slow,file]

The demo county with a selection and a density run in a private PostGIS of its own (kept in DIR when one is named), the
service and tipg as processes of their own on it. Times are of whole answers over HTTP, signed in.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import itertools
import json
import math
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from benchmarks.common import machine
from scripts.chromium import find as find_chromium

_TOWN = "451224100"
_CLIENTS = 32
_LARGEST = 12
_COLUMNS = "building_id,hazard_tier,use_class,floors"


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, math.ceil(len(values) * 0.95) - 1)]


def _tiles_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    n = 2**z
    return int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _process(arguments: list[str], port: int, path: str, **environment: str) -> Iterator[None]:
    process = subprocess.Popen(arguments, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                client.request("GET", path)
                if client.getresponse().status < 500:
                    break
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait(20)


class _Client:
    """One connection that stays open."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = headers

    def ask(self, path: str, method: str = "GET", body: Any = None) -> tuple[float, bytes]:
        """Return seconds and content; anything but success ends the benchmark."""
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        started = time.perf_counter()
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - started
        if answer.status not in (200, 204):
            raise SystemExit(f"{path}: {answer.status} {content[:300]!r}")
        return seconds, content


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, help="data folder to keep and use again")
    parser.add_argument("--only", default="cold,kept,size,area,map,pan,slow,file")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="gis-bench-", dir="/tmp"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    os.environ["GIS_DATA_DIR"] = str(folder)
    os.environ.pop("DATABASE_URL", None)
    from gis_service.db.server import private_server

    try:
        secret = county()
        port = _free_port()
        serve = [sys.executable, "-m", "gis_service.cli", "up", "--demo", "none", "--port", str(port)]
        with _process(serve, port, "/health"):
            print(f"{machine()}; load before {os.getloadavg()[0]:.1f}")
            for name in given.only.split(","):
                _PARTS[name](port, secret)
            print(f"load after {os.getloadavg()[0]:.1f}")
    finally:
        if given.folder is None:
            private_server().remove()
            shutil.rmtree(folder, ignore_errors=True)


def county() -> str:
    """Load and analyse the county where that is not done, and return a session's secret."""
    from gis_service.accounts import audit_log, people, sessions
    from gis_service.analysis.command import analyse
    from gis_service.db.engine import transaction
    from gis_service.db.ready import prepare
    from gis_service.demo.load import load_demo
    from gis_service.density.params import Params
    from gis_service.errors import NotFoundError
    from gis_service.identity import Role, operator
    from gis_service.selection.published import ensure_published
    from gis_service.up import install_front_end

    install_front_end()
    prepare()
    if not _sql("SELECT count(*) FROM gis.building")[0][0]:
        load_demo("donglan")
    if not _sql("SELECT count(*) FROM gis.run WHERE kind = 'density'")[0][0]:
        analyse(Params())
    with transaction(operator()) as connection:
        ensure_published(connection)
        try:
            account = people.find(connection, "bench")
        except NotFoundError:
            account = people.add(connection, people.New("bench", Role.ADMINISTRATOR), None)
    return sessions.open_(account.account_id, audit_log.MACHINE, by="benchmark").secret


def _sql(sql: str) -> list[tuple[Any, ...]]:
    from gis_service.db.engine import admin_connection

    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def _client(port: int, secret: str) -> _Client:
    return _Client(port, {"Cookie": f"gis_session={secret}", "Sec-Fetch-Mode": "cors"})


def _where(z: int, table: str = "building") -> list[tuple[int, int]]:
    """All tiles of a zoom on which the middle of something of ``table`` lies."""
    points = _sql(f"SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_PointOnSurface(geom), 4326) AS p "
                  f"FROM gis.{table}) AS x")  # fmt: skip
    return sorted({_tiles_of(lon, lat, z) for lon, lat in points})


def _looked_at(z: int) -> list[tuple[int, int]]:
    """Tiles in the order in which houses drawn by lot lie on them: those of towns come first."""
    points = _sql("SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_PointOnSurface(geom), 4326) AS p "
                  "FROM gis.building ORDER BY md5(building_id) LIMIT 160) AS x")  # fmt: skip
    return list(dict.fromkeys(_tiles_of(lon, lat, z) for lon, lat in points))


def _cold(port: int, secret: str) -> None:
    """Tiles that nobody has asked for, ours and tipg's in turn, one after another."""
    from gis_service.db.engine import database_url
    from gis_service.settings import get_settings

    # tipg takes an address only with a host in it: the folder of the socket, escaped.
    given = urlsplit(database_url("admin"))
    url = f"postgresql://{given.username}@{quote(parse_qs(given.query)['host'][0], safe='')}{given.path}"
    theirs = _free_port()
    run = [sys.executable, "-m", "uvicorn", "tipg.main:app", "--port", str(theirs), "--log-level", "error"]
    settings = {"DATABASE_URL": url, "TIPG_DB_SCHEMAS": '["gis"]', "TIPG_DB_TABLES": '["gis.building"]',
                "TIPG_MAX_FEATURES_PER_TILE": "20000"}  # fmt: skip
    with _process(run, theirs, "/collections/gis.building", **settings):
        ours, tipg = _client(port, secret), _Client(theirs, {})
        x, y = _looked_at(13)[0]  # neither is measured at its first tile, when it still opens connections
        ours.ask(f"/tiles/buildings/13/{x}/{y}.pbf")
        tipg.ask(f"/collections/gis.building/tiles/WebMercatorQuad/13/{x}/{y}")
        for z, how in itertools.product((14, 15, 16), ("where people look", "each tile alike")):
            tiles = _looked_at(z) if how == "where people look" else _where(z)
            times: dict[str, list[float]] = {"ours": [], "tipg": [], "tipg, all columns": []}
            size = {"ours": 0, "tipg": 0}
            for _ in range(2):
                _sql("SELECT nextval('gis.data_version')")  # what was kept is kept no more,
                time.sleep(get_settings().keep_s + 0.1)  # once the service has asked again for the version
                for x, y in random.Random(z).sample(tiles, min(len(tiles), 80)):
                    base = f"/collections/gis.building/tiles/WebMercatorQuad/{z}/{x}/{y}"
                    asked = [
                        ("ours", ours, f"/tiles/buildings/{z}/{x}/{y}.pbf"),
                        ("tipg", tipg, f"{base}?properties={_COLUMNS}"),
                        ("tipg, all columns", tipg, base),
                    ]
                    random.shuffle(asked)
                    for name, client, path in asked:
                        seconds, content = client.ask(path)
                        times[name].append(seconds)
                        if name in size:
                            size[name] += len(content)
            means = {name: 1000 * statistics.mean(all_) for name, all_ in times.items()}
            print(
                f"cold z{z}, {how}: {len(times['ours'])} tiles; mean ours {means['ours']:.1f} ms, tipg {means['tipg']:.1f} ms "
                f"(same columns) {means['tipg, all columns']:.1f} ms (all); median ours "
                f"{1000 * statistics.median(times['ours']):.1f} ms, tipg {1000 * statistics.median(times['tipg']):.1f} ms; "
                f"ratio of means {means['tipg'] / means['ours']:.2f} / {means['tipg, all columns'] / means['ours']:.2f}; "
                f"bytes ours/tipg {size['ours'] / size['tipg']:.2f}"
            )


async def _asker(port: int, secret: str, paths: list[str], rounds: int, seconds: list[float], pause_s: float) -> None:
    """One client on one connection; its answers are read as bytes, so that it costs the machine little."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(random.random() * pause_s)
    for k in range(rounds):
        head = f"GET {paths[k % len(paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: gis_session={secret}\r\n\r\n"
        started = time.perf_counter()
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(int(x[15:]) for x in answer.lower().split(b"\r\n") if x.startswith(b"content-length:"))
        await reader.readexactly(length)
        seconds.append(time.perf_counter() - started)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(answer.decode())
        if pause_s:
            await asyncio.sleep(pause_s)
    writer.close()


def _kept(port: int, secret: str) -> None:
    """Tiles asked for before, 32 clients at once: without a pause, and each four times a second as a hand pans."""
    paths = [f"/tiles/buildings/15/{x}/{y}.pbf" for x, y in random.Random(1).sample(_where(15), 60)]
    for path in paths:
        _client(port, secret).ask(path)
    for name, pause_s, rounds in (("without pause", 0.0, 60), ("four a second each", 0.25, 24)):
        seconds: list[float] = []

        async def all_(pause_s: float = pause_s, rounds: int = rounds, seconds: list[float] = seconds) -> None:
            await asyncio.gather(
                *(_asker(port, secret, paths[k:] + paths[:k], rounds, seconds, pause_s) for k in range(_CLIENTS))
            )

        started = time.perf_counter()
        asyncio.run(all_())
        spent = time.perf_counter() - started
        print(f"kept tiles, {_CLIENTS} clients {name}: median {1000 * statistics.median(seconds):.1f} ms, "
              f"p95 {1000 * _p95(seconds):.1f} ms, {len(seconds) / spent:.0f} a second")  # fmt: skip
    one = [_client(port, secret).ask(path)[0] for path in paths]
    print(f"kept tiles, one client: median {1000 * statistics.median(one):.1f} ms, p95 {1000 * _p95(one):.1f} ms")


def _size(port: int, secret: str) -> None:
    """Ask, of every layer at every zoom, for the tiles with most vertices: the largest answer is among them."""
    from gis_service.db.places import PLACES

    newest = "WHERE run_id = (SELECT max(run_id) FROM gis.run WHERE kind = '{}' AND finished_at IS NOT NULL)"
    density = newest.format("density")
    content = {
        **{place.tile: place.name for place in PLACES.values() if place.tile and place.for_all},
        "buildings": "building", "clusters": f"cluster {density}", "reach": f"building_density {density}",
        "alleys": f"alley {density}", "gaps": f"gap {density}",
        "selection": f"selection JOIN gis.building USING (building_id) {newest.format('selection')}",
    }  # fmt: skip
    client = _client(port, secret)
    largest: tuple[int, str] = (0, "")
    for layer, rows in content.items():
        deepest = _sql(
            "SELECT floor((ST_X(p) / 20037508.342789244 + 1) * 65536)::int, "
            "floor((1 - ST_Y(p) / 20037508.342789244) * 65536)::int, count(*) "
            f"FROM (SELECT (ST_DumpPoints(ST_Transform(geom, 3857))).geom AS p FROM gis.{rows}) AS v GROUP BY 1, 2"
        )
        most: tuple[int, str] = (0, "")
        for z in range(6, 18):
            vertices: Counter[tuple[int, int]] = Counter()
            for x, y, count in deepest:  # of z17
                vertices[x >> (17 - z), y >> (17 - z)] += count
            for (x, y), _ in vertices.most_common(_LARGEST):
                path = f"/tiles/{layer}/{z}/{x}/{y}.pbf"
                most = max(most, (len(client.ask(path)[1]), path))
        print(f"largest tile of {layer}: {most[0] / 1000:.0f} KB {most[1]}")
        largest = max(largest, most)
    print(f"largest tile: {largest[0] / 1000:.0f} KB {largest[1]}")


def _area(port: int, secret: str) -> None:
    """Draw an area of 5 km², with list, counts and reasons, in places where there are houses."""
    middles = _sql("SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_Centroid(geom), 4326) AS p FROM gis.building "
                   "ORDER BY md5(building_id) LIMIT 100) AS x")  # fmt: skip
    session = _client(port, secret)
    csrf = session.ask("/account")[1].decode().split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    client = _Client(port, {"Cookie": f"gis_session={secret}", "X-CSRF-Token": csrf})
    seconds, totals = [], []
    for lon, lat in [*middles[:3], *middles]:
        north, east = 1118 / 110_800, 1118 / (111_320 * math.cos(math.radians(lat)))
        ring = [[lon + i * east, lat + j * north] for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
        body = {"shape": {"type": "Polygon", "coordinates": [ring]}, "limit": 500}
        spent, content = client.ask("/api/selections/preview", "POST", body)
        seconds.append(spent)
        totals.append(json.loads(content)["total"])
    print(f"a drawn area of 5 km² (median {statistics.median(totals[3:]):.0f} selected, at most {max(totals)}): median "
          f"{1000 * statistics.median(seconds[3:]):.0f} ms, p95 {1000 * _p95(seconds[3:]):.0f} ms")  # fmt: skip


# Whether layers of features still load; with ``whole`` the pictures under them too.
_DRAWN = """(whole) => {
  let busy = false;
  gis.maps.map.eachLayer((layer) => {
    const picture = layer.spec?.raster || layer.options?.pane === "gis-raster";
    busy = busy || Boolean((whole || !picture) && layer.isLoading && layer.isLoading());
  });
  return !busy;
}"""
# Move about for a while over the houses of a town and tell the longest task, in milliseconds.
_PAN = """async () => {
  const tasks = [0];
  const watch = new PerformanceObserver((list) => { for (const task of list.getEntries()) tasks.push(task.duration); });
  watch.observe({ entryTypes: ["longtask"] });
  const map = gis.maps.map;
  map.setView([24.511, 107.374], 16, { animate: false });
  await new Promise((done) => setTimeout(done, 1500));
  tasks.length = 1;
  for (const by of [[300, 0], [0, 250], [-300, 0], [0, -250], [500, 300], [-500, -300]]) {
    map.panBy(by, { animate: true });
    await new Promise((done) => setTimeout(done, 600));
  }
  return Math.max(...tasks);
}"""
_MAPS = ("/", "/map/planner", "/map/fire", f"/map/township/{_TOWN}")
# An old laptop at the end of a slow line.
_SLOW_LINE = {"offline": False, "latency": 100, "downloadThroughput": 366_000 / 8, "uploadThroughput": 366_000 / 8}
_SLOWED = 4


@contextlib.contextmanager
def _browser(port: int, secret: str) -> Iterator[Any]:
    """Yield what opens a page of the service in a new browser's window, and tells how long it took.

    It returns the page, seconds until it says that it is ready, until all features are drawn, and until the pictures
    under them are, and the requests that it made.
    """
    from playwright.sync_api import sync_playwright

    address = f"http://127.0.0.1:{port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])

        def opened(path: str, *, slow: bool = False) -> tuple[Any, float, float, float, list[Any]]:
            context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
            context.add_cookies([{"name": "gis_session", "value": secret, "url": address}])
            page = context.new_page()
            own: list[Any] = []
            page.on("requestfinished", lambda request: own.append(request))  # noqa: PLW0108 - the library marks what it calls
            if slow:
                device = context.new_cdp_session(page)
                device.send("Network.enable")
                device.send("Network.emulateNetworkConditions", _SLOW_LINE)
                device.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWED})
            started = time.perf_counter()
            page.goto(address + path, wait_until="commit")
            page.wait_for_selector("body[data-ready=true]", timeout=60_000)
            ready = time.perf_counter() - started
            drawn, whole = (_until_drawn(page, started, whole=whole) for whole in (False, True))
            return page, ready, drawn, whole, own

        opened("/")[0].context.close()  # neither the browser's first window nor the service's first page is measured
        yield opened
        browser.close()


def _until_drawn(page: Any, started: float, *, whole: bool) -> float:
    while not page.evaluate(_DRAWN, whole):
        time.sleep(0.01)
    return time.perf_counter() - started


def _map(port: int, secret: str) -> None:
    """Open the county's pages until they are ready and drawn, each in a new window."""
    with _browser(port, secret) as opened:
        for path in _MAPS:
            ready, drawn, weight = [], [], 0
            for _ in range(6):
                page, first, features, _, requests = opened(path)
                ready.append(first)
                drawn.append(features)
                weight = sum(_length(request) for request in requests)
                page.context.close()
            print(f"{path}: ready {statistics.median(ready[1:]):.2f} s, drawn {statistics.median(drawn[1:]):.2f} s (worst "
                  f"{max(drawn[1:]):.2f} s); script and style {weight / 1000:.0f} kB")  # fmt: skip


def _pan(port: int, secret: str) -> None:
    """Move about over a town: the longest task of the page's script, and how many took over 200 ms."""
    with _browser(port, secret) as opened:
        for path in _MAPS:
            longest = []
            for _ in range(3):
                page = opened(path)[0]
                longest.append(page.evaluate(_PAN))
                page.context.close()
            print(
                f"{path}: longest task while panning {max(longest):.0f} ms (median of windows {statistics.median(longest):.0f} ms)"
            )


def _slow(port: int, secret: str) -> None:
    """Open the pages as an old laptop at the end of a slow line does, with nothing in its cache; the median of three."""
    with _browser(port, secret) as opened:
        for path in _MAPS:
            for _ in range(2):  # the service has made the page and its tiles for others before
                opened(path)[0].context.close()
            seen, weight, answers = [], 0, 0
            for _ in range(3):
                page, *seconds, requests = opened(path, slow=True)
                seen.append(seconds)
                weight, answers = sum(request.sizes()["responseBodySize"] for request in requests), len(requests)
                page.context.close()
            ready, drawn, whole = (statistics.median(column) for column in zip(*seen, strict=True))
            print(f"{path} at {_SLOW_LINE['downloadThroughput'] * 8 / 1000:.0f} kbit/s and {_SLOWED} times slower: ready {ready:.1f} s, "
                  f"first map drawn {drawn:.1f} s (worst {max(each[1] for each in seen):.1f} s), with hill shading {whole:.1f} s; "
                  f"{answers} answers of {weight / 1000:.0f} kB")  # fmt: skip


def _length(request: Any) -> int:
    """Return the bytes of a script or a style sheet before compression; of anything else 0."""
    return len(request.response().body()) if request.resource_type in {"script", "stylesheet"} else 0


def _file(port: int, secret: str) -> None:
    """Ask for the offline files of all townships."""
    client = _client(port, secret)
    sizes = []
    for code, houses in _sql("SELECT a.code, count(*) FROM gis.admin_area AS a JOIN gis.building AS b "
                             "ON b.township_code = a.code WHERE a.level = 'township' GROUP BY 1"):  # fmt: skip
        spent, content = client.ask(f"/map/township/{quote(code)}/offline")
        sizes.append((len(content), code, houses, spent))
    size, code, houses, spent = max(sizes)
    print(f"largest offline township file: {size / 1e6:.2f} MB, {code} with {houses} houses, {spent:.1f} s")
    spent, content = client.ask("/map/planner/offline")
    print(f"offline planner file: {len(content) / 1e6:.2f} MB, {spent:.1f} s")


_PARTS = {
    "cold": _cold,
    "kept": _kept,
    "size": _size,
    "area": _area,
    "map": _map,
    "pan": _pan,
    "slow": _slow,
    "file": _file,
}


if __name__ == "__main__":
    main()
