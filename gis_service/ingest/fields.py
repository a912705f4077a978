"""What each kind of data has: its table, key, fields and the names by which files call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gis_service import codelists
from gis_service.errors import InputError
from gis_service.ingest.headings import normal
from gis_service.ingest.values import (
    Known,
    Parser,
    day,
    identifier,
    is_missing,
    many_of,
    number,
    one_of,
    storeys,
    text,
    truth,
    whole,
)


@dataclass(frozen=True)
class Field:
    """One field of ours: its column, its parser, and other names for it (lower case), the surest first."""

    name: str
    parse: Parser
    names: tuple[str, ...] = ()
    required: bool = False
    # What stands in the database where the file says nothing; None is null.
    empty: str | None = None
    array: bool = False
    person: bool = False
    # Not a column of the table: it becomes a judgement of the house (record.judgements).
    judged: bool = False
    # What the key says where the file says nothing; a row of which neither says it is rejected.
    from_key: Callable[[str], str | None] | None = None
    # Another field whose words say this one too, where the file's own column says nothing.
    implied_by: tuple[str, Callable[[str], Any]] | None = None

    def implied(self, raw: Any) -> Any:
        """Return what a cell of the other field says of this one."""
        return None if self.implied_by is None or is_missing(raw) else self.implied_by[1](str(raw).strip())


@dataclass(frozen=True)
class Kind:
    """One kind of data: where it goes and what it is made of."""

    name: str
    zh: str
    table: str
    key: Field
    fields: tuple[Field, ...]
    shapes: tuple[str, ...]
    column_type: str
    vertices_max: int = 100_000

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """The key and the other fields."""
        return (self.key, *self.fields)


def _one(name: str, shown: dict[str, str], aliases: str = "") -> Parser:
    return one_of(_known(shown, aliases or name), shown)


def _many(name: str, shown: dict[str, str], *, none: bool = False) -> Parser:
    return many_of(_known(shown, name), shown, none=none)


def _known(shown: dict[str, str], aliases: str) -> Known:
    """Return the ways of writing a list's words, worked out again when a county's own value has come in."""
    made: dict[tuple[str, ...], dict[str, str]] = {}

    def known() -> dict[str, str]:
        codes = tuple(shown)
        if codes not in made:
            made.clear()
            made[codes] = codelists.synonyms(shown, aliases)
        return made[codes]

    return known


def _surveyed(name: str, shown: dict[str, str], names: tuple[str, ...]) -> Field:
    """Return a list of the survey's: a cell without anything is not surveyed, 无 is surveyed and none."""
    return Field(name, _many(name, shown, none=True), names, array=True)


def year_of(text_: str) -> int | None:
    """Return the year of a cell that says one year, and None of a range."""
    digits = text_.removesuffix("年").strip().removesuffix(".0")
    return int(digits) if len(digits) == 4 and digits.isdecimal() and 1000 <= int(digits) <= 2200 else None


def level_of(code: str) -> str | None:
    """Return the level of an administrative code: 6 digits of the county, 3 of the township, 3 of the village."""
    digits = code.removesuffix("000").removesuffix("000") if len(code) == 12 else code
    return {6: "county", 9: "township", 12: "village"}.get(len(digits)) if digits.isdigit() else None


# Generic identifiers come last: a file that has a number of its own and an OpenStreetMap id means the first.
_ANY_ID = ("编号", "id", "osm_ref", "osm_id", "gid", "objectid", "fid")
_NAME = Field("name", text(200), ("名称", "房屋名称", "单位名称", "name_zh", "mc", "xzqmc"))
_TOWNSHIP = Field("township_code", identifier(12), ("乡镇代码", "乡镇编码", "乡级代码", "乡镇行政区划代码", "township"))
_SIMULATED = Field("simulated", truth, ("模拟",), empty="false")

