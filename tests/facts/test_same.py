"""The served map, the offline file, the sheet and the workbook say the same of the same houses and clusters."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2 as pdfium
import pytest
from fastapi import FastAPI

with warnings.catch_warnings():
    # Starlette would rather have another client; its own goes on working with httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from gis_service.db.engine import transaction
from gis_service.db.server import Server
from gis_service.export.mark import Mark
from gis_service.identity import operator
from gis_service.sheet.fire import print_sheet, read_sheet_data
from tests.conftest import Database, signed_in
from web_map.fire import fire_page
from web_map.planner import planner_page

CLUSTERS, HOUSES_EACH = 5, 4
Facts = dict[str, Any]


def _by_key(page: Any, layer: str) -> dict[str, Facts]:
    """What the popups of an offline file's layer say."""
    (found,) = [part for part in page.config["layers"] if part["id"] == layer]
    return {feature["k"]: feature["f"] for feature in found["features"]}


@pytest.fixture(scope="module")
def county(server: Server, analysed_demo: str, front_end: None) -> Iterator[Database]:
    with Database(server, analysed_demo).active(GIS_INLINE_LIMIT="100000") as made:
        yield made


@pytest.fixture(scope="module")
def served(county: Database, app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, headers=signed_in(county)) as client:
        yield client


@pytest.fixture(scope="module")
def clusters(county: Database) -> list[int]:
    """Small ones, so that their sheets are soon set, each with houses of the priority list."""
    return [
        int(row[0])
        for row in county.ask(
            "SELECT d.cluster_id FROM gis.building_density AS d JOIN gis.selection AS s USING (building_id) "
            "JOIN gis.cluster AS c ON (c.run_id, c.cluster_id) = (d.run_id, d.cluster_id) WHERE c.buildings < 31 "
            "GROUP BY 1 HAVING count(*) >= %s ORDER BY bool_or(d.unreached) DESC, count(*) DESC, 1 LIMIT %s",
            HOUSES_EACH, CLUSTERS,
        )
    ]  # fmt: skip


@pytest.fixture(scope="module")
def houses(county: Database, clusters: list[int]) -> list[str]:
    """Twenty houses on the list, of which most is known, four of each cluster."""
    found = county.ask(
        "SELECT building_id FROM (SELECT d.building_id, row_number() OVER (PARTITION BY d.cluster_id "
        "ORDER BY cardinality(b.business_uses) DESC, d.unreached DESC, d.building_id) AS n FROM gis.building_density AS d "
        "JOIN gis.selection AS s USING (building_id) JOIN gis.building AS b USING (building_id) "
        "WHERE d.cluster_id = ANY (%s)) AS one WHERE n <= %s",
        clusters, HOUSES_EACH,
    )  # fmt: skip
    assert len(found) == CLUSTERS * HOUSES_EACH
    return [str(row[0]) for row in found]


@pytest.fixture(scope="module")
def sheets(county: Database, clusters: list[int]) -> dict[int, dict[str, Any]]:
    with transaction(operator(), read_only=True) as connection:
        return {c: read_sheet_data(connection, c, None, "A4", Mark("test")) for c in clusters}


@pytest.fixture(scope="module")
def offline(county: Database, clusters: list[int]) -> dict[int, Any]:
    with transaction(operator(), read_only=True) as connection:
        return {c: fire_page(connection, None, c, offline=True) for c in clusters}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_house_served_and_offline(county: Database, served: TestClient, houses: list[str], lang: str):
    run = county.one("SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL")
    with transaction(operator(), read_only=True) as connection:
        kept = _by_key(planner_page(connection, run, offline=True, lang=lang), "houses")
    for house in houses:
        listed = served.get(f"/api/selections/{run}/buildings/{house}?lang={lang}").json()
        known = served.get(f"/api/buildings/{house}?lang={lang}").json()
        told = kept[house]
        assert (listed["title"], listed["rows"], listed["reasons_text"]) == (
            told["title"],
            told["rows"],
            told["reasons"],
        )
        assert (known["title"], known["rows"], known["reasons"]) == (told["title"], told["rows"], told["reasons"])
        assert len(told["rows"]) > 8
        assert told["reasons"]


