"""Bytes are decoded by what can fail: claims of a file lose against what its bytes prove."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.errors import InputError
from gis_service.ingest.encoding import choose, codec_of
from gis_service.ingest.source import read
from tests.conftest import Database
from tests.ingest.make import houses, put
from tests.shared import shared_data

NAMES = {
    "utf-8": ["东兰县人民医院", "长江镇中心小学", "巴英街12号"],
    "gb18030": ["武篆镇农家乐", "三石镇卫生院", "兰木乡二十一号"],
    "big5": ["東蘭縣人民醫院", "長江鎮中心小學", "巴英街十二號"],
    "cp932": ["東京都京島", "二丁目の家", "墨田区役所"],
    "cp1252": ["Müllerstraße 5", "Café Zoé", "Übergang"],
}
CLAIMS = [None, "ISO-8859-1", "ISO 8859-1", "88591", "1252", "CP1252", "ANSI 1252", "CP437", "OEM 437", "UTF-8", "GBK",
          "ANSI 936", "gb2312", "936", "no such thing", '"UTF8"', ""]  # fmt: skip


def _shapefile(folder: Path, codec: str, cpg: str | None = None, language: int = 0, column: str = "name") -> Path:
    # Written in UTF-8 by GDAL, then put into the encoding byte by byte: GDAL would write a true .cpg and id.
    frame = houses(3).assign(**{column: ["#" * 30] * 3})
    path = put(frame, folder / "h.shp", encoding="UTF-8")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    data = path.with_suffix(".dbf").read_bytes()
    for name in NAMES[codec]:
        data = data.replace(b"#" * 30, name.encode(codec).ljust(30), 1)
    if not column.isascii():
        data = data.replace(column.encode()[:10].ljust(11, b"\0"), column.encode(codec)[:10].ljust(11, b"\0"))
    path.with_suffix(".dbf").write_bytes(data[:29] + bytes([language]) + data[30:])
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


@pytest.mark.parametrize("cpg", CLAIMS)
@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
@pytest.mark.parametrize("language", [0, 0x03, 0x4D, 0x57])
def test_no_claim_spoils_chinese(tmp_path: Path, codec: str, cpg: str | None, language: int):
    source = read(_shapefile(tmp_path, codec, cpg, language))
    assert source.frame["name"].tolist() == NAMES[codec]
    assert source.encoding == codec
    claimed = codec_of(cpg or "") or {0x03: "cp1252", 0x4D: "gb18030"}.get(language)
    note = next(en for _, en in source.notes if "encoding" in en)
    assert ("the file says" in note) == (claimed not in {None, codec}), note


@pytest.mark.parametrize(("codec", "cpg", "language"), [("big5", "950", 0), ("big5", "Big5", 0), ("big5", None, 0x78),
                                                        ("cp932", None, 0x13), ("cp932", "Shift_JIS", 0), ("big5", None, 0)])  # fmt: skip
def test_other_encodings_where_they_are_plausible(tmp_path: Path, codec: str, cpg: str | None, language: int):
    """A claim of Big5 or Shift-JIS that gives everyday characters is true; Big5 is found without one too."""
    assert read(_shapefile(tmp_path, codec, cpg, language)).frame["name"].tolist() == NAMES[codec]


@pytest.mark.parametrize("claim", ["950", "Shift_JIS", "euc-kr"])
@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_a_false_claim_of_another_encoding(tmp_path: Path, codec: str, claim: str):
    assert read(_shapefile(tmp_path, codec, claim)).frame["name"].tolist() == NAMES[codec]


def test_latin_text_stays_latin(tmp_path: Path):
    """What a single-byte page claims is taken where the bytes are no Chinese."""
    assert read(_shapefile(tmp_path, "cp1252", "1252")).frame["name"].tolist() == NAMES["cp1252"]


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "big5"])
@pytest.mark.parametrize("cpg", [None, "ISO-8859-1"])
def test_field_names_are_text_too(tmp_path: Path, codec: str, cpg: str | None):
    column = {"big5": "名稱"}.get(codec, "名称")
    assert read(_shapefile(tmp_path, codec, cpg, column=column)).frame[column].tolist() == NAMES[codec]


@pytest.mark.parametrize(("case", "first"), [("e03", "东兰县人民医院"), ("e04", "东兰县人民医院"), ("e08", "东兰县人民医院"),
                                             ("e11", "东兰县人民医院"), ("e18", "东兰县城")])  # fmt: skip
def test_cases(database: Database, case: str, first: str):
    said = database.cli("import", "buildings", shared_data(f"cases/{case}/{case}.shp"))
    assert said.code == 0, said.err
    assert "the file says" in said.err
    assert database.one("SELECT name FROM gis.building WHERE building_id = %s", f"{case}-0") == first


def test_a_gbk_shapefile_for_density():
    source = read(shared_data("cases/d17/d17.shp"))
    assert source.frame["structure"].unique().tolist() == ["木结构"]
    assert source.frame["房屋编号"].iloc[0] == "H0"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "big5"])
@pytest.mark.parametrize("suffix", [".csv", ".geojson", ".kml"])
def test_text_files_by_the_same_rule(tmp_path: Path, codec: str, suffix: str):
    if codec == "big5" and suffix == ".kml":
        pytest.skip("an undeclared Big5 is no XML")
    name = NAMES["big5" if codec == "big5" else "utf-8"][0]
    path = tmp_path / f"h{suffix}"
    text = {
        ".csv": f"编号,名稱,x,y\r\n1,{name},107.37,24.51\r\n".replace("编号", "id"),
        ".geojson": '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"名稱": "NAME"}, '
        '"geometry": {"type": "Point", "coordinates": [107.37, 24.51]}}]}',
        ".kml": '<?xml version="1.0"?><kml><Document><Placemark><ExtendedData><Data name="名稱"><value>NAME</value></Data>'
        "</ExtendedData><Point><coordinates>107.37,24.51</coordinates></Point></Placemark></Document></kml>",
    }[suffix]
    path.write_bytes(text.replace("NAME", name).encode(codec))
    assert read(path).frame["名稱"].tolist() == [name]


def test_a_named_encoding_wins_and_must_decode(tmp_path: Path):
    path = _shapefile(tmp_path, "gb18030")
    assert read(path, encoding="GBK").frame["name"].tolist() == NAMES["gb18030"]
    for wrong in ("utf-8", "klingon", "hex"):
        with pytest.raises(InputError, match="encoding"):
            read(path, encoding=wrong)


def test_names_in_an_old_archive(tmp_path: Path):
    """WinRAR and old Windows wrote names in GBK and did not say so; the parts of a shapefile must still meet."""
    put(houses(2), tmp_path / "h.shp")
    old = "东兰县房屋".encode("gbk")
    stand_in = "x" * len(old)
    for more in (False, True):
        with zipfile.ZipFile(tmp_path / "h.zip", "w") as opened:
            for part in [*tmp_path.glob("h.[sdpc]*")]:
                opened.writestr(f"{stand_in}/{stand_in}{part.suffix}", part.read_bytes())
            if more:
                opened.writestr("b.gpkg", b"")
        (tmp_path / "h.zip").write_bytes((tmp_path / "h.zip").read_bytes().replace(stand_in.encode(), old))
        if not more:
            assert len(read(tmp_path / "h.zip").frame) == 2
    with pytest.raises(InputError, match=r"东兰县房屋\.shp"):
        read(tmp_path / "h.zip")


@settings(deadline=None)  # a busy machine is no fault of the code
@given(st.text(st.sampled_from("东兰县武篆镇三石巴畴乡长江花香大同金谷泗孟隘洞兰木切学医院村屯街号房屋编"), min_size=2, max_size=30),
       st.sampled_from(["utf-8", "gb18030"]), st.lists(st.sampled_from(["1252", "latin-1", "CP437", "cp850", "GBK", "UTF-8"]), max_size=2))  # fmt: skip
def test_chinese_is_always_found(text: str, codec: str, claims: list[str]):
    choice = choose([text.encode(codec)], claims)
    assert choice is not None
    assert text.encode(codec).decode(choice.codec) == text


@pytest.mark.parametrize("text", ["泗泗", "泗", "12号泗"])
@pytest.mark.parametrize("claims", [["1252"], ["latin-1"], ["CP437"]])
def test_rare_characters_alone(text: str, claims: list[str]):
    """泗 of 泗孟乡 is of the second level of GB 2312; no word of another alphabet is of accents alone."""
    choice = choose([text.encode("gbk")], claims)
    assert choice is not None
    assert choice.codec == "gb18030"


@pytest.mark.parametrize("text", ["créée", "Zoë M", "12 m² · 3 °", "naïve", "fée"])
def test_accents_stay_what_the_file_says(text: str):
    choice = choose([text.encode("cp1252")], ["1252"])
    assert choice is not None
    assert choice.codec == "cp1252"


@pytest.mark.parametrize("text", ["Москва ул", "улиц"])
def test_cyrillic_stays_what_the_file_says(text: str):
    choice = choose([text.encode("cp1251")], ["1251"])
    assert choice is not None
    assert choice.codec == "cp1251"


@pytest.mark.parametrize("text", ["学校", "小学", "同同", "木木", "学校1", "小小"])
@pytest.mark.parametrize("claims", [[], ["1252"], ["GBK"], ["UTF-8"]])
def test_gbk_that_is_valid_utf8_by_accident(text: str, claims: list[str]):
    choice = choose([text.encode("gbk")], claims)
    assert choice is not None
    assert text.encode("gbk").decode(choice.codec) == text


@pytest.mark.parametrize("text", ["Café", "12 m² · 3 °", "naïve – “x”"])
def test_utf8_without_chinese(text: str):
    choice = choose([text.encode()], [])
    assert choice is not None
    assert choice.codec == "utf-8"


@pytest.mark.parametrize(("said", "codec"), [("UTF8", "utf-8"), ("65001", "utf-8"), ("ANSI 936", "gb18030"), ("x-gbk", "gb18030"),
    ("windows-1252", "cp1252"), ("OEM 850", "cp850"), ("8859-15", "iso8859-15"), ("ISO88591", "iso8859-1"), ("MS950", "cp950"),
    ("SJIS", "cp932"), ("hex", None), ("", None), ("???", None)])  # fmt: skip
def test_odd_spellings(said: str, codec: str | None):
    assert codec_of(said) == codec


def test_the_frame_has_no_replaced_characters(tmp_path: Path):
    frame = gpd.GeoDataFrame({"名称": ["\U00020bb7野家"]}, geometry=houses(1).geometry, crs=4545)
    path = put(frame, tmp_path / "h.shp", encoding="UTF-8")
    path.with_suffix(".cpg").write_text("1252")
    assert read(path).frame["名称"].tolist() == ["\U00020bb7野家"]