BUILDINGS = Kind(
    "buildings",
    "房屋",
    "building",
    Field(
        "building_id",
        identifier(100),
        (
            "房屋编号",
            "房屋编码",
            "房屋代码",
            "自建房编号",
            "图斑编号",
            "建筑编号",
            "bld_id",
            "building_no",
            *_ANY_ID,
        ),
        required=True,
    ),
    (
        _NAME,
        Field("address", text(300), ("地址", "房屋地址", "详细地址", "坐落", "addr_street")),
        _TOWNSHIP,
        Field("village_code", identifier(12), ("村代码", "村级代码", "社区代码", "村编码", "village")),
        Field(
            "floors",
            storeys(1, 200),
            (
                "层数",
                "建筑层数",
                "楼层数",
                "地上层数",
                "building_levels",
                "building:levels",
                "levels",
                "storeys",
            ),
        ),
        Field(
            "height_m",
            number(0.1, 500, unknown_outside=True, units="mM米"),
            ("建筑高度", "高度", "房屋高度", "height", "measuredheight"),
        ),
        Field(
            "structure",
            _one("structure", codelists.STRUCTURE),
            ("结构类型", "房屋结构", "结构", "建筑结构"),
            empty="unknown",
        ),
        Field(
            "fire_class",
            _one("fire_class", codelists.FIRE_CLASS),
            ("耐火等级",),
            implied_by=("structure", codelists.PANEL_FIRE_CLASS.get),
        ),
        Field(
            "use_class",
            _one("use_class", codelists.USE_CLASS),
            ("房屋用途", "用途分类", "房屋类别", "是否经营"),
            empty="other",
        ),
        Field(
            "business_uses",
            _many("business_uses", codelists.BUSINESS_USE),
            ("经营用途", "经营类型", "业态"),
            empty="{}",
            array=True,
        ),
        Field(
            "departments",
            _many("departments", codelists.DEPARTMENT),
            ("行业部门", "主管部门", "监管部门"),
            empty="{}",
            array=True,
        ),
        Field("people", whole(0, 100_000), ("人数", "居住人数", "使用人数", "常住人数")),
        Field(
            "alterations",
            _many("alterations", codelists.ALTERATION),
            ("改扩建内容", "改扩建", "改造内容"),
            empty="{}",
            array=True,
        ),
        Field(
            "hazard_tier",
            _one("hazard_tier", codelists.HAZARD_TIER),
            ("安全隐患", "初步判定", "隐患等级", "排查结论", "安全隐患初判", "初判结论", "隐患判定情况"),
            judged=True,
        ),
        Field(
            "appraisal_grade",
            _one("appraisal_grade", codelists.APPRAISAL_GRADE),
            ("鉴定等级", "鉴定结果", "危险等级", "鉴定结论"),
            judged=True,
        ),
        Field(
            "judged_on",
            day(),
            ("判定时间", "判定日期", "初判时间", "初步判定时间", "排查时间", "排查日期"),
            judged=True,
        ),
        Field("appraised_on", day(), ("鉴定时间", "鉴定日期"), judged=True),
        Field("judge", text(100), ("判定人", "技术人员", "初判人员"), judged=True),
        Field("judge_unit", text(200), ("判定单位", "技术人员单位"), judged=True),
        Field("institution", text(200), ("鉴定机构名称", "鉴定机构"), judged=True),
        Field("built_period", text(40), ("建成时间", "建成年份", "建造年代", "建成年代")),
        Field(
            "built_year",
            whole(1000, 2200, unknown_outside=True),
            ("具体年份", "具体建成年份", "建造年份"),
            implied_by=("built_period", year_of),
        ),
        Field("unit_code", identifier(12), ("填报单位代码", "报送单位代码", "填报单位编码")),
        _surveyed("declared_areas", codelists.DECLARED_AREA, ("所在区域", "所处区域")),
        Field("land", _one("land", codelists.LAND), ("土地性质", "用地性质", "土地类型")),
        Field(
            "area_m2",
            number(0.1, 1_000_000, unknown_outside=True, units="mM²㎡平方米2"),
            ("建筑面积", "房屋面积", "总建筑面积"),
        ),
        Field("design", _one("design", codelists.DESIGN), ("设计方式", "设计情况", "专业设计")),
        Field("builder", _one("builder", codelists.BUILDER), ("建造方式", "施工方式", "施工情况")),
        _surveyed("permits", codelists.PERMIT, ("建设手续", "已取得的行政许可", "行政许可", "审批情况")),
        _surveyed("licences", codelists.LICENCE, ("经营手续", "经营证照", "证照")),
        _surveyed("violations", codelists.VIOLATION, ("违法情况", "违法建设和违法审批", "违法违规", "合规问题")),
        _surveyed("geohazards", codelists.GEOHAZARD, ("地质灾害", "地灾隐患", "地灾")),
        _surveyed("fire_hazards", codelists.FIRE_HAZARD, ("消防隐患", "消防安全隐患")),
        Field("ownership", _one("ownership", codelists.OWNERSHIP), ("产权性质", "权属性质", "房屋产权")),
        Field("altered_on", day(), ("改扩建时间", "改扩建日期")),
        Field("removed_on", day(), ("拆除时间", "拆除日期", "灭失时间")),
        _SIMULATED,
        Field("owner_name", text(60), ("户主", "产权人", "产权人姓名", "房主", "所有人"), person=True),
        Field("telephone", identifier(40), ("电话", "联系电话", "手机", "手机号", "户主电话"), person=True),
        Field("identity_number", identifier(40), ("身份证号", "身份证", "证件号码"), person=True),
    ),
    ("Polygon", "MultiPolygon"),
    "MultiPolygon",
)
ZONES = Kind(
    "zones",
    "重点区域",
    "key_zone",
    Field("zone_id", identifier(100), ("区域编号", "学校代码", *_ANY_ID), required=True),
    (
        Field(
            "kind",
            _one("kind", codelists.ZONE_KIND, "kind_zone"),
            ("类型", "类别", "区域类型", "zone_type", "key_zone", "amenity", "type"),
            required=True,
        ),
        _NAME,
        _TOWNSHIP,
        _SIMULATED,
    ),
    ("Polygon", "MultiPolygon", "Point"),
    "Geometry",
)
BOUNDARIES = Kind(
    "boundaries",
    "行政区域",
    "admin_area",
    Field(
        "code",
        identifier(12),
        ("行政区划代码", "区划代码", "代码", "行政代码", "行政区代码", "xzqdm", "adcode", "county_code"),
        required=True,
    ),
    (
        Field("name", text(100), (*_NAME.names, "行政区名称", "county"), required=True),
        Field("level", _one("level", codelists.ADMIN_LEVEL), ("级别", "行政级别", "层级"), from_key=level_of),
        Field("parent_code", identifier(12), ("上级代码", "父级代码", "parent")),
        Field("schematic", truth, ("示意",), empty="false"),
        Field("source", text(500), ("来源", "数据来源")),
    ),
    ("Polygon", "MultiPolygon"),
    "MultiPolygon",
    1_000_000,
)
ROADS = Kind(
    "roads",
    "道路",
    "road",
    Field("road_id", identifier(100), ("道路编号", "路线编号", *_ANY_ID), required=True),
    (
        _NAME,
        Field("class", text(60), ("等级", "道路等级", "技术等级", "highway", "type", "fclass")),
        Field("width_m", number(0.1, 200, unknown_outside=True, units="mM米"), ("宽度", "路面宽度", "路宽", "width")),
        _SIMULATED,
    ),
    ("LineString", "MultiLineString"),
    "MultiLineString",
    1_000_000,
)
HYDRANTS = Kind(
    "hydrants",
    "消火栓与水源",
    "hydrant",
    Field("hydrant_id", identifier(100), ("消火栓编号", "水源编号", *_ANY_ID), required=True),
    (
        Field(
            "kind",
            _one("kind", codelists.HYDRANT_KIND, "kind_hydrant"),
            ("类型", "类别", "水源类型", "type"),
            empty="hydrant",
        ),
        _NAME,
        _SIMULATED,
    ),
    ("Point", "MultiPoint"),
    "Point",
)
WATER = Kind(
    "water",
    "水面",
    "water_area",
    Field("water_id", identifier(100), ("水面编号", "水系编号", "河流编号", *_ANY_ID), required=True),
    (
        Field(
            "kind",
            _one("kind", codelists.WATER_KIND, "kind_water"),
            ("类型", "类别", "水系类型", "water", "waterway", "fclass", "type"),
            empty="river",
        ),
        _NAME,
        _SIMULATED,
    ),
    ("Polygon", "MultiPolygon"),
    "MultiPolygon",
    1_000_000,
)
KINDS = {kind.name: kind for kind in (BUILDINGS, ZONES, BOUNDARIES, ROADS, HYDRANTS, WATER)}

