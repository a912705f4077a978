"""Our templates: what each paper says, with named fields. The wording is ours, and names no county.

After 东兰方案 二(二) (stop_use, appraise), 二(三) (rectify); 融政规〔2022〕6号 二(二)3(4) (stop_business), 三(五) (remind, talk).

A county that words them otherwise takes a template as docx, changes it in its editor, and gives it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gis_service.paper.blocks import Block, Cell, Signed, Table, Text

BLANK = "＿＿＿＿＿＿＿＿"
"""Where nothing is known: to be filled in by hand."""

FIELDS: Mapping[str, str] = {
    "文号": "number of the paper",
    "收件人": "owner, where the asker may know; else a blank",
    "房屋编号": "number of the house",
    "房屋名称": "its name",
    "房屋地址": "its address",
    "填报单位": "reporting unit",
    "村": "village",
    "层数": "storeys",
    "用途": "use",
    "初步判定": "preliminary judgement in force",
    "鉴定等级": "appraisal in force",
    "行业主管部门": "departments",
    "期限": "last day",
    "发文单位": "who issues it",
    "日期": "day of issue",
    "事由": "why, of a letter",
    "时间地点": "when and where, of a talk",
    "文书名称": "title of the paper, on its receipt",
}
"""Every field that a template may name, as ``{{文号}}``."""


@dataclass(frozen=True)
class Paper:
    """A kind of paper: to an owner or to a unit, its title, and what it says."""

    to: Literal["owner", "unit", "receipt"]
    zh: str
    en: str
    says: tuple[str, ...]


_OF_HOUSE = "经排查，位于{{房屋地址}}的自建房（编号 {{房屋编号}}，{{填报单位}}{{村}}，{{层数}}层，{{用途}}）"
_RIGHTS = "如对本通知有异议，可在收到之日起向发文单位陈述、申辩。联系电话：" + BLANK + "。"
_ADDRESS = "{{收件人}}："

PAPERS: Mapping[str, Paper] = {
    "stop_use": Paper("owner", "责令停止使用通知书", "order to stop use", (
        _ADDRESS,
        _OF_HOUSE + "，技术初步判定为：{{初步判定}}。",
        "按照本县自建房安全专项整治方案，现责令你（单位）自收到本通知之时起立即停止使用该房屋，撤离屋内人员，"
        "不得擅自进入、出租或者恢复使用，并配合设置警示、封控。",
        "请委托专业鉴定机构鉴定，并按鉴定结论处置；隐患消除并经验收、销号后，方可恢复使用。",
        _RIGHTS,
    )),
    "stop_business": Paper("owner", "责令停止经营通知书", "order to stop business", (
        _ADDRESS,
        _OF_HOUSE + "，经鉴定危险性等级为：{{鉴定等级}}。",
        "按照本县自建房安全专项整治方案，现责令你（单位）自收到本通知之时起立即停止在该房屋内的一切经营活动，分类实施整治；整治完成前不得恢复经营，"
        "不得虚假停业、间歇营业。",
        "整治完成并经验收后，可向{{填报单位}}提出恢复经营。",
        _RIGHTS,
    )),
    "appraise": Paper("owner", "房屋安全鉴定通知书", "notice to have a house appraised", (
        _ADDRESS,
        _OF_HOUSE + "用于经营，技术初步判定为：{{初步判定}}，尚无合格的房屋安全鉴定报告。",
        "按照本县自建房安全专项整治方案，请你（单位）于{{期限}}前委托专业鉴定机构完成房屋安全鉴定，并将鉴定报告报"
        "{{填报单位}}和行业主管部门（{{行业主管部门}}）。",
        "鉴定合格后方可继续用于经营；逾期未提供鉴定合格报告的，将组织联合执法，依法终止经营活动。",
        _RIGHTS,
    )),
    "rectify": Paper("owner", "责令限期整改通知书", "order to rectify", (
        _ADDRESS,
        _OF_HOUSE + "，技术初步判定为：{{初步判定}}，鉴定等级：{{鉴定等级}}。",
        "按照本县自建房安全专项整治方案，请你（单位）与{{填报单位}}商定“一栋一策”整治方案，并于{{期限}}前完成整改，消除安全隐患。",
        "整改期间应落实停止使用、封控警示、人员撤离等管控措施；整改完成后申请验收、销号。逾期未整改的，将依法处理。",
        _RIGHTS,
    )),
    "remind": Paper("unit", "关于加快自建房安全专项整治工作的提醒函", "letter of reminder", (
        "{{填报单位}}：",
        "自建房安全专项整治工作开展以来，你单位存在以下情况：{{事由}}",
        "按照本县自建房安全专项整治方案关于通报和发函提醒的要求，现予提醒。请你单位认真分析原因，倒排工期，于{{期限}}前整改到位，并书面反馈。",
    )),
    "talk": Paper("unit", "约谈通知书", "invitation to a talk", (
        "{{填报单位}}：",
        "自建房安全专项整治工作中，你单位存在以下情况：{{事由}}",
        "按照本县自建房安全专项整治方案关于约谈相关负责人的要求，定于{{时间地点}}对你单位相关负责人进行约谈。请准备书面说明和整改措施，准时参加。",
    )),
    "receipt": Paper("receipt", "送达回证", "receipt of service", ()),
}  # fmt: skip
OWNERS = tuple(kind for kind, paper in PAPERS.items() if paper.to == "owner")
METHODS = ("直接送达", "留置送达", "邮寄送达", "公告送达")

_RECEIPT = (
    ("送达文书", "{{文书名称}}"),
    ("文号", "{{文号}}"),
    ("房屋", "{{房屋编号}}\n{{房屋地址}}"),
    ("受送达人", "{{收件人}}"),
    ("送达地点", ""),
    ("送达方式", "　".join(f"□{method}" for method in METHODS)),
    ("受送达人签名或盖章、日期", "\n"),
    ("代收人及与受送达人关系", ""),
    ("送达人（两人）签名、日期", "\n"),
    ("见证人签名（留置送达）", ""),
    ("备注", ""),
)


def template(kind: str) -> list[Block]:
    """Return our template of a kind as blocks whose texts name fields."""
    paper = PAPERS[kind]
    if paper.to == "receipt":
        rows = [[Cell(label, head=True), Cell(value, align="left")] for label, value in _RECEIPT]
        return [Text(paper.zh, "title"), Table(rows, (46, 110), head_rows=0)]
    first, *rest = paper.says
    return [
        Text(paper.zh, "title"),
        Text("{{文号}}", "number"),
        Text(first, "addressee"),
        *(Text(line) for line in rest),
        Signed("{{发文单位}}", "{{日期}}"),
    ]
