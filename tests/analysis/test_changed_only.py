"""``gis-service analyze --changed-only``: what it finds edited, what it works out again, and what stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gis_service.analysis.amend import carried_on
from gis_service.analysis.command import analyse
from gis_service.analysis.edits import find_edits, touched
from gis_service.db.engine import get_engine
from gis_service.db.server import Server
from gis_service.density.params import Params
from tests.conftest import Database, cloned

_TABLES = ("gap", "alley", "cluster", "building_density", "engine_space", "burn_cluster", "firebreak")
_NUMBERS = ("cluster_id", "burn_cluster_id")
_ROADS = [[(435_000, 2_711_500), (460_000, 2_711_500)], [(436_480, 2_711_950), (436_480, 2_712_060)]]


def _import(database: Database, folder: Path, kind: str, shapes: dict[str, Any], **columns: Any) -> None:
    path = folder / f"{kind}.gpkg"
    names = {"building": "buildings", "road": "roads", "hydrant": "hydrants"}
    frame = gpd.GeoDataFrame({f"{kind}_id": list(shapes), **columns}, geometry=list(shapes.values()), crs=4545)
    frame.to_file(path, engine="pyogrio")
    answer = database.cli("import", names[kind], path)
    assert answer.code == 0, answer.err


@pytest.fixture(scope="module")
def made(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Three hamlets a kilometre apart, 12 houses in two rows each, with roads and a hydrant, analysed as run 1."""
    folder = tmp_path_factory.mktemp("hamlets")
    houses = {
        f"{place}{k:02d}": shapely.box(x, y, x + 10, y + 10)
        for place, x0 in (("a", 436_500), ("b", 437_500), ("c", 438_500))
        for k, (x, y) in enumerate((x0 + 11.5 * (k // 2), 2_712_000 + (k % 2) * 10.8) for k in range(12))
    }
    with cloned(server, template) as database:
        _import(database, folder, "building", houses, floors=[5] * len(houses))
        roads = {f"r{k}": shapely.LineString(line) for k, line in enumerate(_ROADS)}
        _import(database, folder, "road", roads)
        _import(database, folder, "hydrant", {"w0": shapely.Point(436_600, 2_712_040)})
        assert database.cli("analyze").code == 0
        yield database


@pytest.fixture
def hamlets(server: Server, made: Database) -> Iterator[Database]:
    """A copy of the hamlets for one test to change."""
    with cloned(server, made.name) as database:
        yield database


def assert_same(database: Database, amended: int, whole: int) -> None:
    """Compare two runs row by row; the numbers of clusters and burn clusters are matched by their houses."""
    of: dict[str, str] = {}
    for number in _NUMBERS:
        pairs = database.ask(
            f"""SELECT DISTINCT x.{number}, y.{number} FROM gis.building_density AS x
                JOIN gis.building_density AS y USING (building_id) WHERE x.run_id = {amended} AND y.run_id = {whole}"""
        )
        assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs), number
        known = [pair for pair in pairs if None not in pair]
        assert len(known) >= len(pairs) - 1, number
        values = ", ".join(f"({a}, {b})" for a, b in known) or "(NULL::integer, NULL::integer)"
        of[number] = f"(SELECT m.b FROM (VALUES {values}) AS m (a, b) WHERE m.a = {number})"
    for table in _TABLES:
        columns = [
            name for (name,) in database.ask(
                """SELECT column_name FROM information_schema.columns WHERE table_schema = 'gis' AND table_name = %s
                   AND column_name NOT IN ('fid', 'run_id', 'alley_id', 'digest', 'name')""", table)
        ]  # fmt: skip
        one, two = ", ".join(of.get(name, name) for name in columns), ", ".join(columns)
        differing = f"""SELECT count(*) FROM (
            (SELECT {one} FROM gis.{table} WHERE run_id = {amended} EXCEPT ALL
             SELECT {two} FROM gis.{table} WHERE run_id = {whole})
            UNION ALL
            (SELECT {two} FROM gis.{table} WHERE run_id = {whole} EXCEPT ALL
             SELECT {one} FROM gis.{table} WHERE run_id = {amended})) AS d"""
        assert database.one(differing) == 0, table


def test_equals_a_whole_run(demo_copy: Database):
    """After an edit of every kind in two townships, the run that was brought up to date holds what a whole run holds."""
    with demo_copy.active():
        edit: Any = get_engine("owner").raw_connection()
        with edit.cursor() as cursor:
            demo_copy.clear("township_code NOT IN ('451224205', '451224208')")
            first, _ = analyse(Params())
            cursor.execute(
                """WITH numbered AS (SELECT building_id, row_number() OVER (ORDER BY building_id) AS n FROM gis.building)
                   UPDATE gis.building AS b SET geom = ST_Translate(geom, 0.4, -0.3) FROM numbered
                   WHERE numbered.building_id = b.building_id AND n IN (10, 400, 900);
                   UPDATE gis.building SET removed_on = '2022-09-01'
                   WHERE building_id = (SELECT max(building_id) FROM gis.building);
                   UPDATE gis.building SET floors = 9 WHERE building_id = (SELECT min(building_id) FROM gis.building);
                   INSERT INTO gis.judgement (building_id, kind, tier, judged_on) SELECT min(building_id), 'preliminary',
                       'severe', '2022-09-08' FROM gis.building WHERE hazard_tier <> 'severe';
                   UPDATE gis.building SET village_code = NULL WHERE building_id =
                       (SELECT min(building_id) FROM gis.building WHERE hazard_tier = 'severe');
                   INSERT INTO gis.building (building_id, geom)
                   SELECT 'new', ST_Translate(geom, 3000, 0) FROM gis.building ORDER BY building_id LIMIT 1;
                   DELETE FROM gis.road WHERE road_id = (SELECT r.road_id FROM gis.road AS r JOIN gis.building AS b
                       ON ST_DWithin(b.geom, r.geom, 15) ORDER BY ST_Length(r.geom), r.road_id LIMIT 1);
                   SELECT gis.step_data()"""
            )
            edit.commit()
        amended, _ = analyse(Params(), changed_only=True)
        whole, counts = analyse(Params())
        edit.close()
    assert amended == first
    assert whole > first
    assert min(counts.values()) > 0
    assert_same(demo_copy, amended, whole)


_EDITS = {
    "a house moved": "UPDATE gis.building SET geom = ST_Translate(geom, 0.3, 0.2) WHERE building_id = 'b04'",
    "a house added": """INSERT INTO gis.building (building_id, geom)
        SELECT 'b99', ST_Translate(geom, 0, -10.6) FROM gis.building WHERE building_id = 'b04'""",
    "the cluster split": "DELETE FROM gis.building WHERE building_id IN ('b04', 'b05', 'b06', 'b07')",
    "a hamlet gone": "DELETE FROM gis.building WHERE building_id LIKE 'b%'",
    "a new hamlet": """INSERT INTO gis.building (building_id, geom)
        SELECT 'n' || building_id, ST_Translate(geom, 0, 900) FROM gis.building WHERE building_id LIKE 'b%'""",
    "two hamlets joined": """INSERT INTO gis.building (building_id, geom)
        SELECT 'z' || k, ST_Multi(ST_MakeEnvelope(436569 + 11 * k, 2712000, 436579 + 11 * k, 2712010, ST_SRID(geom)))
        FROM gis.building, generate_series(0, 84) AS k WHERE building_id = 'b00'""",
    "in another 10 km square": """INSERT INTO gis.building (building_id, geom)
        SELECT 'far', ST_Translate(geom, -20000, 0) FROM gis.building WHERE building_id = 'b04'""",
    "a sliver by itself": """INSERT INTO gis.building (building_id, geom)
        SELECT 'sliver', ST_Multi(ST_MakeEnvelope(436000, 2713000, 436009, 2713000.01, ST_SRID(geom)))
        FROM gis.building WHERE building_id = 'b00'""",
    "another height": "UPDATE gis.building SET height_m = 30 WHERE building_id = 'b04'",
    "a house over another": """INSERT INTO gis.building (building_id, geom)
        SELECT 'b99', ST_Translate(geom, 0.1, 0) FROM gis.building WHERE building_id = 'b04'""",
    "a road gone": "DELETE FROM gis.road WHERE road_id = 'r1'",
    "the only road of the open country gone": "DELETE FROM gis.road WHERE road_id = 'r0'",
    "no road left": "DELETE FROM gis.road",
    "a road moved": "UPDATE gis.road SET geom = ST_Translate(geom, 1010, 0) WHERE road_id = 'r1'",
    "a hydrant more": """INSERT INTO gis.hydrant (hydrant_id, geom)
        SELECT 'w1', ST_Translate(geom, 1000, 0) FROM gis.hydrant""",
    "no hydrant left": "DELETE FROM gis.hydrant",
}


@pytest.mark.parametrize("edit", _EDITS)
def test_every_edit(hamlets: Database, edit: str):
    """Whatever is edited, and whether one island or the whole county is worked out again, a whole run says the same."""
    hamlets.ask(_EDITS[edit])
    answer = hamlets.cli("analyze", "--changed-only")
    assert answer.code == 0, answer.err
    assert "doing the whole" not in answer.err
    assert hamlets.cli("analyze").code == 0
    assert hamlets.one("SELECT count(*) FROM gis.gap WHERE run_id = 2") > 0
    assert_same(hamlets, 1, 2)
    again = hamlets.cli("analyze", "--changed-only")
    assert "Nothing changed" in again.err


def test_only_the_island_is_worked_out_again(hamlets: Database):
    hamlets.ask(_EDITS["a house moved"])
    with hamlets.active():
        connection: Any = get_engine("owner").raw_connection()
        with connection.cursor() as cursor:
            edits = find_edits(cursor)
            part = touched(cursor, edits)
            assert edits[["kind", "id"]].to_numpy().tolist() == [["building", "b04"]]
            assert part.access_basis == "roads"
            cursor.execute("SELECT building_id FROM gis.building WHERE fid = ANY (%s)", (part.fids.tolist(),))
            assert {row[0][0] for row in cursor.fetchall()} == {"b"}
        connection.close()


def test_rows_that_are_right_stay(hamlets: Database):
    """Where all is worked out again and nothing comes out otherwise, no row is written."""
    rows = "SELECT count(*), min(fid), max(fid) FROM gis.{}"
    tables = ("gap", "alley", "building_density", "engine_space")
    before = [hamlets.ask(rows.format(table)) for table in tables]
    hamlets.ask("UPDATE gis.hydrant SET geom = ST_Translate(geom, 5, 0)")
    answer = hamlets.cli("analyze", "--changed-only")
    assert "1 hydrants" in answer.err
    assert [hamlets.ask(rows.format(table)) for table in tables] == before


def test_numbers_and_names_stay_with_their_clusters(hamlets: Database):
    """A printed sheet of a cluster still means the same one after edits there and elsewhere."""
    which = """SELECT left(d.building_id, 1), d.cluster_id, c.name FROM gis.building_density AS d
               JOIN gis.cluster AS c USING (run_id, cluster_id) WHERE d.building_id ~ '^[abc][0-9]+$'
               GROUP BY 1, 2, 3 ORDER BY 1"""
    before = hamlets.ask(which)
    assert [row[0] for row in before] == ["a", "b", "c"]
    hamlets.ask("DELETE FROM gis.building WHERE building_id IN ('a00', 'a01')")
    hamlets.ask(_EDITS["a new hamlet"])
    assert hamlets.cli("analyze", "--changed-only").code == 0
    assert hamlets.ask(which) == before
    # By a whole run the larger ones would come first.
    new = hamlets.one("SELECT DISTINCT cluster_id FROM gis.building_density WHERE building_id LIKE 'nb%%'")
    assert new == 4
    assert hamlets.one("SELECT name FROM gis.cluster WHERE cluster_id = 4") == "4号"


def test_an_import_that_ends_while_an_analysis_runs_is_not_lost(hamlets: Database):
    """Its rows were not seen; whatever the versions say, the next --changed-only finds them."""
    with hamlets.active():
        connection: Any = get_engine("owner").raw_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT gis.step_data()")
            cursor.execute(_EDITS["a house moved"])
            analyse(Params())
            connection.commit()
        connection.close()
    answer = hamlets.cli("analyze", "--changed-only")
    assert "1 changed buildings" in answer.err
    assert hamlets.cli("analyze").code == 0
    assert_same(hamlets, 2, 3)


def test_other_parameters_or_a_run_without_its_record_are_done_whole(hamlets: Database):
    hamlets.ask(_EDITS["a house moved"])
    answer = hamlets.cli("analyze", "--changed-only", "--engine-width-m", "3")
    assert answer.code == 0, answer.err
    assert "doing the whole" in answer.err
    hamlets.ask("DELETE FROM gis.analysed")
    answer = hamlets.cli("analyze", "--changed-only")
    assert "doing the whole" in answer.err
    assert hamlets.one("SELECT count(*) FROM gis.run WHERE kind = 'density'") == 3


def test_a_county_without_houses_keeps_its_run(hamlets: Database):
    hamlets.ask("DELETE FROM gis.building")
    answer = hamlets.cli("analyze", "--changed-only")
    assert answer.code == 1
    assert "import buildings" in answer.err
    assert hamlets.one("SELECT count(*) FROM gis.gap WHERE run_id = 1") > 0


def test_numbers_are_carried_on_by_the_larger_share():
    old = pd.Series({"a": 7, "b": 7, "c": 7, "d": 3, "e": 3, "f": pd.NA}, dtype="Int64")
    # 1 has two houses of 7 and 4 has one: 1 goes on as 7. 5 has none of a numbered one.
    new = pd.Series({"a": 1, "b": 1, "c": 4, "d": 2, "e": 2, "f": 5, "g": 5, "h": pd.NA}, dtype="Int64")
    assert carried_on(new, old, 20) == {1: 7, 2: 3, 4: 21, 5: 22}
    # Two that grew together go on under the number of the larger.
    assert carried_on(pd.Series(1, index=list("abcde"), dtype="Int64"), old, 20) == {1: 7}
    assert carried_on(new.iloc[:0], old, 20) == {}
