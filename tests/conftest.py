"""One private PostGIS for all tests; each test gets a database of its own, cloned from a migrated template."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import itertools
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx
import pytest
import structlog
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from structlog._config import BoundLoggerLazyProxy

from gis_service import cli as cli_module
from gis_service.accounts import audit_log, passwords, people, sessions, tokens
from gis_service.accounts.people import Account
from gis_service.api.app import create_app
from gis_service.api.http.protocol import DeadlineProtocol
from gis_service.db.engine import forget_connections, transaction
from gis_service.db.server import Server
from gis_service.errors import NotFoundError
from gis_service.identity import RIGHTS, Right, Role, operator
from gis_service.settings import ROOT, get_settings
from gis_service.up import install_front_end
from scripts.chromium import find as find_chromium
from tests import asgi, databases, links, shared

# A million objects of modules and tests stay to the end: until all are collected there is no garbage to look for among
# them, and after that they are not looked through again whenever a test makes some.
gc.disable()

# A trace with the values of all names, as structlog would have it where rich is installed, takes ten seconds to draw.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of our own."""
    parser.addoption(
        "--requests", default=2_000, type=int, help="generated requests of each kind of asker (tests/access)"
    )


def needs_demo(file: str) -> bool:
    """Whether the tests of a file (from the root) may need the demo county: it, or its folder's conftest, names it."""
    return bool(re.search("(whole|demo)(_database|_copy)?:|(analysed|whole)_demo|databases.make", _with_conftest(file)))


def needs_replayed(file: str) -> bool:
    """Whether they need the county with its campaign replayed."""
    return "databases.REPLAYED" in _with_conftest(file)


@lru_cache(maxsize=512)
def _with_conftest(file: str) -> str:
    """Return the text of a file of tests and of its folder's conftest."""
    path = ROOT / file
    near = [path] if path.parent == Path(__file__).parent else [path, path.parent / "conftest.py"]
    return "\n".join(one.read_text() for one in near if one.is_file())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what needs no county: it is made meanwhile."""
    items.sort(key=lambda item: needs_demo(str(item.path.relative_to(ROOT))))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have the first of several workers make the county beside the tests, and its campaign, if any of them needs it."""
    gc.collect()
    gc.freeze()
    # What tests leave behind is soon gone or stays with a worker: a tenth of the looking through all of it.
    gc.set_threshold(700, 10, 100)
    gc.enable()
    files = {str(item.path.relative_to(ROOT)) for item in session.items}
    if _WORKER == "gw0" and any(map(needs_demo, files)):
        name = databases.REPLAYED if any(map(needs_replayed, files)) else databases.SMALL
        command = [sys.executable, "-m", "tests.databases", str(_folder()), name]
        # A worker's own streams carry what it says to the run.
        with (_folder() / "making.log").open("w") as log:
            session.config.stash[_MAKING] = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log,
            )  # fmt: skip


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the server go with the run; the workers end before the process that started them."""
    if _MAKING in config.stash:
        config.stash[_MAKING].wait()
    run = config.stash.get(_RUN, None)
    if run is not None:
        databases.close_server(databases.folder_of(run))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Remember the number of a run with workers, whose server they share, and make its folder."""
    node.config.stash[_RUN] = node.workerinput["testrunuid"]
    databases.folder_of(node.config.stash[_RUN])


_MAKING = pytest.StashKey[subprocess.Popen[bytes]]()
_RUN = pytest.StashKey[str]()


@lru_cache(maxsize=1)
def _folder() -> Path:
    return databases.folder_of(os.environ.get("PYTEST_XDIST_TESTRUNUID"))


@dataclass(frozen=True)
class Answer:
    """What a command said: exit status, stdout, stderr."""

    code: int
    out: str
    err: str


