"""The closed lists of the field: identifier and Chinese name (docs/domain.md#survey-form).

Identifiers are stored; names are shown. Their order is that of the survey form and says nothing about rank.
"""

from __future__ import annotations

HAZARD_TIER = {
    "severe": "存在严重安全隐患",
    "some": "存在一定安全隐患",
    "none_found": "未发现安全隐患",
    "unjudged": "未判定",
}
# The campaign's own colours of the tiers (docs/domain.md#hazard-tiers), and grey for what nobody has judged.
HAZARD_COLOR = {"severe": "#ff7373", "some": "#ffc901", "none_found": "#12c49b", "unjudged": "#c3c9d0"}
APPRAISAL_GRADE = {"A": "A级", "B": "B级", "C": "C级", "D": "D级", "unknown": "未鉴定"}
USE_CLASS = {"commercial": "经营性", "mixed": "住宅兼经营", "other": "其他"}
BUSINESS_USE = {
    "catering": "餐饮饭店",
    "lodging": "民宿宾馆",
    "retail": "批发零售",
    "leisure": "休闲娱乐",
    "education": "教育设施",
    "medical": "医疗卫生",
    "elderly_care": "养老服务",
    "manufacturing": "生产加工",
    "storage": "仓储物流",
    "rental": "出租居住",
    "religious": "宗教活动",
    "sports": "体育健身",
    "other": "其他",
}
ZONE_KIND = {
    "school": "学校",
    "hospital": "医院",
    "market": "集贸市场",
    "resettlement": "安置区",
    "industrial": "工业集中区",
}
STRUCTURE = {
    "masonry": "砌体(砖混)",
    "frame_masonry": "底框砌体",
    "rc": "钢筋混凝土",
    "steel": "钢结构",
    "timber": "木(竹)",
    "earth_timber": "土木/石木",
    "brick_timber": "砖木",
    "mixed": "混杂",
    "other": "其他",
    "unknown": "未知",
}
FIRE_CLASS = {"I_II": "一、二级", "III": "三级", "IV": "四级"}
# The fire class of a structure until it is surveyed (GB 50016 table 5.1.2 is the true test). Steel, mixed and other
# stay unknown, which counts as III where a spread distance is needed.
STRUCTURE_FIRE_CLASS = {
    "masonry": "I_II",
    "frame_masonry": "I_II",
    "rc": "I_II",
    "brick_timber": "III",
    "earth_timber": "III",
    "timber": "IV",
}
# What a cell for the structure says of the fire class beyond the structure: walls of light panels burn.
PANEL_FIRE_CLASS = {"轻钢彩板": "IV", "彩钢板": "IV"}
ALTERATION = {
    "add_storey": "加层",
    "extend": "扩建",
    "mezzanine": "夹层",
    "partition": "加隔墙",
    "raise": "抬高",
    "enlarge_openings": "扩大门窗",
    "basement": "地下室",
    "remove_walls": "减柱减墙",
    "change_use": "改变用途",
}
DEPARTMENT = {
    "police": "公安",
    "education": "教育",
    "civil_affairs": "民政",
    "market_reg": "市场监管",
    "health": "卫生健康",
    "culture_tourism": "文广体旅",
    "housing": "住建",
    "natural_resources": "自然资源",
    "urban_mgmt": "城管",
    "fire": "消防",
    "emergency": "应急",
    "agriculture": "农业农村",
    "united_front": "统战",
    "industry": "工信",
}
HYDRANT_KIND = {
    "hydrant": "消火栓",
    "pond": "水塘",
    "tank": "消防水池",
    "river": "河流取水点",
    "other": "其他",
}
ADMIN_LEVEL = {
    "county": "县",
    "township": "乡镇",
    "village": "村（社区）",
    "grid": "网格",
    "unit": "填报单位",
}

