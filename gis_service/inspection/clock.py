"""The hours of one day: travel and visits after one another, none of them in the lunch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Hours:
    """Seconds of the day at which work begins and ends, and the lunch between (equal: none)."""

    opens: int
    closes: int
    lunch: tuple[int, int]

    def _after_lunch(self, at: int) -> int:
        return self.lunch[1] if self.lunch[0] <= at < self.lunch[1] else at

    def travel(self, at: int, takes: int) -> int:
        """Return when a way ends that begins at ``at``; it is broken off for lunch."""
        at = self._after_lunch(at) if takes else at
        arrives = at + takes
        return arrives + self.lunch[1] - self.lunch[0] if at < self.lunch[0] < arrives else arrives

    def visit(self, at: int, takes: int) -> int:
        """Return when a visit can begin: it is not broken off, so what lunch would cut waits until after it."""
        at = self._after_lunch(at)
        return self.lunch[1] if at < self.lunch[0] < at + takes else at

    def run(self, ways: Sequence[int], visits: Sequence[int]) -> tuple[list[int], int]:
        """Return when each visit begins and when the team is back.

        ``ways`` (seconds) are one more than ``visits``: to the first, between them, and back.
        """
        at, begins = self.opens, []
        for way, takes in zip(ways, visits, strict=False):
            at = self.visit(self.travel(at, way), takes)
            begins.append(at)
            at += takes
        return begins, self.travel(at, ways[-1])
