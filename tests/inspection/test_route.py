"""``gis-service route``: files in, a GeoPackage of five layers out, or one sentence."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from click.testing import CliRunner, Result

from gis_service.cli import cli
from gis_service.errors import InputError
from gis_service.settings import default
from tests.shared import shared_data

COLUMNS = {
    "stops": ["stop_id", "team", "day", "seq", "arrive", "leave", "travel_m", "minutes", "urgency", "pinned"],
    "routes": ["team", "day", "stops", "minutes", "travel_m"],
    "territories": ["team", "stops", "minutes", "villages"],
    "unplanned": ["stop_id", "reason"],
    "summary": [
        "teams", "stops", "days", "balance_stops", "villages_split", "overlap_share", "travel_m",
        "lower_bound_team_days", "lift", "random_lift", "kept_share", "gave_way", "seconds", "parameters",
        "input_sha256", "version",
    ],
}  # fmt: skip
COMMON = ("--teams", "2", "--per-day", "8", "--start", "2026-03-02", "--iterations", "40", "--workers", "1")


def houses(count: int = 24, **columns: object) -> gpd.GeoDataFrame:
    """Return square houses, 40 m apart, in rows of six."""
    xy = [(500_000 + 40 * (k % 6), 2_700_000 + 40 * (k // 6)) for k in range(count)]
    data = {"stop_id": [f"h{k:02d}" for k in range(count)], "minutes": 20, **columns}
    return gpd.GeoDataFrame(data, geometry=[shapely.box(x, y, x + 9, y + 9) for x, y in xy], crs=4545)


def saved(frame: gpd.GeoDataFrame, folder: Path, name: str = "stops.gpkg") -> Path:
    """Write a layer to a file."""
    frame.to_file(folder / name)
    return folder / name


def route(*args: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["route", *map(str, args)])


def layer(path: Path, name: str) -> pd.DataFrame:
    """Read one layer of a plan."""
    found: pd.DataFrame = pyogrio.read_dataframe(path, layer=name)
    return found


def test_five_layers_with_their_columns(tmp_path: Path) -> None:
    out = tmp_path / "plan.gpkg"
    done = route(saved(houses(urgency=[1, 2, 3, 4] * 6, village_code="450001"), tmp_path), *COMMON, "--out", out)
    assert done.exit_code == 0, done.output
    assert list(pyogrio.list_layers(out)[:, 0]) == list(COLUMNS)
    for name, columns in COLUMNS.items():
        assert list(pyogrio.read_info(out, layer=name)["fields"][: len(columns)]) == columns
    stops, routes, summary = layer(out, "stops"), layer(out, "routes"), layer(out, "summary").iloc[0]
    assert len(stops) == summary["stops"] == routes["stops"].sum() == layer(out, "territories")["stops"].sum() == 24
    assert stops.groupby("team").size().tolist() == [12, 12]
    assert set(stops["team"]) == {"一组", "二组"}
    assert stops["arrive"].str.fullmatch(r"\d\d:\d\d").all()
    assert stops.crs.to_epsg() == 4545
    assert len(layer(out, "unplanned")) == 0
    assert json.loads(summary["parameters"])["per_day"] == 8
    assert summary["villages_split"] == 1
    assert "450001" in summary["gave_way"]
    with closing(sqlite3.connect(out)) as base:
        assert base.execute(
            "select count(*) from pragma_table_info('stops') where name = 'pinned' and type = 'BOOLEAN'"
        ).fetchone() == (1,)


def test_the_same_file_again(tmp_path: Path) -> None:
    frame = houses(urgency=[4, 3, 2, 1] * 6)
    one, other = tmp_path / "one.gpkg", tmp_path / "other.gpkg"
    route(saved(frame, tmp_path), *COMMON, "--out", one)
    route(saved(frame.iloc[::-1], tmp_path, "back.gpkg"), *COMMON, "--out", other)
    for name in ("stops", "routes", "territories", "unplanned"):
        pd.testing.assert_frame_equal(layer(one, name), layer(other, name))


def test_points_of_a_sheet_in_degrees_with_tiers(tmp_path: Path) -> None:
    table = "房屋编号,经度,纬度,安全隐患,是否经营\n"
    tiers = ["存在严重安全隐患,其他", "存在一定安全隐患,其他", "未判定,经营性", "未判定,其他"]
    table += "".join(f"b{k},{107.37 + k * 1e-3:.4f},24.51,{tiers[k % 4]}\n" for k in range(12))
    path = tmp_path / "houses.csv"
    path.write_text(table, encoding="gb18030")
    out = tmp_path / "plan.gpkg"
    done = route(path, "--crs", "4490", *COMMON, "--out", out)
    assert done.exit_code == 0, done.output
    stops = layer(out, "stops")
    assert dict(zip(stops["stop_id"], stops["urgency"], strict=True)) == {f"b{k}": k % 4 + 1 for k in range(12)}
    assert stops.crs.to_epsg() == 4545
    assert set(stops["minutes"]) == {30}


def test_teams_of_a_file(tmp_path: Path) -> None:
    teams = gpd.GeoDataFrame(
        {"name": ["甲", "乙"], "per_day": [8, 4], "days_off": ["2026-03-03", None]},
        geometry=gpd.points_from_xy([500_000, 500_250], [2_700_000, 2_700_150]), crs=4545,
    )  # fmt: skip
    out = tmp_path / "plan.gpkg"
    done = route(saved(houses(), tmp_path), *COMMON, "--teams", saved(teams, tmp_path, "teams.gpkg"), "--out", out)
    assert done.exit_code == 0, done.output
    stops = layer(out, "stops")
    assert stops.groupby("team").size().to_dict() == {"甲": 16, "乙": 8}
    assert "2026-03-03" not in set(stops.loc[stops["team"] == "甲", "day"])
    names = tmp_path / "names.csv"
    names.write_text("name,per_day\n东组,8\n西组,8\n")
    assert route(saved(houses(), tmp_path), *COMMON, "--teams", names, "--out", out).exit_code == 0
    assert set(layer(out, "stops")["team"]) == {"东组", "西组"}


def test_lists_of_teams_and_holidays_as_counties_save_them(tmp_path: Path) -> None:
    teams, off, out = tmp_path / "分组.xlsx", tmp_path / "休息日.csv", tmp_path / "plan.gpkg"
    pd.DataFrame(
        {"组名": ["东组", "西组"], "per_day": [8, 8], "days_off": [pd.Timestamp("2026-03-03"), None]}
    ).to_excel(teams, index=False)
    off.write_bytes("date;kind;说明\n2026年3月4日;off;赶圩\n".encode("gb18030"))
    done = route(saved(houses(40), tmp_path), *COMMON, "--teams", teams, "--holidays", off, "--out", out)
    assert done.exit_code == 0, done.exception
    stops = layer(out, "stops")
    assert set(stops["team"]) == {"东组", "西组"}
    assert "2026-03-03" not in set(stops.loc[stops["team"] == "东组", "day"])
    assert "2026-03-04" not in set(stops["day"])


@pytest.mark.parametrize(
    ("said", "expected"),
    [("name,per_day\n甲,八十多\n", "第 2 行"), ("name,per_day\n\n,8\n", "第 3 行：没有组名"),
     ("name,per_day\n甲,0\n", "第 2 行"), ("name\n甲,8\n", "多于 1 列"), ("name\n", "一行数据也没有"),
     ("name,days_off\n甲,星期三\n", "不是日期")],
)  # fmt: skip
def test_a_bad_list_of_teams_says_where(said: str, expected: str, tmp_path: Path) -> None:
    teams, out = tmp_path / "teams.csv", tmp_path / "plan.gpkg"
    teams.write_text(said)
    done = route(saved(houses(), tmp_path), *COMMON, "--teams", teams, "--out", out)
    assert isinstance(done.exception, InputError)
    assert expected in done.exception.zh
    assert not out.exists()


def test_names_in_the_column_team_are_teams(tmp_path: Path) -> None:
    out = tmp_path / "plan.gpkg"
    route(saved(houses(team=["老街组", *[None] * 23]), tmp_path), *COMMON, "--out", out)
    stops = layer(out, "stops")
    assert set(stops["team"]) == {"一组", "老街组"}
    assert stops.loc[stops["pinned"], "stop_id"].tolist() == ["h00"]
    refused = route(saved(houses(team=["a", "b", "c"] * 8), tmp_path), *COMMON, "--out", out)
    assert isinstance(refused.exception, InputError)
    assert "3 teams" in refused.exception.en


def test_holidays_of_a_file(tmp_path: Path) -> None:
    own = tmp_path / "holidays.csv"
    own.write_text("date,kind\n2026-03-03,off\n2026-03-07,work\n")
    out = tmp_path / "plan.gpkg"
    route(saved(houses(40), tmp_path), *COMMON, "--per-day", "4", "--holidays", own, "--out", out)
    days = sorted(set(layer(out, "stops")["day"]))
    assert days == ["2026-03-02", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-07"]


def test_a_year_whose_holidays_nobody_knows_is_said(tmp_path: Path) -> None:
    done = route(saved(houses(), tmp_path), *COMMON, "--start", "2031-03-03", "--out", tmp_path / "p.gpkg")
    assert done.exit_code == 0
    assert "2031" in done.output


def test_replan_from_the_file_of_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "first.gpkg", tmp_path / "second.gpkg"
    route(saved(houses(32), tmp_path), *COMMON, "--out", first)
    was = layer(first, "stops").set_index("stop_id")
    done = was.index[was["day"] == "2026-03-02"]
    frame = houses(34, done=[f"h{k:02d}" in set(done) for k in range(34)])
    assert route(saved(frame, tmp_path, "again.gpkg"), *COMMON, "--start", "2026-03-03", "--previous", first, "--out", second).exit_code == 0  # fmt: skip
    now = layer(second, "stops").set_index("stop_id")
    pd.testing.assert_frame_equal(now.loc[done].sort_index(), was.loc[done].sort_index())
    rest = was.index.difference(done)
    assert (now.loc[rest, ["team", "day"]] == was.loc[rest, ["team", "day"]]).all(axis=None)
    assert layer(second, "summary").iloc[0]["kept_share"] == 1.0
    assert {"h32", "h33"} <= set(now.index)


def test_the_rest_of_a_day_is_shared_between_two(tmp_path: Path) -> None:
    """The first team has nothing done, the second all but one: it takes over, and the days after stay as they were."""
    frame = houses()
    first, again = tmp_path / "first.gpkg", tmp_path / "again.gpkg"
    assert route(saved(frame, tmp_path), *COMMON, "--out", first).exit_code == 0
    was = layer(first, "stops").set_index("stop_id")
    day = was["day"].min()
    over = was[(was["team"] == "二组") & (was["day"] == day)].sort_values("seq").index[:-1]
    frame["done"] = frame["stop_id"].isin(over)
    done = route(
        saved(frame, tmp_path, "now.gpkg"), *COMMON, "--previous", first, "--share", f"{day}=一组,二组", "--out", again
    )
    assert done.exit_code == 0, done.output
    now = layer(again, "stops").set_index("stop_id")
    assert set(now.index) == set(was.index)
    assert (now.loc[over, ["team", "day", "seq"]] == was.loc[over, ["team", "day", "seq"]]).all().all()
    later = was.index[was["day"] > day]
    assert (now.loc[later, ["team", "day"]] == was.loc[later, ["team", "day"]]).all().all()
    today = now[(now["day"] == day) & ~now.index.isin(over)]
    assert today["team"].nunique() == 2
    assert len(today[today["team"] == "二组"]) > 1
    assert route(saved(frame, tmp_path), *COMMON, "--share", f"{day}=一组,二组", "--out", again).exit_code == 2
    refused = route(
        saved(frame, tmp_path, "now.gpkg"), *COMMON, "--previous", first, "--share", f"{day}=一组,九组", "--out", again
    )
    assert refused.exit_code == 1


def test_lift_counts_outcomes_and_makes_no_order(tmp_path: Path) -> None:
    out, blind = tmp_path / "plan.gpkg", tmp_path / "blind.gpkg"
    urgency = [1] * 6 + [4] * 18
    found = [k in {0, 2, 4, 20} for k in range(24)]
    route(saved(houses(urgency=urgency, outcome=found), tmp_path), *COMMON, "--out", out)
    route(saved(houses(urgency=urgency), tmp_path), *COMMON, "--out", blind)
    pd.testing.assert_frame_equal(layer(out, "stops"), layer(blind, "stops"))
    summary = layer(out, "summary").iloc[0]
    stops = layer(out, "stops").sort_values(["day", "arrive", "team", "seq"])
    early = set(stops["stop_id"][:6])
    assert summary["lift"] == sum(f"h{k:02d}" in early for k in (0, 2, 4, 20)) / 4
    assert abs(summary["random_lift"] - 0.25) < 0.03
    assert summary["lift_low"] <= summary["lift"] <= summary["lift_high"]
    assert pd.isna(layer(blind, "summary").iloc[0]["lift"])


def test_not_feasible_is_one_sentence_and_no_file(tmp_path: Path) -> None:
    out = tmp_path / "plan.gpkg"
    refused = route(saved(houses(40, urgency=1), tmp_path), *COMMON, "--days", "2", "--out", out)
    assert isinstance(refused.exception, InputError)
    assert refused.exception.zh.startswith("差 1 个组日：3 月 3 日前严重隐患 40 栋只能排 32 栋")
    assert not out.exists()
    assert route(saved(houses(40), tmp_path), *COMMON, "--days", "2", "--partial", "--out", out).exit_code == 0
    assert len(layer(out, "stops")) == 32
    assert len(layer(out, "unplanned")) == 8


def test_a_stop_without_a_place(tmp_path: Path) -> None:
    frame = houses()
    frame.loc[3, "geometry"] = None
    out = tmp_path / "plan.gpkg"
    refused = route(saved(frame, tmp_path), *COMMON, "--out", out)
    assert isinstance(refused.exception, InputError)
    assert "h03" in refused.exception.en
    assert route(saved(frame, tmp_path), *COMMON, "--partial", "--out", out).exit_code == 0
    assert layer(out, "unplanned").to_numpy().tolist() == [["h03", "没有图形"]]


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        ({}, ("--per-day", "0"), "at least 1"),
        ({}, ("--teams", "0"), "no teams"),
        ({}, ("--teams", "25"), "more teams"),
        ({}, ("--deadline", "2026-02-28"), "before the start"),
        ({}, ("--start", "2026-03-01"), "no working day"),
        ({"stop_id": ["same"] * 24}, (), "occurs twice"),
        ({"day": "2026-03-08"}, (), "a day off"),
        ({"due": "soon"}, (), "no day"),
    ],
)
def test_refusals(tmp_path: Path, columns: dict[str, Any], options: tuple[str, ...], said: str) -> None:
    out = tmp_path / "plan.gpkg"
    refused = route(saved(houses(**columns), tmp_path), *COMMON, *options, "--out", out)
    assert isinstance(refused.exception, InputError), refused.output
    assert said in refused.exception.en
    assert not out.exists()


def test_islands_of_the_maldives(tmp_path: Path) -> None:
    """Islands with roads of their own: what lies on another one than most houses is not reached."""
    path = shared_data("places/maldives.gpkg")
    houses_ = pyogrio.read_dataframe(path, layer="buildings", columns=["area_name"]).query(
        "area_name == 'greater_male'"
    )
    some = houses_.iloc[np.sort(np.random.default_rng(1).choice(len(houses_), 150, replace=False))].to_crs(32643)
    out = tmp_path / "plan.gpkg"
    asked = (saved(some, tmp_path), *COMMON, "--roads", path, "--roads-layer", "roads", "--out", out)
    refused = route(*asked)
    assert isinstance(refused.exception, InputError)
    assert "No road leads to" in refused.exception.en
    assert route(*asked, "--partial").exit_code == 0
    # Another witness for what is joined: roads drawn 0.5 m wide that run into one another.
    roads = pyogrio.read_dataframe(path, layer="roads").to_crs(32643)
    joined = shapely.STRtree(shapely.get_parts(shapely.union_all(roads.buffer(0.5).to_numpy())))
    place = dict(zip((str(k + 1) for k in range(len(some))), some.geometry.to_numpy(), strict=True))
    on = {stop_id: int(joined.nearest(shapely.point_on_surface(shape))) for stop_id, shape in place.items()}
    planned, left = layer(out, "stops")["stop_id"], layer(out, "unplanned")["stop_id"]
    assert len(planned) > 100
    assert len(left) > 5
    (island,) = {on[stop_id] for stop_id in planned}
    near = [i for i in left if shapely.distance(place[i], roads.union_all()) < default("road_reach_m")]
    assert near
    assert island not in {on[stop_id] for stop_id in near}