# Other ways in which sheets, OpenStreetMap extracts and the survey's own applications write the same.
ALIASES: dict[str, dict[str, str]] = {
    "hazard_tier": {
        "严重": "severe", "严重安全隐患": "severe", "严重隐患": "severe", "1": "severe",
        "需要管控并进行安全鉴定": "severe", "一定": "some", "一定安全隐患": "some", "一定隐患": "some", "3": "some",
        "需要安全鉴定": "some", "未发现": "none_found", "未发现隐患": "none_found", "基本安全": "none_found",
        "2": "none_found", "无": "none_found", "未排查": "unjudged", "待判定": "unjudged",
    },
    "appraisal_grade": {"a": "A", "b": "B", "c": "C", "d": "D", "未知": "unknown", "待鉴定": "unknown"},
    "use_class": {
        "经营性自建房": "commercial", "经营": "commercial", "住宅兼经营性自建房": "mixed", "住宅兼经营性": "mixed",
        "其他自建房": "other", "自住": "other", "住宅": "other", "居住": "other",
    },
    "business_uses": {
        "餐饮": "catering", "饭店": "catering", "农家乐": "catering", "宾馆": "lodging", "民宿": "lodging", "旅馆": "lodging",
        "宾馆饭店": "lodging", "零售": "retail", "批发": "retail", "商店": "retail", "娱乐": "leisure", "网吧": "leisure",
        "酒吧": "leisure", "影院": "leisure", "洗浴": "leisure", "棋牌室": "leisure", "教育": "education",
        "教育培训": "education", "培训": "education", "医疗": "medical", "诊所": "medical", "养老": "elderly_care",
        "生产": "manufacturing", "加工": "manufacturing", "仓储": "storage", "物流": "storage", "出租": "rental",
        "出租房": "rental", "宗教": "religious", "体育": "sports", "健身": "sports",
    },
    "kind_zone": {
        "中小学": "school", "小学": "school", "中学": "school", "幼儿园": "school", "教育": "school", "college": "school",
        "university": "school", "kindergarten": "school", "卫生院": "hospital", "医疗": "hospital", "clinic": "hospital",
        "doctors": "hospital", "市场": "market", "农贸市场": "market", "商贸市场": "market", "marketplace": "market",
        "mall": "market", "supermarket": "market", "易地搬迁安置区": "resettlement", "搬迁安置区": "resettlement",
        "拆迁安置区": "resettlement", "工业园区": "industrial", "工业区": "industrial", "factory": "industrial",
    },
    "structure": {
        "砌体": "masonry", "砌体结构": "masonry", "砖混": "masonry", "砖混结构": "masonry", "混合": "masonry",
        "底部框架-上部砌体": "frame_masonry", "底框": "frame_masonry", "钢混": "rc", "框架": "rc", "框架结构": "rc",
        "钢筋混凝土结构": "rc", "混凝土": "rc", "钢": "steel", "轻钢": "steel", "木": "timber", "木结构": "timber",
        "木竹": "timber", "竹木": "timber", "土木": "earth_timber", "石木": "earth_timber", "砖木结构": "brick_timber",
        "混杂结构": "mixed", "不详": "unknown", "土木结构": "earth_timber", "竹": "timber", "wood": "timber",
        "轻钢彩板": "steel", "彩钢板": "steel",
    },
    "fire_class": {
        "一级": "I_II", "二级": "I_II", "一二级": "I_II", "一、二级": "I_II", "i": "I_II", "ii": "I_II", "三级": "III",
        "iii": "III", "四级": "IV", "iv": "IV", "1": "I_II", "2": "I_II", "3": "III", "4": "IV",
    },
    "alterations": {
        "楼顶加层": "add_storey", "周边扩建": "extend", "楼内建夹层": "mezzanine", "室内加隔墙": "partition",
        "隔墙": "partition", "楼体抬高": "raise", "加建地下室": "basement", "挖地下": "basement",
        "减柱减隔墙": "remove_walls", "擅自改变功能": "change_use", "改变功能": "change_use",
        "擅自改变结构": "remove_walls",
    },
    "departments": {
        "县公安局": "police", "公安局": "police", "县教育局": "education", "教育局": "education",
        "县民政局": "civil_affairs", "民政局": "civil_affairs", "县市场监管局": "market_reg", "市场监管局": "market_reg",
        "县卫生健康局": "health", "卫健": "health", "卫健局": "health", "县文广体旅局": "culture_tourism",
        "文旅": "culture_tourism", "住建局": "housing", "消防救援大队": "fire", "农业": "agriculture",
    },
    "kind_hydrant": {"市政消火栓": "hydrant", "fire_hydrant": "hydrant", "消防栓": "hydrant", "池塘": "pond", "水池": "tank",
                     "消防水塔": "tank", "蓄水池": "tank", "河": "river"},
    "level": {"县级": "county", "乡": "township", "镇": "township", "乡级": "township", "村": "village", "社区": "village",
              "村级": "village"},
}  # fmt: skip


def synonyms(words: dict[str, str], aliases: str = "") -> dict[str, str]:
    """Return every known way of writing a closed list's words, in lower case, and the identifier that it means."""
    known = {identifier.lower(): identifier for identifier in words}
    known |= {name: identifier for identifier, name in words.items()}
    known |= ALIASES.get(aliases, {})
    return known
