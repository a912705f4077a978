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
OPERATING = ("commercial", "mixed")
"""Uses of an operating house (经营性、住宅兼经营); every list, count and rule means these."""
BUSINESS_USE = {
    "catering": "餐饮饭店",
    "lodging": "民宿宾馆",
    "retail": "批发零售",
    "leisure": "休闲娱乐",
    "childcare": "托幼、午托",
    "child_welfare": "儿童福利",
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
    "justice": "司法",
    "commerce": "商务",
    "approval": "行政审批",
}
DECLARED_AREA = {
    "urban": "城市建成区",
    "fringe": "城乡结合部",
    "urban_village": "城中村",
    "resettlement": "拆迁安置区",
    "industrial": "工业园区",
    "designated_town": "建制镇",
    "market_town": "集镇",
    "school": "学校周边",
    "hospital": "医院周边",
    "market": "商贸市场周边",
    "scenic": "景区及周边",
    "other": "其他",
}
LAND = {"state": "国有土地", "collective_homestead": "宅基地", "collective_construction": "集体建设用地"}
DESIGN = {"professional": "有专业设计", "standard": "标准图集", "none": "无设计"}
BUILDER = {"self": "自行建造", "craftsman": "建筑工匠", "qualified": "有资质队伍"}
PERMIT = {
    "land": "用地许可",
    "planning": "规划许可",
    "construction": "施工许可",
    "homestead": "宅基地批准书",
    "rural_planning": "乡村建设规划许可",
    "completion": "竣工验收",
    "fire_acceptance": "消防验收",
    "registration": "不动产登记",
}
LICENCE = {"business": "营业执照", "operation": "经营许可", "public_venue": "公众聚集场所许可"}
VIOLATION = {
    "land": "违法占地",
    "construction": "违法建设",
    "alteration": "违法改扩建",
    "operation": "违规经营",
    "approval": "违法审批",
}
GEOHAZARD = {
    "cut_slope": "切坡建房",
    "landslide": "滑坡泥石流",
    "mined_out": "采空区",
    "flood": "洪涝",
    "collapse": "崩塌",
    "subsidence": "地面沉降",
}
FIRE_HAZARD = {
    "lane_blocked": "消防车道堵塞",
    "exit_blocked": "疏散通道堵塞",
    "equipment_missing": "消防设施缺失",
    "narrow_road": "道路狭窄消防车无法通行",
    "wiring": "电路短路、敷设不当",
    "combustible": "易燃材料",
}
OWNERSHIP = {"private": "私有", "joint": "共有", "collective": "集体所有", "state": "国有", "other": "其他"}
ROUND_KIND = {"campaign": "专项整治", "look_back": "回头看", "checkup": "体检", "earlier": "此前排查"}
ROUND_STEP = {
    "survey": "摸底排查",
    "correct": "信息核对整改",
    "judge": "初步判定",
    "appraise": "安全鉴定",
    "control": "管控",
    "rectify": "隐患整治",
}
JUDGEMENT_KIND = {"preliminary": "初步判定", "appraisal": "安全鉴定", "review": "复核"}
CASE_KIND = {
    "structure": "结构安全",
    "fire": "消防安全",
    "geohazard": "地质灾害",
    "legality": "合法合规",
    "operation": "经营安全",
}
CASE_STATE = {"pending": "待整治", "in_progress": "整治中", "accepted": "已验收", "cleared": "已销号"}
# Kinds of events that have several subjects; the others are named by their one rule (gis.case_rule).
CASE_EVENT = {
    "open": "立案",
    "measure": "措施",
    "notice": "通知书",
    "check_business": "停业检查",
    "submit_clearance": "提交销号",
}

