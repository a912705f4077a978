"""Connections: as the owner, who makes and loads, or in somebody's name, with what that person may see and do.

The service's own role reads nothing of the county. ``transaction`` takes the database role of whoever asks and says
who it is, for the length of one transaction; row-level security (migration 0009) does the rest.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

import psycopg2
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from gis_service import storage
from gis_service.db.queries import statement
from gis_service.db.reader import Reader
from gis_service.db.server import SUPERUSER, private_server
from gis_service.db.work import counted
from gis_service.errors import SetupError
from gis_service.identity import Identity, Right, is_operator
from gis_service.settings import get_settings

Role = Literal["owner", "service"]

# Imports take nothing farther than 1.5 degrees from the zone (ingest.crs).
_ZONE_MARGIN_DEG = 3.0
_ROLE_NAMES: dict[Role, str] = {"owner": "gis_owner", "service": "gis_service"}
_SERVICE_OPTIONS = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
_AT_THE_MACHINE = "SET LOCAL statement_timeout = '10min'"


def database_url(role: Role | Literal["admin"] = "owner") -> str:
    """Return the address of the deployment's database for ``role``.

    ``DATABASE_URL`` wins; its account then takes the role by ``SET ROLE``. Otherwise the private server answers.
    ``GIS_SERVICE_DATABASE_URL`` is a weaker account's address for the service alone: a process that only serves then
    never holds the owner's password.
    """
    settings = get_settings()
    if role == "service" and settings.service_database_url:
        return settings.service_database_url
    if settings.database_url:
        return settings.database_url
    name = SUPERUSER if role == "admin" else _ROLE_NAMES[role]
    return private_server().url(name, settings.database)


_engines: dict[tuple[str, Role, bool], Engine] = {}
_readers: dict[tuple[str, bool, bool], Reader] = {}


def _engine(url: str, role: Role, given: bool) -> Engine:
    key = (url, role, given)
    return _engines.get(key) or _engines.setdefault(key, _make_engine(*key))


CONNECTIONS_MOST = 20
"""Connections of a role at once, a process."""


def _settings(role: Role, given: bool) -> dict[str, str]:
    """Return what a connection of ``role`` is opened with; a ``given`` address's account takes the role first."""
    options = f"-c search_path=gis,public -c role={_ROLE_NAMES[role]}" if given else "-c search_path=gis,public"
    settings = get_settings()
    # What gis.today() goes by.
    options += f" -c gis.timezone={settings.timezone}"
    if settings.today is not None:
        options += f" -c gis.today={settings.today.isoformat()}"
    if role == "service":
        # A query that runs long holds up everybody; loads and analyses are the owner's and take their time.
        most_ms = round(get_settings().statement_timeout_s * 1000)
        options = f"{options} {_SERVICE_OPTIONS} -c statement_timeout={most_ms}"
    return {"options": options, "application_name": f"gis-service {role}"}


_TRUSTED_S = 1.0
"""A connection that was used so short a time ago is used again unasked: its answer would cost as much as a question."""


def _make_engine(url: str, role: Role, given: bool) -> Engine:
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"),
        pool_size=CONNECTIONS_MOST // 2,
        max_overflow=CONNECTIONS_MOST // 2,
        hide_parameters=True,  # an error text in a log must not hold what somebody wrote
        connect_args=_settings(role, given),
    )
    event.listen(engine, "checkin", _given_back)
    event.listen(engine, "checkout", _taken)
    return engine


