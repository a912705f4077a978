"""What of a sign-off stands: each step of each village, and of the unit above them. Pure: rows in, rows out.

A signature stands while it is over what the houses say now, and on a signature that stands beneath it. It is not marked
when something changes; it is compared. So an edit of a signed column voids just what stands above that house (its
village's three steps and its unit's one), and an edit that is taken back voids nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

STEPS = ("team", "secretary", "leader")
"""In a village, from below."""
TOP = "township"
STEP = {
    "team": ("排查小组", "survey team"),
    "secretary": ("村（社区）支部书记", "village secretary"),
    "leader": ("挂村领导", "leader assigned to the village"),
    "township": ("乡镇主要领导", "head of the township"),
}
"""Who signs: 东兰方案 二(一)."""
State = Literal["stands", "scan", "changed", "beneath", "missing"]
"""It stands; its scanned page is missing; the houses changed since; what is beneath does not stand; nobody signed."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """A step of a place: how it stands, the signature that says so (the newest, if any), and who is to sign."""

    step: str
    state: State
    signature: Row | None = None
    signer: Row | None = None
    # Whether what is beneath stands, so that it can be signed now.
    ready: bool = False


@dataclass
class Village:
    """A village of a round: its houses now, their hash, and its three steps."""

    unit_code: str
    village_code: str
    houses: int
    sha256: str
    steps: list[Step] = field(default_factory=list)

    @property
    def signed(self) -> Row | None:
        """The leader's signature, where it stands."""
        top = self.steps[-1]
        return top.signature if top.state == "stands" else None


@dataclass
class Unit:
    """A reporting unit: its villages, and the step of its head."""

    unit_code: str
    villages: list[Village]
    top: Step

    @property
    def houses(self) -> int:
        """How many houses are signed for."""
        return sum(village.houses for village in self.villages)


def units(contents: Iterable[Row], signatures: Iterable[Row], signers: Iterable[Row]) -> list[Unit]:
    """Return how the sign-off of a round stands.

    Parameters
    ----------
    contents
        Each village's unit_code, village_code, houses, sha256 as they are now.
    signatures
        Those of the round (``signatures.signatures``), in the order in which they were entered.
    signers
        Who signs: unit_code, village_code, step, name, title, account.

    """
    at: dict[tuple[str, str | None, str], list[Row]] = defaultdict(list)
    for signature in signatures:
        at[signature["unit_code"], signature["village_code"], signature["step"]].append(signature)
    who = {(s["unit_code"], s["village_code"], s["step"]): s for s in signers}
    found: dict[str, list[Village]] = defaultdict(list)
    standing: dict[str, set[str]] = {}
    for row in contents:
        village = Village(row["unit_code"], row["village_code"], row["houses"], row["sha256"])
        beneath: set[str | None] = {None}
        for step in STEPS:
            place = (village.unit_code, village.village_code, step)
            good = [s for s in at[place] if s["content"] == village.sha256 and s["below"] in beneath]
            village.steps.append(_step(step, at[place], good, who.get(place), village.sha256, ready=bool(beneath)))
            beneath = {s["digest"] for s in good if s["counts"]}
        standing[village.village_code] = {str(digest) for digest in beneath}
        found[village.unit_code].append(village)
    return [
        Unit(code, villages, _top(villages, at[code, None, TOP], who.get((code, None, TOP)), standing))
        for code, villages in found.items()
    ]


def _step(step: str, all_: list[Row], good: list[Row], signer: Row | None, now: str, *, ready: bool) -> Step:
    counted = [s for s in good if s["counts"]]
    if counted:
        return Step(step, "stands", counted[-1], signer, ready)
    if good:
        return Step(step, "scan", good[-1], signer, ready)
    if all_:
        return Step(step, "changed" if all_[-1]["content"] != now else "beneath", all_[-1], signer, ready)
    return Step(step, "missing", None, signer, ready)


def _top(villages: list[Village], all_: list[Row], signer: Row | None, standing: dict[str, set[str]]) -> Step:
    ready = all(village.signed is not None for village in villages)
    now = {village.village_code: village.sha256 for village in villages}
    good, same = [], []
    for signature in all_:
        listed = json.loads(signature["text"])["villages"]
        if {v["village_code"]: v["sha256"] for v in listed} == now:
            same.append(signature)
            if all(v["signature"] in standing[v["village_code"]] for v in listed):
                good.append(signature)
    made = _step(TOP, all_, good, signer, "", ready=ready)
    if made.state == "changed" and all_[-1] in same:
        return Step(TOP, "beneath", made.signature, signer, ready)
    return made
