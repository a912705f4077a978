"""A small town of four houses in a township and a unit, on a day of its own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from tests.conftest import Database, cloned

with warnings.catch_warnings():
    # Starlette would rather have another client; its own goes on working with httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

TOWN, UNIT, DAY = "451224100", "451224U01", "2022-09-08"
_FILL = """
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.admin_area (code, name, level, parent_code, geom) VALUES
    ('451224', '东兰县', 'county', NULL, ST_Multi(ST_MakeEnvelope(435000, 2711000, 438000, 2713000, 4545))),
    ('451224100', '东兰镇', 'township', '451224', ST_Multi(ST_MakeEnvelope(436000, 2711000, 437000, 2713000, 4545))),
    ('451224U01', '示例矿区管理处', 'unit', '451224', ST_Multi(ST_MakeEnvelope(436800, 2711000, 437000, 2713000, 4545)));
INSERT INTO gis.building (building_id, name, address, township_code, unit_code, unit_source, use_class, business_uses,
                          departments, built_year, violations, simulated, geom)
SELECT id, name, address, '451224100', unit, CASE WHEN unit = '451224U01' THEN 'found' END, use, '{catering}', held, year,
       '{}', true, ST_Multi(ST_MakeEnvelope(x, 2712000, x + 10, 2712010, 4545))
FROM (VALUES ('H1', '红旗饭店', '江平社区1号', '451224100', 'mixed', '{market_reg,health}'::text[], 2005, 436500),
             ('H2', NULL, '江平社区2号', '451224100', 'commercial', '{police}', NULL, 436520),
             ('H3', NULL, NULL, '451224100', 'other', '{}', NULL, 436540),
             ('U1', '矿工食堂', '矿区路1号', '451224U01', 'mixed', '{market_reg}', NULL, 436900))
     AS v (id, name, address, unit, use, held, year, x);
"""


@pytest.fixture(scope="module")
def _town(server, template: str) -> Iterator[str]:
    with cloned(server, template) as made:
        made.ask(_FILL)
        yield made.name


@pytest.fixture
def town(server, _town: str) -> Iterator[Database]:
    """The town for one test to change."""
    with cloned(server, _town) as made:
        yield made


@pytest.fixture
def client(town: Database, app: FastAPI) -> Iterator[TestClient]:
    """The service over the town; who asks is said by the headers."""
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made