FINGERPRINT = "@geometry"
"""As a key's source: the outline itself gives the identifier, for files that have none."""


def match(kind: Kind, columns: Iterable[str], given: dict[str, str], *, strict: bool = True) -> dict[str, str]:
    """Return for each field of ours the file's column (or ``=constant`` or ``@geometry``) that it comes from.

    Parameters
    ----------
    given
        What the user says by ``--field OURS=THEIRS``; it wins over what is recognised.
    strict
        Whether a required field must have a column.

    Raises
    ------
    InputError
        A named column does not exist, or a required field has no column.

    """
    names = [str(column) for column in columns if column != "geometry"]
    ours = {field.name for field in kind.all_fields}
    for name, column in given.items():
        if name not in ours:
            raise InputError(
                f"--field {name}={column}：没有字段 {name}；可用：{'、'.join(sorted(ours))}。",
                f"--field {name}={column}: there is no field {name}; use one of {', '.join(sorted(ours))}.",
            )
        if column not in names and not column.startswith(("=", "@")):
            parts = [own for own in names if own.startswith(f"{column}.")]
            if parts:
                raise InputError(
                    f"--field {name}={column}：“{column}”是结构，请用其中一列：{'、'.join(parts)}。",
                    f"--field {name}={column}: {column!r} is a structure; use one of its parts: {', '.join(parts)}.",
                )
            raise InputError(
                f"--field {name}={column}：文件里没有列“{column}”；有：{'、'.join(names)}。",
                f"--field {name}={column}: the file has no column {column!r}; it has {', '.join(names)}.",
            )
    taken = set(given.values())
    result = dict(given)
    for field in kind.all_fields:
        if field.name in result:
            continue
        recognised = _recognise(field, [name for name in names if name not in taken])
        if recognised is not None:
            result[field.name] = recognised
            taken.add(recognised)
        elif field.required and strict:
            raise InputError(
                f"缺少必需的列“{field.name}”（{'、'.join(field.names[:3])}）；文件有：{'、'.join(names) or '无'}。"
                f"请用 --field {field.name}=列名 指定"
                + (f"，没有编号时用 --field {field.name}={FINGERPRINT}。" if field is kind.key else "。"),
                f"The required column {field.name} is missing; the file has {', '.join(names) or 'none'}; name it with "
                f"--field {field.name}=COLUMN"
                + (f", or --field {field.name}={FINGERPRINT} where there is no id." if field is kind.key else "."),
            )
    return result


def unused(columns: Iterable[str], mapping: dict[str, str], placed: Iterable[str] = ()) -> list[str]:
    """Return the columns of a file that give neither a field nor the coordinates."""
    taken = {"geometry", *mapping.values(), *placed}
    return [str(column) for column in columns if str(column) not in taken]


def _recognise(field: Field, columns: list[str]) -> str | None:
    # The plain word of a heading (*房屋编号, 建筑高度（米）) counts where the heading itself does not.
    by_name = {normal(column): column for column in reversed(columns)}
    by_name |= {column.strip().lower(): column for column in columns}
    for name in (field.name, *field.names):
        if name in by_name:
            return by_name[name]
    # A shapefile cuts a name at 10 bytes: building_i; three Chinese characters in UTF-8, five in GBK.
    for name in (field.name, *field.names):
        for cut in {_cut(name, "utf-8"), _cut(name, "gb18030")}:
            if cut != name and len(cut) >= 3 and cut in by_name:
                return by_name[cut]
    return None


def _cut(name: str, codec: str) -> str:
    return name.encode(codec)[:10].decode(codec, errors="ignore")