@dataclass
class Database:
    """One database of the test server, with the environment that points the program at it."""

    server: Server
    name: str
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a deployment with this database."""
        return {
            "GIS_DATA_DIR": str(self.server.data_dir), "GIS_DATABASE": self.name, "GIS_LANG": "zh", "GIS_KEEP_S": "0",
            "GIS_ALLOWED_HOSTS": "testserver",
            # A machine that does other things too must not turn a slow question into a failure; the default has its own test.
            "GIS_STATEMENT_TIMEOUT_S": "30", **self.extra,
        }  # fmt: skip

    @contextlib.contextmanager
    def active(self, **more: str) -> Iterator[Database]:
        """Point this process at the database; its pooled connections stay for whoever points there next."""
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("DATABASE_URL", raising=False)
                for name, value in {**self.environment, **more}.items():
                    patch.setenv(name, value)
                get_settings.cache_clear()
                _forget_other_connections()
                yield self
        finally:
            # After a failure too: the next test must not go on in this one's database.
            get_settings.cache_clear()
            if "GIS_DATABASE" in os.environ:  # this block stood in another's
                _forget_other_connections()

    def url(self, role: str = "gis_owner") -> str:
        """An address for libpq."""
        return self.server.url(role, self.name)

    def ask(self, sql: str, *values: Any, role: str = "gis_owner") -> list[tuple[Any, ...]]:
        """Run one statement in a transaction of its own and return its rows."""
        with links.transaction(self.url(role)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, sql: str, *values: Any, role: str = "gis_owner") -> Any:
        """Return the one value of a statement."""
        ((value,),) = self.ask(sql, *values, role=role)
        return value

    def judge(self, condition: str, tier: str | None = None, grade: str | None = None, on: str | None = None) -> None:
        """Judge and appraise the houses that meet an SQL condition: their tier and grade follow."""
        kinds = [("preliminary", tier, None)] * (tier is not None) + [("appraisal", None, grade)] * (grade is not None)
        for kind, of_tier, of_grade in kinds:
            self.ask(
                "INSERT INTO gis.judgement (building_id, kind, tier, grade, judged_on) SELECT building_id, %s, %s, %s, "
                f"coalesce(%s::date, gis.today()) FROM gis.building AS b WHERE {condition}",
                kind, of_tier, of_grade, on,
            )  # fmt: skip

    def clear(self, condition: str = "true") -> None:
        """Take houses away as if they had never been: for tests only, past the triggers that keep their judgements."""
        databases.clear(self.server, self.name, condition)

    def counts(self) -> dict[str, int]:
        """Rows of every table, and the data version: what must not change when a file is refused."""
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'gis' ORDER BY 1"
        with links.transaction(self.url()) as connection, connection.cursor() as cursor:
            cursor.execute(tables)
            union = " UNION ALL ".join(
                f"SELECT '{t}', count(*) FROM gis.\"{t}\"" for (t,) in cursor.fetchall() if t != "data_step"
            )
            cursor.execute(f"{union} UNION ALL SELECT 'version', gis.version_of_data()")
            return {str(name): int(count) for name, count in cursor.fetchall()}

    def cli(self, *arguments: object, lang: str = "en", stdin: str | None = None, **more: str) -> Answer:
        """Run the command line in this process, as ``gis-service`` would: same entry, same exit status."""
        with self.active(GIS_LANG=lang, **more), own_logging(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["gis-service", *map(str, arguments)])
            if stdin is not None:
                patch.setattr(sys, "stdin", io.StringIO(stdin))
            out, err = io.StringIO(), io.StringIO()
            code = 0
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    cli_module.main()
                except SystemExit as end:
                    code = int(end.code or 0)
        return Answer(code, out.getvalue(), err.getvalue())

    def process(self, *arguments: object, lang: str = "en", stdin: str | None = None, **more: str) -> Answer:
        """Run the command line in a process of its own."""
        base = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("GIS_")}
        done = subprocess.run(
            [sys.executable, "-m", "gis_service.cli", *map(str, arguments)],
            env={**base, "PYTHONPATH": str(ROOT), **self.environment, "GIS_LANG": lang, **more},
            cwd="/", capture_output=True, text=True, check=False, timeout=300, input=stdin,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def own_logging() -> Iterator[None]:
    """Whatever the block sets up of logging ends with it: else every later test of this process logs each request."""
    root, configured = logging.getLogger(), structlog.get_config()
    level, handlers = root.level, list(root.handlers)
    try:
        yield
    finally:
        for handler in [h for h in root.handlers if h not in handlers]:
            root.removeHandler(handler)
            handler.close()
        root.setLevel(level)
        structlog.configure(**configured)
        for name, module in list(sys.modules.items()):
            logger = vars(module).get("log") if name.startswith("gis_service.") else None
            if isinstance(logger, BoundLoggerLazyProxy):
                vars(logger).pop("bind", None)  # what structlog keeps of the first use


# What a connection is opened with (db.engine), and where it leads: a new one costs more than most questions do.
_OPENED_WITH = ("DATABASE_URL", "GIS_SERVICE_DATABASE_URL", "GIS_DATA_DIR", "GIS_DATABASE", "GIS_STATEMENT_TIMEOUT_S",
                "GIS_TIMEZONE", "GIS_TODAY")  # fmt: skip
_opened_with: tuple[str | None, ...] = ()


def _forget_other_connections() -> None:
    """Drop the pooled connections, unless they were opened as they would be now."""
    global _opened_with  # noqa: PLW0603 - as the pools, one a process
    now = tuple(os.environ.get(name) for name in _OPENED_WITH)
    if now != _opened_with:
        forget_connections()
        _opened_with = now


def free_port() -> int:
    """A port of this machine that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(app: FastAPI, http: type[asyncio.Protocol] = DeadlineProtocol) -> Iterator[str]:
    """The application over real sockets on a free port of this machine; yields its address."""
    port = free_port()
    service = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, log_level="warning", http=http, proxy_headers=False, backlog=2048,
            ws="none",
        )
    )  # fmt: skip
    thread = threading.Thread(target=service.run, daemon=True)
    thread.start()
    while not service.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        service.should_exit = True
        thread.join()


