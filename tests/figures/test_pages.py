"""The county's start page and a township's page, as answers of the service and as a file."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import warnings
from collections import Counter
from pathlib import Path

import pytest
import shapely

from tests.api.conftest import client, fresh  # noqa: F401 - fixtures
from tests.conftest import Database, signed_in
from web_map.layers.packed import pack

with warnings.catch_warnings():
    # Starlette would rather have another client; its own goes on working with httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

TOWN = "451224208"


def _config(html: str) -> dict:
    found = re.search(r'<script type="application/json" id="gis-config">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


def test_the_start_page_has_the_countys_figures(client, demo_database: Database):  # noqa: F811
    houses, severe = demo_database.ask(
        "SELECT count(*), count(*) FILTER (WHERE hazard_tier = 'severe') FROM gis.building"
    )[0]
    page = client.get("/", headers={"accept": "text/html"})
    assert page.status_code == 200
    for told in (f"{houses:,}", "附件1", "附件2", "三弄瑶族乡", "/map/township/451224104", "模拟数据", "内部工作用图"):
        assert told in page.text, told
    circles = _config(page.text)["circles"]
    assert len(circles["places"]) == 14
    assert sum(place["values"]["severe"] for place in circles["places"]) == severe > 30


def test_an_empty_database_has_a_sentence(fresh):  # noqa: F811
    page = fresh.get("/", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "gis-service import" in page.text


@pytest.mark.parametrize(
    ("code", "status"), [("451224299", 404), ("45122410", 422), ("45122410x", 422), ("4512241000", 422)]
)
def test_an_unknown_township(client, code: str, status: int):  # noqa: F811
    assert client.get(f"/map/township/{code}").status_code == status


def test_a_township_shows_its_own_and_no_others(client, demo_database: Database):  # noqa: F811
    page = client.get(f"/map/township/{TOWN}")
    config = _config(page.text)
    listed = next(layer for layer in config["layers"] if layer["id"] == "listed")
    assert listed["features"]
    ours = {row[0] for row in demo_database.ask("SELECT building_id FROM gis.building WHERE township_code = %s", TOWN)}
    assert {feature["k"] for feature in listed["features"]} <= ours
    found = client.get(config["worklist"]["pages"] + "&limit=500").json()
    assert {item["building_id"] for item in found["items"]} <= ours
    first = found["items"][0]["building_id"]
    assert demo_database.one("SELECT hazard_tier FROM gis.building WHERE building_id = %s", first) == "severe"


def test_the_offline_file_has_every_house(client, demo_database: Database):  # noqa: F811
    page = client.get(f"/map/township/{TOWN}/offline")
    assert "attachment" in page.headers["content-disposition"]
    assert "http" not in "".join(re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]*)"', page.text))
    packed = next(layer["packed"] for layer in _config(page.text)["layers"] if layer["id"] == "houses")
    rows = demo_database.ask("SELECT building_id, hazard_tier FROM gis.building WHERE township_code = %s", TOWN)
    assert set(packed["k"]) == {key for key, _ in rows}
    tiers = packed["coded"]["hazard_tier"]
    shown = [tiers["of"][ord(c) - 48] for c in tiers["at"]]
    assert dict(zip(packed["k"], shown, strict=True)) == dict(rows)


def test_the_command_writes_the_file(demo_database: Database, client, tmp_path: Path):  # noqa: F811
    out = tmp_path / "town.html"
    done = demo_database.cli("map", "township", "--township", TOWN, "--out", out)
    assert (done.code, done.err) == (0, "")
    assert out.stat().st_size < 10_000_000
    refused = demo_database.cli("map", "township", "--township", "451224299", "--out", tmp_path / "no.html")
    assert refused.code == 1
    assert "451224299" in refused.err
    assert not (tmp_path / "no.html").exists()
    assert demo_database.cli("map", "township", "--township", "12", "--out", out).code == 1


def test_a_work_list_is_a_file(client, demo_database: Database):  # noqa: F811
    answer = client.get(f"/api/figures/list?township={TOWN}&format=csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    expected = demo_database.one(
        """SELECT count(*) FROM gis.building AS b WHERE township_code = %s AND (hazard_tier IN ('severe', 'some')
           OR EXISTS (SELECT FROM gis.selection AS s WHERE s.building_id = b.building_id
                      AND s.run_id = (SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL AND finished_at IS NOT NULL)))""",
        TOWN,
    )
    assert len(lines) == expected + 1


WORKED = """
    SELECT b.building_id FROM gis.building AS b LEFT JOIN gis.selection AS s USING (building_id)
    WHERE b.unit_code = %s AND b.removed_on IS NULL AND (s.run_id IS NULL OR s.run_id = (
        SELECT run_id FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL))
      AND (s.run_id IS NOT NULL OR b.hazard_tier IN ('severe', 'some')) AND """


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("", "true"),
        ("tier=some", "b.hazard_tier = 'some'"),
        ("action=stop", "(b.appraisal_grade IN ('C', 'D') OR b.hazard_tier = 'severe')"),
        ("action=rectify", "b.appraisal_grade IN ('C', 'D')"),
        ("action=appraise", "b.appraisal_grade IS DISTINCT FROM 'C' AND b.appraisal_grade IS DISTINCT FROM 'D' AND b.hazard_tier IN ('severe', 'some')"),
        ("action=judge", "b.appraisal_grade IS DISTINCT FROM 'C' AND b.appraisal_grade IS DISTINCT FROM 'D' AND b.hazard_tier = 'unjudged'"),
        ("action=review", "b.appraisal_grade IS DISTINCT FROM 'C' AND b.appraisal_grade IS DISTINCT FROM 'D' AND b.hazard_tier = 'none_found'"),
        ("q=7", "(b.building_id LIKE '%%7%%' OR b.name LIKE '%%7%%' OR b.address LIKE '%%7%%')"),
        (f"village={TOWN}001&tier=severe", f"b.village_code = '{TOWN}001' AND b.hazard_tier = 'severe'"),
    ],
)  # fmt: skip
def test_a_work_list_is_narrowed_on_the_page_and_in_the_file(
    client,  # noqa: F811
    demo_database: Database,
    query: str,
    condition: str,
):
    expected = {row[0] for row in demo_database.ask(WORKED + condition, TOWN)}
    found = client.get(f"/api/figures/worklist?township={TOWN}&limit=500&{query}").json()
    assert found["shown"] == len(expected)
    assert found["truncated"] == (len(expected) > 500)
    page = [item["building_id"] for item in found["items"]]
    assert set(page) <= expected
    assert len(page) == min(500, len(expected))
    if len(page) > 3:
        second = client.get(f"/api/figures/worklist?township={TOWN}&limit=2&offset=1&{query}").json()
        assert [item["building_id"] for item in second["items"]] == page[1:3]
        assert second["truncated"]
    file = client.get(f"/api/figures/list?township={TOWN}&format=csv&{query}").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(file)))
    assert {row["房屋编号"] for row in rows} == expected
    assert [row["房屋编号"] for row in rows][: len(page)] == page


def test_facts_of_a_house(client, demo_database: Database):  # noqa: F811
    key = demo_database.one("SELECT building_id FROM gis.building WHERE hazard_tier = 'severe' ORDER BY 1 LIMIT 1")
    client.post("/api/selections", json={})  # reasons are those of the newest run, whoever made it
    facts = client.get(f"/api/buildings/{key}").json()
    assert ["安全隐患", "存在严重安全隐患"] in facts["rows"]
    assert any("安全隐患" in reason for reason in facts["reasons"])
    for unknown in ("nobody", "%00", "x" * 500):
        assert client.get(f"/api/buildings/{unknown}").status_code == 404


def test_packing_loses_nothing_but_a_tenth_of_a_metre():
    ring = shapely.Polygon(
        [(107.1, 24.5), (107.2, 24.5), (107.2, 24.6)], [[(107.15, 24.51), (107.19, 24.51), (107.19, 24.55)]]
    )
    shapes = [
        shapely.box(107, 24, 107.0001, 24.0001),
        ring,
        shapely.MultiPolygon([ring, shapely.box(108, 25, 108.1, 25.1)]),
    ]
    rows = [{"building_id": str(i), "floors": i or None, "t": "b"} for i in range(3)]
    packed = pack(rows, shapes, {"t": ["a", "b"]})

    def points(flat: list[int]) -> list[tuple[float, float]]:
        x, y = packed["o"]
        found = []
        for dx, dy in zip(flat[::2], flat[1::2], strict=True):
            x, y = x + dx, y + dy
            found.append((x / packed["steps"], y / packed["steps"]))
        return found

    for shape, given in zip(packed["shapes"], shapes, strict=True):
        parts = [[shape]] if isinstance(shape[0], int) else shape
        made = shapely.MultiPolygon([shapely.Polygon(points(p[0]), [points(r) for r in p[1:]]) for p in parts])
        assert shapely.hausdorff_distance(made, shapely.MultiPolygon([*shapely.get_parts(given)])) < 1e-6
    assert packed["coded"]["t"]["at"] == "111"
    assert packed["floors"] == [0, 1, 2]


def test_charts_say_what_they_show(client, demo_database: Database):  # noqa: F811
    """Who is overdue and the course of the campaign, as pictures with their numbers beside them; no script draws them."""
    page = client.get("/", headers={"accept": "text/html"}).text
    charts = re.findall(r'<figure class="gis-chart">(.*?)</figure>', page, re.S)
    assert len(charts) == 3
    for chart in charts:
        role = "group" if "<a " in chart else "img"  # one picture has no links in it
        assert re.search(rf'<svg [^>]*role="{role}"[^>]*><title>.+</title><desc>.+</desc>', chart)
        assert "<script" not in chart
        assert " style=" not in chart
    bars = re.findall(r"<tr><th scope=\"row\">(.+?)</th>(.*?)</tr>", charts[0], re.S)
    told = {name: re.findall(r'<td class="num"><a href="(.+?)">(\d+)</a></td>', cells) for name, cells in bars}
    wanted = demo_database.ask(
        "SELECT a.name, count(*) FILTER (WHERE c.state IN ('pending', 'in_progress') AND c.deadline < '2022-09-08'), "
        "count(*) FILTER (WHERE c.state = 'pending'), count(*) FILTER (WHERE c.state = 'in_progress'), "
        "count(*) FILTER (WHERE c.state = 'accepted'), count(*) FILTER (WHERE c.state = 'cleared'), count(*) FROM gis.case AS c JOIN gis.building AS b USING (building_id) JOIN gis.admin_area AS a ON a.code = b.unit_code "
        "WHERE c.kind = 'structure' AND b.use_class <> 'other' GROUP BY 1"
    )
    assert {name: [int(n) for _, n in cells] for name, cells in told.items()} == {n: numbers for n, *numbers in wanted}
    # Each opens the cases that it counts.
    for href, number in next(iter(told.values())):
        asked = html.unescape(href).replace("/cases?", "/api/cases?operating=true&limit=500&")
        assert len(client.get(asked).json()["items"]) == int(number), href
    last = re.findall(r"<tr><th scope=\"row\">2022-09-08</th>(.*?)</tr>", charts[1], re.S)
    found, acted, done = (int(n.replace(",", "")) for n in re.findall(r">([\d,]+)<", last[0]))
    assert found == sum(row[6] for row in wanted)
    assert found >= acted >= done == sum(row[4] + row[5] for row in wanted)


def test_the_worst_clusters(server, analysed_demo: str, app):
    """Ranked by hazards, then their share, then the coverage, as plain rows say; each leads to its map."""
    with Database(server, analysed_demo).active() as county:
        rows = county.ask(
            "SELECT d.cluster_id, b.hazard_tier, c.buildings, c.coverage FROM gis.building_density AS d JOIN gis.building AS b "
            "USING (building_id) JOIN gis.cluster AS c USING (run_id, cluster_id) WHERE d.run_id = (SELECT max(run_id) FROM gis.run "
            "WHERE kind = 'density') AND b.removed_on IS NULL"
        )
        hazards = Counter(row[0] for row in rows if row[1] in {"severe", "some"})
        facts = {row[0]: (row[2], row[3]) for row in rows}
        order = sorted(hazards, key=lambda c: (-hazards[c], -hazards[c] / facts[c][0], -facts[c][1], c))[:10]
        with TestClient(app, headers=signed_in(county)) as asked:
            page = asked.get("/", headers={"accept": "text/html"}).text
    table = re.search(r'<table class="gis-table" id="table-worst">(.*?)</table>', page, re.S)
    assert table
    assert [int(n) for n in re.findall(r'href="/map/fire/(\d+)"', table[1])] == order
