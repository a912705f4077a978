"""The service over real sockets, with short deadlines, and clients that do as they please."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from gis_service.db.engine import transaction
from gis_service.db.server import Server
from gis_service.identity import operator
from gis_service.selection.published import ensure_published
from tests.conftest import Database, cloned, serving, signed_in

SHORT = {"GIS_HEAD_TIMEOUT_S": "2", "GIS_SEND_TIMEOUT_S": "2", "GIS_BODY_TIMEOUT_S": "1", "GIS_KEEP_S": "1"}


@pytest.fixture(scope="session", autouse=True)
def _many_files() -> None:
    """Let this process have the thousands of connections that are held here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 8_192 <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (8_192, hard))


EQUAL_HOUSES = """
INSERT INTO gis.admin_area (code, name, level, parent_code, geom) VALUES
    ('451224', '东兰县', 'county', NULL, ST_Multi(ST_MakeEnvelope(430000, 2700000, 450000, 2720000, 4545))),
    ('451224100', '东兰镇', 'township', '451224', ST_Multi(ST_MakeEnvelope(430000, 2700000, 450000, 2720000, 4545)));
INSERT INTO gis.key_zone (zone_id, kind, name, geom)
VALUES ('z', 'school', '小学', ST_Multi(ST_MakeEnvelope(436000, 2712000, 436100, 2712100, 4545)));
INSERT INTO gis.building (building_id, name, township_code, floors, geom)
SELECT 'b' || x || '-' || y, '房屋', '451224100', 3,
       ST_Multi(ST_MakeEnvelope(436000 + 15 * x, 2712000 + 15 * y, 436010 + 15 * x, 2712010 + 15 * y, 4545))
FROM generate_series(1, 60) AS x, generate_series(1, 60) AS y;
ANALYZE gis.building
"""


@pytest.fixture(scope="module")
def town(server: Server, template: str) -> Iterator[Database]:
    """A town of 3,600 equal houses, for a whole file: nobody minds what others draw or list in it."""
    with cloned(server, template) as made:
        made.ask(EQUAL_HOUSES)
        yield made


@pytest.fixture(scope="module")
def live(town: Database, app: FastAPI) -> Iterator[int]:
    """The port of the service over the town."""
    with town.active(**SHORT):
        with transaction(operator()) as connection:
            ensure_published(connection)
        with serving(app) as address:
            yield int(address.rsplit(":", 1)[1])


@pytest.fixture
def people(live: int, town: Database) -> list[dict[str, str]]:
    """The headers of three people and their programs."""
    return [
        signed_in(town, "planner"), signed_in(town, "fire"), signed_in(town, "township", place="451224100"),
    ]  # fmt: skip