@contextlib.contextmanager
def open_folder(prefix: str = "gis-test-") -> Iterator[Path]:
    """A short folder that the server's user can enter too when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def cloned(server: Server, source: str) -> Iterator[Database]:
    """A new database with all that ``source`` has, in use for the length of the block."""
    made = Database(server, f"t{_WORKER}{next(_numbers)}")
    databases.clone(server, source, made.name)
    with made.active():
        try:
            yield made
        finally:
            databases.drop(server, made.name)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The run's server; it ends with the run, or with this process where there are no workers."""
    yield databases.open_server(_folder())
    forget_connections()
    if not _WORKER:
        databases.close_server(_folder())


@pytest.fixture(scope="session", autouse=True)
def _one_event_loop() -> Iterator[None]:
    """One event loop for all clients, as the service has one: what its thread made once (PROJ's way to a CRS) stays."""
    with anyio.from_thread.start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio.from_thread, "start_blocking_portal", lambda **_: contextlib.nullcontext(portal))
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_hop_a_request() -> Iterator[None]:
    """A client crosses to the event loop's thread once a request; Starlette's own does eight times, 6 ms in all."""

    def handle_request(self: Any, request: httpx.Request) -> httpx.Response:
        url = request.url
        asking = partial(
            asgi.ask, self.app, request.method, url.path, url.raw_path.split(b"?")[0], url.query, request.headers.raw,
            request.read(), url.scheme, (url.host, url.port), self.client, self.raise_server_exceptions,
        )  # fmt: skip
        with self.portal_factory() as portal:
            answered = portal.call(asking)
        return httpx.Response(answered.status, headers=answered.headers, content=answered.body)

    with warnings.catch_warnings():
        # Starlette would rather have another client; its own goes on working with httpx.
        warnings.simplefilter("ignore")
        from starlette.testclient import _TestClientTransport

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_TestClientTransport, "handle_request", handle_request)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """A hash of kilobytes in place of 64 MB, for tests by the dozen; ``full_cost`` is the service's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


_HASHER = passwords._HASHER


@pytest.fixture
def full_cost(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords hashed as the service hashes them."""
    monkeypatch.setattr(passwords, "_HASHER", _HASHER)
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()


@pytest.fixture(scope="module")
def quiet() -> Iterator[None]:
    """No line a request: of thousands they cost more than what they tell of."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**before)


# No process is started for a page that may come next. Such a list takes the place of playwright's own, whose features are
# those of a browser with windows and a network.
_CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
             "--disable-features=SpareRendererForSitePerProcess"]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser a worker: the library starts once in a process."""
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium runs here (make test installs it where it can)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium,
            args=_CHROMIUM,
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def front_end() -> None:
    install_front_end()


@pytest.fixture(scope="session")
def app(front_end: None) -> FastAPI:
    """The service. It holds no database: the settings of the moment say which one answers."""
    return create_app()


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    return databases.make(server, databases.TEMPLATE)