def _given_back(_: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _taken(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
    """See that a connection which lay in the pool still leads to the server; else the pool makes new ones."""
    if time.monotonic() - record.info.get("used_at", math.inf) <= _TRUSTED_S:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT")
        connection.rollback()
    except psycopg2.Error as error:
        raise InvalidatePoolError from error


def _is_given(role: Role) -> bool:
    settings = get_settings()
    return bool(settings.database_url or (settings.service_database_url if role == "service" else None))


def get_engine(role: Role = "service") -> Engine:
    """Return the pooled engine of ``role``."""
    return _engine(database_url(role), role, _is_given(role))


def reader_settings() -> dict[str, str]:
    """Return what a connection of the service's own is opened with, besides its address."""
    return _settings("service", _is_given("service"))


def _reader(*, at_the_door: bool = False) -> Reader:
    """Return the service's reader, or the one at the door, where nobody waits for what others read."""
    url, given = database_url("service"), _is_given("service")
    key = (url, given, at_the_door)
    return _readers.get(key) or _readers.setdefault(key, Reader(plain(url), **_settings("service", given)))


def plain(url: str | URL) -> str:
    """Return an address as libpq takes it, with its password."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


# The same as SET LOCAL ROLE and SET LOCAL, with every value bound, in one round trip. All of it ends with the
# transaction: a connection that goes back to the pool is nobody's.
_IN_THE_NAME_OF = """
SELECT set_config('role', %(asker_role)s, true), set_config('gis.account', %(asker_account)s, true),
       set_config('gis.place', %(asker_place)s, true), set_config('gis.department', %(asker_department)s, true),
       set_config('gis.person', %(asker_person)s, true)
"""


def _named(identity: Identity) -> dict[str, str]:
    return {
        "asker_role": identity.role.database_role,
        "asker_account": identity.account,
        "asker_place": identity.place or "",
        "asker_department": identity.department or "",
        "asker_person": "on" if identity.may(Right.PERSON) else "",
    }


@contextlib.contextmanager
def transaction(identity: Identity, *, read_only: bool = False) -> Iterator[Connection]:
    """Yield a connection in one transaction that sees and does what ``identity`` may, and nothing more.

    It is committed at the end of the block, and undone by an error. With ``read_only`` the server refuses any write.
    """
    with get_engine("service").connect() as connection, counted(connection) as work:
        connection.execution_options(postgresql_readonly=read_only)
        try:
            with connection.begin():
                become(connection, identity)
                if is_operator(identity):
                    connection.exec_driver_sql(_AT_THE_MACHINE)  # who waits at a terminal can end it there
                yield connection
        finally:
            if work is not None and work.given_up.is_set():
                connection.invalidate()  # a late cancellation must not meet the next question


def become(connection: Connection, identity: Identity) -> None:
    """Let the rest of a connection's transaction see and do what ``identity`` may, and nothing more."""
    connection.exec_driver_sql(_IN_THE_NAME_OF, _named(identity))


async def read_row(identity: Identity, name: str, values: Mapping[str, object]) -> tuple[Any, ...]:
    """Return the one row that the named query (its values as ``%(name)s``) has for ``identity``.

    What it sees is what it would see in ``transaction(identity, read_only=True)``; here all of it is one message, and so
    one transaction and one way to the server and back. A plan holds for one role: each has a statement of its own.
    """
    (row,) = await _reader().rows(
        f"{name} {identity.role.database_role}",
        statement(name),
        {**values, **_named(identity)},
        before=f"SET TRANSACTION READ ONLY;{_IN_THE_NAME_OF};",
    )
    return row


async def ask_at_the_door(name: str, values: Mapping[str, object]) -> tuple[Any, ...] | None:
    """Return the row of the named query (its values as ``%(name)s``), if any, for the service: nobody is known yet.

    It is one message and so one transaction. Where the server let go of the connection the query is asked twice.
    """
    rows = await _reader(at_the_door=True).rows(name, statement(name), values)
    return rows[0] if rows else None


@contextlib.contextmanager
def admin_connection(database: str | None = None) -> Iterator[Any]:
    """Yield an autocommitting psycopg2 connection with the right to make roles, databases and extensions."""
    url = make_url(database_url("admin"))
    if database is not None:
        url = url.set(database=database)
    try:
        connection = psycopg2.connect(plain(url))
    except psycopg2.OperationalError as error:
        raise unreachable(error) from error
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def unreachable(error: Exception) -> SetupError:
    """Return the sentence for a database that does not answer; the driver's text may hold a password."""
    settings = get_settings()
    if not settings.database_url and storage.is_full(settings.data_dir):
        return storage.full(settings.data_dir)
    reason = type(error).__name__
    return SetupError(
        f"数据库没有应答（{reason}）。请检查 DATABASE_URL，或运行 gis-service db start。",
        f"The database does not answer ({reason}); check DATABASE_URL, or run gis-service db start.",
    )


@lru_cache(maxsize=8)
def _srid(url: str) -> int:  # noqa: ARG001 - the key of the cache
    try:
        with get_engine("service").connect() as connection:
            return int(connection.execute(text("SELECT work_srid FROM gis.deployment")).scalar_one())
    except OperationalError as error:
        raise unreachable(error) from error


def work_srid() -> int:
    """Return the work SRID of the deployment's database (an EPSG code of a metric CRS)."""
    return _srid(database_url("service"))


@lru_cache(maxsize=8)
def _zone(srid: int) -> tuple[float, float, float, float]:
    from pyproj import CRS  # few commands ask it

    area = CRS.from_epsg(srid).area_of_use
    if area is None:
        return -180.0, -85.0, 180.0, 85.0
    return (
        max(area.west - _ZONE_MARGIN_DEG, -180.0), max(area.south - _ZONE_MARGIN_DEG, -85.0),
        min(area.east + _ZONE_MARGIN_DEG, 180.0), min(area.north + _ZONE_MARGIN_DEG, 85.0),
    )  # fmt: skip


def zone_bounds() -> tuple[float, float, float, float]:
    """Return west, south, east, north in degrees of where the work CRS has coordinates; no feature lies outside.

    Far from its meridian a Gauss-Krüger zone folds back on itself: what is asked of the world is cut to this first.
    """
    return _zone(work_srid())


def forget_connections() -> None:
    """Drop all pooled connections and what is known of the database; for tests and restores."""
    while _engines:
        _, engine = _engines.popitem()
        engine.dispose()
    while _readers:
        _readers.popitem()[1].close()
    _srid.cache_clear()
