"""The figures of a day, counted a second time: the tables read row by row, plain loops, nothing of the service's SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from typing import Any

from tests.conftest import Database

OPERATING = {"commercial", "mixed"}


class County:
    """All judgements, cases and events, as they lie in the tables."""

    def __init__(self, database: Database) -> None:
        self.houses = database.ask("SELECT building_id, unit_code, use_class, removed_on FROM gis.building")
        self.judgements: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for row in database.ask(
            "SELECT building_id, judgement_id, kind, tier, grade, judged_on, supersedes FROM gis.judgement ORDER BY judged_on, recorded_at, judgement_id"
        ):
            self.judgements[row[0]].append(row[1:])
        self.cases = database.ask(
            "SELECT case_id, building_id, kind, opened_on, deadline FROM gis.case ORDER BY case_id"
        )
        self.events: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for row in database.ask(
            "SELECT e.case_id, e.event_id, e.seq, e.kind, e.what, e.from_state, e.to_state, e.on_day, e.until, e.refers, r.class "
            "FROM gis.case_event AS e JOIN gis.case_rule AS r USING (kind, what) ORDER BY e.case_id, e.seq"
        ):
            self.events[row[0]].append(row[1:])
        self.by_house: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for case in self.cases:
            self.by_house[case[1]].append(case)

    def in_force(self, house: str, kinds: set[str], day: date) -> tuple[Any, ...] | None:
        until = [j for j in self.judgements[house] if j[4] <= day]
        gone = {j[5] for j in until}
        standing = [j for j in until if j[1] in kinds and j[0] not in gone]
        return standing[-1] if standing else None

    def state(self, case: tuple[Any, ...], day: date) -> tuple[str, bool]:
        """What was done of a case by the end of a day, and whether a control was in force."""
        state, measured, controlled = "pending", False, False
        for event_id, _, kind, _, before, after, on, _, _, class_ in self.events[case[0]]:
            if on > day:
                continue
            if before != after:
                state = after
            if kind in {"measure", "stop_business"}:
                measured = True
                ended = any(
                    o[8] == event_id and o[2] in {"measure_end", "resume_business"} and o[6] <= day
                    for o in self.events[case[0]]
                )
                controlled = controlled or (not ended and (kind == "stop_business" or class_ == "control"))
        if state in {"accepted", "cleared"}:
            return "done", controlled
        if state == "in_progress":
            return "working", controlled
        return ("measured" if measured else "untouched"), controlled

    def counted(self, day: date) -> dict[str, Counter[Any]]:
        """Judged, graded and hazards of a day, by unit and for all (unit None)."""
        found: dict[str, Counter[Any]] = {
            name: Counter() for name in ("operating", "judged", "graded", "hazard", "secured")
        }
        for house, unit, use, removed in self.houses:
            operating = use in OPERATING
            for of in (unit, None):
                if operating and (removed is None or removed > day):
                    found["operating"][of] += 1
                    judged = self.in_force(house, {"preliminary"}, day)
                    if judged is not None and judged[2] != "unjudged":
                        found["judged"][judged[2], of] += 1
                    graded = self.in_force(house, {"appraisal"}, day)
                    if graded is not None and graded[3] != "unknown":
                        found["graded"][graded[3], of] += 1
                mine = [c for c in self.by_house[house] if c[2] == "structure" and c[3] <= day]
                if not mine:
                    continue
                status, controlled = self.state(mine[-1], day)
                until = [j for j in self.judgements[house] if j[4] <= day]
                gone = {j[5] for j in until}
                tiers = [j[2] for j in until if j[0] not in gone and j[1] != "appraisal" and j[2] in {"severe", "some"}]
                tier = tiers[-1] if tiers else "unrated"
                found["hazard"][tier, operating, status, of] += 1
                if operating and (controlled or status == "done"):
                    found["secured"][of] += 1
        return found
