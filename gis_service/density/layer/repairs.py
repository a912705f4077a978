"""What was mended, left out or not understood in an input, counted and said in two languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gis_service.ingest.findings import EXAMPLES, SENTENCES, sentence


@dataclass
class Repairs:
    """Counted repairs of an input, by kind (the keys of ``SENTENCES``)."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, ids: Iterable[object]) -> None:
        """Count a repair of ``kind`` for every building in ``ids``; the first few are listed."""
        names = [str(i) for i in ids]
        if not names:
            return
        self.counts[kind] = self.counts.get(kind, 0) + len(names)
        listed = self.examples.setdefault(kind, [])
        listed.extend(names[: EXAMPLES - len(listed)])

    def sentences(self, lang: str = "zh") -> list[str]:
        """Return one sentence a kind, in ``lang`` (``zh`` or ``en``)."""
        pick = 1 if lang == "en" else 0
        return [sentence(kind, self.examples[kind], n)[pick] for kind, n in sorted(self.counts.items())]

    def as_dict(self) -> dict[str, Any]:
        """Return counts, listed ids and sentences, ready for JSON."""
        return {
            kind: {
                "count": n,
                "zh": SENTENCES[kind][0].format(n=n),
                "en": SENTENCES[kind][1].format(n=n),
                "ids": self.examples[kind],
            }
            for kind, n in sorted(self.counts.items())
        }