@pytest.fixture
def database(server: Server, template: str) -> Iterator[Database]:
    """An empty, migrated database of this test's own."""
    with cloned(server, template) as made:
        yield made


@pytest.fixture(scope="session")
def demo(server: Server) -> str:
    """The name of this worker's copy of an eighth of the demo county, with a published list and a density run."""
    name = f"demo{_WORKER}"
    databases.clone(server, databases.make(server, databases.SMALL), name)
    return name


@pytest.fixture
def demo_database(server: Server, demo: str) -> Iterator[Database]:
    """An eighth of the demo county, shared: tests may add runs, and change nothing else."""
    with Database(server, demo).active() as made:
        yield made


@pytest.fixture
def demo_copy(server: Server) -> Iterator[Database]:
    """An eighth of the demo county for one test to change."""
    with cloned(server, databases.make(server, databases.SMALL)) as made:
        yield made


@pytest.fixture(scope="session")
def analysed_demo(server: Server) -> str:
    """The name of another such copy, in which tests of pages and of access do what people do."""
    name = f"analysed{_WORKER}"
    databases.clone(server, databases.make(server, databases.SMALL), name)
    return name


@pytest.fixture(scope="session")
def whole_demo(server: Server) -> str:
    """The name of this worker's database with all of the simulated 东兰县, for what depends on its size or its sums."""
    name = f"whole{_WORKER}"
    databases.clone(server, databases.make(server, databases.DEMO), name)
    return name


@pytest.fixture
def whole_database(server: Server, whole_demo: str) -> Iterator[Database]:
    """The whole demo county, shared: tests may add runs, and change nothing else."""
    with Database(server, whole_demo).active() as made:
        yield made


def account_of(
    database: Database,
    role: str = "administrator",
    *,
    place: str | None = None,
    department: str | None = None,
    person: bool | None = None,
) -> Account:
    """An account of that role and place in the database, made when it is first asked for."""
    people_too = role == "administrator" if person is None else person
    name = ".".join(filter(None, ("t", role, place, department, "p" if people_too else None)))
    assert get_settings().database == database.name, "the database is in use"
    with transaction(operator()) as connection:
        with contextlib.suppress(NotFoundError):
            return people.find(connection, name)
        return people.add(connection, people.New(name, Role(role), place, department, people_too), None)


def signed_in(
    database: Database,
    role: str = "administrator",
    *,
    place: str | None = None,
    department: str | None = None,
    person: bool | None = None,
) -> dict[str, str]:
    """The headers of a program that has a token with all rights of such an account, the same as long as it is good."""
    key = (database.name, role, place, department, person)
    secret = _secrets.get(key)
    if secret is None or not database.ask(
        "SELECT name FROM gis.token_asker(%s)", sessions.digest(secret), role="postgres"
    ):
        account = account_of(database, role, place=place, department=department, person=person)
        rights = [r for r in RIGHTS[Role(role)] if r is not Right.PERSON or account.person]
        with transaction(operator()) as connection:
            _, secret = tokens.make(connection, account.account_id, "test", rights, 1)
        _secrets[key] = secret
    return {"Authorization": f"Bearer {secret}"}


_secrets: dict[tuple[object, ...], str] = {}


def session_of(database: Database, role: str = "administrator", **more: Any) -> sessions.Opened:
    """A browser's session of such an account."""
    account = account_of(database, role, **more)
    return sessions.open_(account.account_id, audit_log.MACHINE, by="test")


def open_page(
    browser: Any, database: Database, address: str, role: str, width: int, **more: Any
) -> tuple[Any, list[str]]:
    """A page of somebody signed in, whose questions are answered with yes, and a list of the script errors in it."""
    context = browser.new_context(viewport={"width": width, "height": 812}, locale="zh-CN")
    opened = session_of(database, role, **more)
    context.add_cookies([{"name": "gis_session", "value": opened.secret, "url": address}])
    page, faults = context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    return page, faults


@pytest.fixture(scope="session")
def shared_data() -> Path:
    return shared.shared_data()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one closing line how many tests of real data were skipped: without them green means less."""
    absent = sum(shared.ABSENT in str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    if absent:
        terminalreporter.write_line(
            f"Skipped for want of real data: {absent}. {shared.FOLDER} is not here (GIS_TEST_DATA names another folder).",
            yellow=True,
        )
