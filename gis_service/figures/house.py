"""The facts of one house as a person reads them."""

from __future__ import annotations

from typing import Any

from gis_service.codelists import APPRAISAL_GRADE, BUSINESS_USE, HAZARD_TIER, STRUCTURE, USE_CLASS
from gis_service.selection.phrases import phrase


def facts_of(row: dict[str, Any], lang: str) -> dict[str, Any]:
    """Return title, labelled rows and reasons of a house (a row of ``figures.house`` or of a list)."""
    zh = lang == "zh"
    uses = "、".join(BUSINESS_USE[use] if zh else use for use in row["business_uses"] or [])
    use = USE_CLASS[row["use_class"]] if zh else row["use_class"]
    pairs: list[tuple[str, str, Any]] = [
        ("房屋编号", "house", row["building_id"]),
        ("位置", "place", " ".join(p for p in (row.get("township"), row.get("village")) if p)),
        ("地址", "address", row["address"]),
        ("隐患", "hazard", HAZARD_TIER[row["hazard_tier"]] if zh else row["hazard_tier"]),
        ("鉴定等级", "appraisal", APPRAISAL_GRADE[row["appraisal_grade"]] if zh else row["appraisal_grade"]),
        ("用途", "use", f"{use}（{uses}）" if uses else use),
        ("结构", "structure", STRUCTURE[row["structure"]] if zh else row["structure"]),
        ("层数", "storeys", row["floors"]),
        ("人数", "people", row["people"]),
        ("优先分", "score", None if row.get("score") is None else f"{row['score']:g}"),
        *_density(row, zh=zh),
    ]
    reasons = sorted(row.get("reasons") or [], key=lambda r: -float(r["points"]))
    return {
        "building_id": row["building_id"],
        "title": row["name"] or row["building_id"],
        "rows": [[z if zh else e, str(value)] for z, e, value in pairs if value not in (None, "")],
        "reasons": [phrase(r, lang) for r in reasons],
    }


def _density(row: dict[str, Any], *, zh: bool) -> list[tuple[str, str, Any]]:
    if "cluster_id" not in row:
        return []
    hose = None if row["hose_m"] is None else f"{row['hose_m']:.0f} m"
    if row["unreached"]:
        hose = "不可达" if zh else "unreached"
    gap = None if row["nearest_gap_m"] is None else f"{row['nearest_gap_m']:.2f} m"
    return [
        ("连片区", "cluster", row["cluster"] or row["cluster_id"]),
        ("水带距离", "hose", hose),
        ("进深", "depth", row["depth"]),
        ("最近间距", "nearest gap", gap),
    ]
