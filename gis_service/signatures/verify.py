"""Prove every signature anew, outside the database: its own digest, what it stands on, what it signed, its scanned pages.

A row that somebody changed by hand, with the owner's rights and past every trigger, is found by one of these: a signature
by its digest and by the audit trail, whose entries are chained; a signed text by its hash; a house by being other than it
was signed without an import, a decision on a visit, or a judgement that says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Literal

from sqlalchemy import Connection, text

from gis_service.attachments import store
from gis_service.db.queries import statement
from gis_service.signatures import content, sign, state
from gis_service.signatures.sign import rows_of

_FIELDS = (
    "account", "below", "by_paper", "content", "houses", "name", "round_id", "signature_id", "step", "title", "unit_code",
    "village_code",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What was found: ``altered`` should not be; ``void`` is what later edits leave, told with them."""

    kind: Literal["altered", "void"]
    zh: str
    en: str


@dataclass(frozen=True)
class Proof:
    """How much was proved, and what was found."""

    signatures: int
    standing: int
    findings: list[Finding]

    @property
    def sound(self) -> bool:
        """Whether nothing was altered."""
        return all(finding.kind != "altered" for finding in self.findings)


def verify(connection: Connection) -> Proof:
    """Prove all signatures, as somebody who sees the whole county and the trail."""
    rows = rows_of(connection, "signatures", round_id=None, unit=None)
    findings = [
        *_rows(rows),
        *_texts(connection),
        *_chains(rows),
        *_pages(connection),
        *_trail(connection, rows),
    ]
    standing = 0
    for round_id in sorted({row["round_id"] for row in rows}):
        for unit in sign.found_units(connection, round_id, None):
            for village in unit.villages:
                standing += sum(step.state == "stands" for step in village.steps)
                findings += _edits(connection, village)
            standing += unit.top.state == "stands"
            if unit.top.state in ("changed", "beneath"):
                findings.append(_void(unit.unit_code, unit.top))
    return Proof(len(rows), standing, findings)


def _altered(zh: str, en: str) -> Finding:
    return Finding("altered", zh, en)


def digest_of(row: dict[str, Any]) -> str:
    """Return the digest of all that a signature says, as the database computed it when it was entered."""
    said = {name: row[name] for name in _FIELDS}
    said["signed_on"] = str(row["signed_on"])
    said["recorded_at"] = row["recorded_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return content.digest(content.canonical(said))


def _rows(rows: list[dict[str, Any]]) -> Iterator[Finding]:
    for row in rows:
        if digest_of(row) != row["digest"]:
            number = row["signature_id"]
            yield _altered(
                f"第 {number} 号签字被改动：内容与其摘要不符。",
                f"Signature {number} was altered: it is not what its digest says.",
            )


def _texts(connection: Connection) -> Iterator[Finding]:
    for (sha256,) in connection.execute(text(statement("signatures.contents_kept"))):
        yield _altered(
            f"所签名册 {sha256[:12]} 被改动：内容与其哈希不符。",
            f"The signed text {sha256[:12]} was altered: its hash is another.",
        )


def _chains(rows: list[dict[str, Any]]) -> Iterator[Finding]:
    known = {row["digest"]: row for row in rows}
    for row in rows:
        if row["step"] not in state.STEPS or row["step"] == state.STEPS[0]:
            continue
        under = state.STEPS[state.STEPS.index(row["step"]) - 1]
        beneath = known.get(row["below"])
        same = ("round_id", "unit_code", "village_code", "content")
        if beneath is None or beneath["step"] != under or any(beneath[n] != row[n] for n in same):
            number = row["signature_id"]
            yield _altered(
                f"第 {number} 号签字下面的“{state.STEP[under][0]}”签字不在或不是原来那一条。",
                f"What signature {number} stands on (the {state.STEP[under][1]}'s) is not there, or another.",
            )


def _pages(connection: Connection) -> Iterator[Finding]:
    for page in rows_of(connection, "pages", signature_id=None):
        path = store.path_of(page["sha256"])
        whole = path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == page["sha256"]
        if not whole:
            number = page["signature_id"]
            yield _altered(
                f"第 {number} 号签字的扫描件不在或被改动。",
                f"The scanned page of signature {number} is not there, or was altered.",
            )


def _trail(connection: Connection, rows: list[dict[str, Any]]) -> Iterator[Finding]:
    told = {row["signature_id"]: row["digest"] for row in rows_of(connection, "trail")}
    there = {row["signature_id"]: row["digest"] for row in rows}
    for number in sorted(told.keys() | there.keys()):
        if number not in there:
            yield _altered(
                f"第 {number} 号签字被删除：操作记录里有，表里没有。",
                f"Signature {number} was removed: the trail tells of it.",
            )
        elif number not in told:
            yield _altered(f"第 {number} 号签字在操作记录里没有。", f"The trail does not tell of signature {number}.")
        elif told[number] != there[number]:
            yield _altered(
                f"第 {number} 号签字与操作记录里的摘要不同。",
                f"Signature {number} has another digest than the trail tells.",
            )


def _edits(connection: Connection, village: state.Village) -> Iterator[Finding]:
    """Tell what changed since a village was signed, and what of it nobody is on record for."""
    voided = [step for step in village.steps if step.state in ("changed", "beneath") and step.signature is not None]
    if not voided:
        return
    for step in voided:
        yield _void(village.village_code, step)
    newest = max(
        (step.signature for step in voided if step.signature is not None), key=lambda s: int(s["signature_id"])
    )
    found = sign.changes(connection, dict(newest))
    for house, columns in unexplained(connection, found, newest["recorded_at"]).items():
        said = "、".join(columns)
        yield _altered(
            f"房屋 {house} 的 {said} 在第 {newest['signature_id']} 号签字之后被改动，没有导入、采纳或判定的记录。",
            f"{', '.join(columns)} of house {house} changed after signature {newest['signature_id']}, and no import, decision or "
            "judgement says so.",
        )


def unexplained(connection: Connection, found: dict[str, list[str]], since: Any) -> dict[str, list[str]]:
    """Return of the differences those that nothing on record explains."""
    if not found:
        return {}
    explained: dict[str, set[str]] = {}
    for trace in rows_of(connection, "traces", houses=list(found), since=since):
        explained.setdefault(trace["building_id"], set()).update(trace["columns"])
    there = {row["building_id"] for row in rows_of(connection, "there", houses=list(found))}
    left = {}
    for house, columns in found.items():
        # A house that came or went by its village, unit or use is there still; one that is gone was taken away by hand.
        strange = [
            c for c in columns if c not in explained.get(house, set()) and not (c == "building_id" and house in there)
        ]
        if strange:
            left[house] = strange
    return left


def _void(place: str, step: state.Step) -> Finding:
    assert step.signature is not None  # noqa: S101 - void is what was signed
    number, (zh, en) = step.signature["signature_id"], state.STEP[step.step]
    if step.state == "changed":
        return Finding(
            "void",
            f"{place}“{zh}”第 {number} 号签字失效：名册已变更。",
            f"{place}: signature {number} ({en}) is void: the list changed.",
        )
    return Finding(
        "void",
        f"{place}“{zh}”第 {number} 号签字失效：下面一环失效。",
        f"{place}: signature {number} ({en}) is void: what is beneath it is.",
    )
