"""What is written appears whole or not at all, never over what is read, and holds no formula."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.export.rows import write_rows
from gis_service.files import check_output, neutral, parts_of, private, replacing
from tests.conftest import Database
from tests.ingest.make import houses, put


def _left(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_file_takes_its_place_at_the_end(tmp_path: Path):
    out = tmp_path / "a.csv"
    out.write_text("old")
    out.chmod(0o640)
    with replacing(out) as partial:
        partial.write_text("new")
        assert out.read_text() == "old"
    assert (out.read_text(), stat.S_IMODE(out.stat().st_mode)) == ("new", 0o640)
    assert _left(tmp_path) == {"a.csv"}


def test_a_new_file_is_its_owners_alone_from_the_first_byte(tmp_path: Path):
    old = os.umask(0)
    try:
        with replacing(tmp_path / "a") as partial:
            partial.write_text("x")  # with whatever mode a library gives it
            assert stat.S_IMODE(partial.parent.stat().st_mode) == 0o700, "nobody else comes near it"
        private(tmp_path / "b", "x")
    finally:
        os.umask(old)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [0o600, 0o600]


def test_a_folder_in_which_folders_come_and_go_is_looked_through(tmp_path: Path):
    """As a running database makes and drops its own, beside a backup that must not lie among them."""
    cluster, ended = tmp_path / "cluster", threading.Event()
    cluster.mkdir()

    def come_and_go() -> None:
        while not ended.is_set():
            for number in range(100):
                (cluster / str(number)).mkdir()
            for number in range(100):
                (cluster / str(number)).rmdir()

    beside = threading.Thread(target=come_and_go)
    beside.start()
    try:
        for _ in range(100):
            check_output(tmp_path / "b.dump", cluster)
        with pytest.raises(InputError):
            check_output(cluster / "b.dump", cluster)
    finally:
        ended.set()
        beside.join()


def test_a_link_stays_a_link(tmp_path: Path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with replacing(tmp_path / "link") as partial:
        partial.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_nothing_is_left_of_what_failed(tmp_path: Path):
    out = tmp_path / "a.gpkg"
    out.write_text("old")

    def fail() -> None:
        with replacing(out) as partial:
            partial.write_text("half")
            partial.with_name(partial.name + "-journal").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (out.read_text(), _left(tmp_path)) == ("old", {"a.gpkg"})


def test_a_full_disk_is_said(tmp_path: Path):
    out = tmp_path / "a.csv"

    def fill() -> None:
        with replacing(out) as partial:
            partial.write_text("half")
            Path("/dev/full").write_bytes(b"x" * 10)

    with pytest.raises(InputError) as refused:
        fill()
    assert "磁盘已满" in refused.value.zh
    assert "disk is full" in refused.value.en
    assert _left(tmp_path) == set()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="may not be written"), replacing(tmp_path / "a"):
        pass


def test_long_names(tmp_path: Path):
    """245 bytes are a name; 300 are refused before the work begins."""
    long = tmp_path / ("房" * 80 + "a.gpkg")
    with replacing(long) as partial:
        partial.write_text("x")
    assert long.read_text() == "x"
    for name in ("x" * 300, "房" * 86 + ".csv"):
        with pytest.raises(InputError, match="too long"), replacing(tmp_path / name):
            pytest.fail("the work began")


def test_a_folder_is_no_file(tmp_path: Path):
    (tmp_path / "out.gpkg").mkdir()
    with pytest.raises(InputError, match="folder"):
        check_output(tmp_path / "out.gpkg")
    with pytest.raises(InputError, match="does not exist"):
        check_output(tmp_path / "gone" / "out.gpkg")


def _spellings(path: Path, folder: Path) -> list[Path]:
    soft, hard = folder / "soft.gpkg", folder / "hard.gpkg"
    soft.symlink_to(path)
    hard.hardlink_to(path)
    (folder / "door").symlink_to(path.parent)
    return [path, soft, hard, folder / "door" / path.name, path.parent / ".." / path.parent.name / path.name,
            Path(os.path.relpath(path))]  # fmt: skip


def test_an_output_is_never_an_input(tmp_path: Path):
    (tmp_path / "in").mkdir()
    source = put(houses(2), tmp_path / "in" / "h.gpkg")
    for spelling in _spellings(source, tmp_path):
        with pytest.raises(InputError, match="choose another name"):
            check_output(spelling, source)
    check_output(tmp_path / "in" / "other.gpkg", source)
    check_output(tmp_path / "in" / "other.gpkg", tmp_path / "missing.gpkg")


def test_parts_of_an_input_are_inputs(tmp_path: Path):
    shape = put(houses(2), tmp_path / "h.shp")
    assert {part.suffix for part in parts_of(shape)} >= {".shp", ".shx", ".dbf", ".prj"}
    for suffix in (".dbf", ".shx", ".prj", ".cpg"):
        with pytest.raises(InputError):
            check_output(shape.with_suffix(suffix), shape)
    check_output(tmp_path / "h.csv", shape)
    folder = put(houses(2), tmp_path / "h.gdb")
    for inside in (next(folder.glob("*.gdbtable")), folder / "new.csv"):
        with pytest.raises(InputError):
            check_output(inside, folder)


@settings(deadline=None)  # a busy machine is no fault of the code
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_no_text_becomes_a_formula(text: str):
    said = neutral(text)
    assert not said.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"))
    assert neutral(text.replace("\0", "")) == said
    if text.isalnum():
        assert said == text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\r", "\n", "\t", "＝", "＋", "－", "＠", "\0="])
def test_every_beginning_of_a_formula(start: str):
    assert neutral(f"{start}HYPERLINK(1)").startswith("'")
    assert neutral(f" {start}1").lstrip().startswith("'") or start in "\r\n\t"
    assert neutral(-5) == -5


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_no_cell_holds_the_end_of_a_line(end: str, tmp_path: Path):
    assert neutral(f"a{end}=1") in {"a =1", "a=1"}
    write_rows(["甲", "乙"], [[f"a{end}=1", 5], ["＝1", None]], tmp_path / "a.csv", title="表", mark=Mark("wang"))
    lines = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert all(line.startswith('"') and line.endswith('"') and line.count('"') == 8 for line in lines), (
        "every cell quoted"
    )
    assert lines[1].startswith(('"a =1","5",', '"a=1","5",'))
    assert lines[2].startswith('"\'＝1","",')
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600


def test_density_does_not_replace_its_houses(tmp_path: Path, database: Database):
    """Case r2: the result took the place of the houses."""
    path = put(houses(4), tmp_path / "houses.gpkg")
    before = path.read_bytes()
    roads = path.rename(tmp_path / "roads.gpkg")
    for asked, out in ((["density", roads], roads), (["density", put(houses(4), path), "--roads", roads], roads)):
        said = database.cli(*asked, "--out", out)
        assert (said.code, said.err.count("\n")) == (1, 1)
        assert "choose another name" in said.err
    assert roads.read_bytes() == before


def test_rejects_do_not_replace_the_file(tmp_path: Path, database: Database):
    frame = houses(3).assign(building_id=["H1", None, "H3"])
    path = put(frame, tmp_path / "h.csv")
    before = path.read_bytes()
    said = database.cli("import", "buildings", path, "--crs", "4545", "--rejects", path)
    assert (said.code, path.read_bytes()) == (1, before)
    assert "--rejects" in said.err
    assert database.one("SELECT count(*) FROM gis.building") == 0


def test_a_list_does_not_replace_its_area(tmp_path: Path, database: Database):
    path = put(houses(1), tmp_path / "area.gpkg")
    for option in (("--area", path), ("--within", path), ("--without", f"area:{path}")):
        said = database.cli("select", *option, "--out", path)
        assert (said.code, "choose another name" in said.err) == (1, True), said.err


def test_a_result_with_a_long_name(tmp_path: Path, database: Database):
    """Case o7: a name of 245 bytes."""
    out = tmp_path / ("o" * 240 + ".gpkg")
    said = database.cli("density", put(houses(4), tmp_path / "h.gpkg"), "--out", out)
    assert (said.code, out.exists()) == (0, True), said.err
    assert {file.name for file in tmp_path.iterdir()} == {"h.gpkg", out.name}
