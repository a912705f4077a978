"""Who took data away and when: written into every file that leaves.

xlsx: the workbook's properties and a sheet 导出信息. csv: two last columns, which stay when the file is renamed, cut or
pasted, where a comment line would break every reader. GeoPackage: metadata of the file. GeoJSON: a member ``exported``
(RFC 7946, 6.1). GeoParquet: ``attributes`` of its pandas metadata. An offline map says it under its legend.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


def _now() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True)
class Mark:
    """The account that exports, and the moment, in the county's time zone."""

    account: str
    at: datetime = field(default_factory=_now)

    @property
    def time(self) -> str:
        """The moment as ISO 8601 with its offset, to the second."""
        return self.at.isoformat(timespec="seconds")

    @property
    def stem(self) -> str:
        """A piece for the name of a downloaded file."""
        return f"{self.account.replace(':', '-')}-{self.at:%Y%m%d-%H%M%S}"

    def note(self, lang: str = "zh") -> str:
        """Return a sentence for a page."""
        at = f"{self.at:%Y-%m-%d %H:%M}"
        return f"Exported by {self.account}, {at}" if lang == "en" else f"导出：{self.account}，{at}"