def test_a_house_in_the_workbook(county: Database, served: TestClient, houses: list[str]):
    run = county.one("SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL")
    made = served.get(f"/api/selections/{run}/export?format=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(made.content), read_only=True)
    heads, *rows = [list(row) for row in book.worksheets[0].iter_rows(min_row=3, values_only=True)]
    written = {row[heads.index("房屋编号")]: dict(zip(heads, row, strict=True)) for row in rows}
    for house in houses:
        facts = served.get(f"/api/buildings/{house}").json()
        told, row = dict(facts["rows"]), written[house]
        # What the workbook has and the popup does not: the rank, the name as title, the place in degrees, the marks.
        for label in heads[: heads.index("模拟数据")]:
            if label == "选取原因":
                assert row[label] == "；".join(facts["reasons"])
            elif label == "名称":
                assert facts["title"] == (row[label] or house)
            elif label != "序号":
                value = row[label]
                said = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
                assert said == told.get(label, ""), (house, label)
        assert set(told) - set(heads) <= {"连片区", "水带距离", "进深", "最近间距"}


def test_a_house_on_the_sheet_and_in_the_brigade_s_file(
    served: TestClient, houses: list[str], sheets: dict[int, Any], offline: dict[int, Any]
):
    seen = set()
    for cluster, sheet in sheets.items():
        popups = _by_key(offline[cluster], "houses")
        heads = sheet["house_headings"]
        for row in sheet["houses"]:
            house = row[0]
            if house not in houses:
                continue
            seen.add(house)
            said = {label: value for label, value in zip(heads, row, strict=True) if value not in {"", "—"}}
            name = said.pop("名称", house)
            full = served.get(f"/api/buildings/{house}").json()
            assert (popups[house]["title"], full["title"]) == (name, name)
            assert said.items() <= dict(popups[house]["rows"]).items() <= dict(full["rows"]).items(), house
            assert len(said) >= 6
    assert seen == set(houses)


def test_a_cluster_everywhere(
    served: TestClient, clusters: list[int], sheets: dict[int, Any], offline: dict[int, Any], tmp_path: Path
):
    for cluster in clusters:
        asked = served.get(f"/api/clusters/{cluster}").json()
        popup = _by_key(offline[cluster], "clusters")[f"c{cluster}"]
        sheet = sheets[cluster]
        assert (asked["title"], asked["rows"], asked["reasons"]) == (popup["title"], popup["rows"], popup["reasons"])
        assert [list(pair) for pair in sheet["figures"]] == popup["rows"]
        assert (sheet["name"], sheet["score_parts"]) == (popup["title"], popup["reasons"])
        assert [list(pair) for pair in offline[cluster].facts] == popup["rows"]
        listed = served.get("/api/clusters", params={"q": asked["title"]}).json()["items"]
        assert asked["title"] in {item["label"] for item in listed}
    document = pdfium.PdfDocument(print_sheet(sheets[clusters[0]]))
    paper = "".join(page.get_textpage().get_text_bounded() for page in document).replace(" ", "")
    for label, value in sheets[clusters[0]]["figures"]:
        assert label.replace(" ", "") in paper
        assert value.replace(" ", "") in paper


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_patrol_everywhere(served: TestClient, clusters: list[int], sheets: dict[int, Any], lang: str):
    for cluster in clusters[:2]:
        answer = served.get(f"/api/clusters/{cluster}/patrol?lang={lang}").json()
        asked = answer["features"]
        with transaction(operator(), read_only=True) as connection:
            page = fire_page(connection, None, cluster, offline=True, lang=lang)
        assert page.config["fire"]["summary"] == answer["summary"]
        # Whole metres there, tenths here: both rounded from the length itself.
        length = re.search(r"(?:巡查全程|patrol is) ([\d,]+) m", answer["summary"])
        assert length
        assert float(length[1].replace(",", "")) == pytest.approx(answer["length_m"], abs=0.55)
        if lang == "zh":
            assert sheets[cluster]["patrol"]["summary"] == answer["summary"]
        drawn = {part["id"]: part["features"] for part in page.config["layers"]}
        for what, layer in (("step", "patrol"), ("staging", "staging")):
            told = [f["properties"] for f in asked if f["properties"]["what"] == what]
            assert told
            assert [(t["title"], t["rows"]) for t in told] == [(f["f"]["title"], f["f"]["rows"]) for f in drawn[layer]]