LISTS = {
    "structure": STRUCTURE,
    "business_uses": BUSINESS_USE,
    "departments": DEPARTMENT,
    "alterations": ALTERATION,
    "declared_areas": DECLARED_AREA,
    "land": LAND,
    "design": DESIGN,
    "builder": BUILDER,
    "permits": PERMIT,
    "licences": LICENCE,
    "violations": VIOLATION,
    "geohazards": GEOHAZARD,
    "fire_hazards": FIRE_HAZARD,
    "ownership": OWNERSHIP,
}
"""The lists of ``gis.code`` by the column that holds their codes; a county's own values are rows there."""
HYDRANT_KIND = {
    "hydrant": "消火栓",
    "pond": "水塘",
    "tank": "消防水池",
    "river": "河流取水点",
    "other": "其他",
}
WATER_KIND = {
    "river": "河流",
    "stream": "溪沟",
    "canal": "渠道",
    "lake": "湖泊",
    "reservoir": "水库",
    "pond": "池塘",
    "other": "其他水面",
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
    "declared_areas": {
        "安置区": "resettlement", "易地搬迁安置区": "resettlement", "工业区": "industrial", "工业集中区": "industrial",
        "集贸市场周边": "market", "市场周边": "market", "景区": "scenic", "城郊结合部": "fringe", "建成区": "urban",
    },
    "land": {
        "国有": "state", "集体": "collective_construction", "集体土地": "collective_construction",
        "农村宅基地": "collective_homestead", "集体土地（宅基地）": "collective_homestead",
        "集体土地(宅基地)": "collective_homestead",
    },
    "design": {"专业设计": "professional", "有": "professional", "标准图": "standard", "无": "none", "没有": "none"},
    "builder": {"自建": "self", "自行施工": "self", "工匠": "craftsman", "有资质施工队": "qualified",
                "有资质的施工队伍": "qualified", "专业施工队": "qualified"},
    "permits": {
        "建设用地规划许可": "land", "建设用地规划许可证": "land", "建设工程规划许可": "planning",
        "建设工程规划许可证": "planning", "规划许可证": "planning", "施工许可证": "construction",
        "乡村建设规划许可证": "rural_planning", "竣工验收备案": "completion", "不动产权证": "registration",
        "房产证": "registration", "宅基地证": "homestead", "宅基地批准": "homestead",
    },
    "licences": {"执照": "business", "工商执照": "business", "经营许可证": "operation", "消防安全检查": "public_venue"},
    "violations": {"违法用地": "land", "违建": "construction", "违规改扩建": "alteration", "违法经营": "operation"},
    "geohazards": {"切坡": "cut_slope", "滑坡": "landslide", "泥石流": "landslide", "内涝": "flood", "地陷": "subsidence"},
    "fire_hazards": {
        "车道堵塞": "lane_blocked", "通道堵塞": "exit_blocked", "设施缺失": "equipment_missing",
        "道路狭窄": "narrow_road", "电路短路": "wiring", "电路敷设": "wiring", "线路老化": "wiring", "易燃": "combustible",
    },
    "ownership": {"个人": "private", "私产": "private", "私有独有": "private", "共同共有": "joint", "集体": "collective",
                  "公有": "state"},
    "kind_hydrant": {"市政消火栓": "hydrant", "fire_hydrant": "hydrant", "消防栓": "hydrant", "池塘": "pond", "水池": "tank",
                     "消防水塔": "tank", "蓄水池": "tank", "河": "river"},
    "kind_water": {"江": "river", "河": "river", "江河": "river", "riverbank": "river", "溪": "stream", "溪流": "stream",
                   "沟渠": "canal", "渠": "canal", "ditch": "canal", "drain": "canal", "湖": "lake", "水塘": "pond",
                   "坑塘": "pond", "坑塘水面": "pond", "水库水面": "reservoir", "河流水面": "river", "湖泊水面": "lake",
                   "water": "other"},
    "level": {"县级": "county", "乡": "township", "镇": "township", "乡级": "township", "村": "village", "社区": "village",
              "村级": "village"},
}  # fmt: skip


_own: dict[str, dict[str, str]] = {}


def set_own(values: dict[str, dict[str, str]]) -> None:
    """Let the lists hold a county's own values (by list, code to Chinese name) in place of those set before."""
    for name, codes in _own.items():
        for code in codes:
            LISTS[name].pop(code, None)
    _own.clear()
    for name, codes in values.items():
        new = {code: zh for code, zh in codes.items() if name in LISTS and code not in LISTS[name]}
        if new:
            _own[name] = new
            LISTS[name].update(new)


def word(list_: str, code: str) -> str:
    """Return the Chinese name of a code; one that nobody knows is said as it is."""
    return LISTS[list_].get(code, code)


def synonyms(words: dict[str, str], aliases: str = "") -> dict[str, str]:
    """Return every known way of writing a closed list's words, in lower case, and the identifier that it means."""
    known = {identifier.lower(): identifier for identifier in words}
    known |= {name: identifier for identifier, name in words.items()}
    known |= ALIASES.get(aliases, {})
    return known
