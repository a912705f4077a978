"""Which promises a plan breaks as it stands, one by one: what a hand's edit is told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gis_service.inspection import promises
from gis_service.inspection.bounds import URGENCY_EN
from gis_service.inspection.calendar import works
from gis_service.inspection.model import URGENCY, Team, Terms, Visit, clock, seconds


@dataclass(frozen=True)
class Broken:
    """One promise that does not hold: what it is of (to tell it from others), how grave, and a sentence.

    ``key`` is the same as long as the same promise of the same team, day or village is broken, however much.
    """

    key: str
    hard: bool
    zh: str
    en: str

    def as_dict(self) -> dict[str, object]:
        """Return it as plain JSON."""
        return {"key": self.key, "hard": self.hard, "zh": self.zh, "en": self.en}


def _short(day: date) -> str:
    return f"{day.month} 月 {day.day} 日"


def broken(
    visits: Sequence[Visit], teams: Sequence[Team], terms: Terms, ends: Mapping[tuple[str, date], int]
) -> list[Broken]:
    """Return what does not hold, the hard ones first.

    Parameters
    ----------
    visits
        All visits of the plan, the done ones too.
    ends
        When (second of the day) a team is back, for each of its days.

    """
    return [*_of_days(visits, teams, terms, ends), *_of_due(visits), *_of_the_whole(visits, teams, terms)]


def _of_days(
    visits: Sequence[Visit], teams: Sequence[Team], terms: Terms, ends: Mapping[tuple[str, date], int]
) -> list[Broken]:
    by_name = {team.name: team for team in teams}
    closes = seconds(terms.shift[1])
    out = []
    for (name, day), count in sorted(Counter((v.team, v.day) for v in visits).items()):
        team = by_name.get(name)
        most = (team.per_day if team else None) or terms.per_day
        if count > most:
            out.append(
                Broken(
                    f"count/{name}/{day}", True, f"{name} {_short(day)}排了 {count} 栋，每日最多 {most} 栋",
                    f"{name}, {day}: {count} stops, at most {most} a day",
                )
            )  # fmt: skip
        back = ends.get((name, day), 0)
        if back > closes:
            late = -(-(back - closes) // 60)
            out.append(
                Broken(
                    f"shift/{name}/{day}", True, f"{name} {_short(day)} {clock(back)} 才返回，超出班次 {late} 分钟",
                    f"{name}, {day}: back at {clock(back)}, {late} min after the shift",
                )
            )  # fmt: skip
        if not works(day, terms) or (team is not None and not team.is_there(day)):
            out.append(
                Broken(
                    f"off/{name}/{day}", True, f"{name} {_short(day)}不上班，却排了 {count} 栋",
                    f"{name} is off on {day}, with {count} stops",
                )
            )  # fmt: skip
    return out


def _of_due(visits: Sequence[Visit]) -> list[Broken]:
    late = [v for v in visits if v.stop.due is not None and v.day > v.stop.due]
    return [
        Broken(
            f"due/{v.stop.stop_id}", True, f"{v.stop.stop_id} 须在 {v.stop.due} 前排查，排在 {v.day}",
            f"{v.stop.stop_id} is due by {v.stop.due} and stands on {v.day}",
        )
        for v in sorted(late, key=lambda v: v.stop.stop_id)
    ]  # fmt: skip


def _of_the_whole(visits: Sequence[Visit], teams: Sequence[Team], terms: Terms) -> list[Broken]:
    out = [
        Broken(
            f"urgency/{team}/{urgency}", False, f"{team} {count} 栋{URGENCY[urgency]}晚于先急后缓应在的日子",
            f"{team}: {count} stops ({URGENCY_EN[urgency]}) later than urgency first would have them",
        )
        for team, urgency, count in promises.late_by_urgency(visits)
    ]  # fmt: skip
    if not visits:
        return out
    lengths = {v.stop.minutes for v in visits}
    apart = promises.spread_of_teams(visits, teams, terms)
    if len(lengths) == 1 and apart > 1:
        out.append(Broken("teams", False, f"各组栋数相差 {apart:g}", f"teams are {apart:g} stops apart"))
    spent = promises.minutes_apart(visits, teams, terms)
    if len(lengths) > 1 and spent > max(lengths):
        out.append(Broken("teams", False, f"各组用时相差 {spent:g} 分钟", f"teams are {spent:g} minutes apart"))
    for team, count in sorted(promises.spread_of_days(visits).items()):
        if count > 1:
            out.append(
                Broken(f"days/{team}", False, f"{team}各日栋数相差 {count}", f"{team}: days are {count} stops apart")
            )
    out += [
        Broken(f"village/{village}", False, f"{village}分给了几个组", f"village {village} is split among teams")
        for village in promises.split_villages(visits)
    ]
    return out
