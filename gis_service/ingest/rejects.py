"""The rows that were not taken, each with its reason and remedy, in a file that the sender can work through."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gis_service.errors import InputError
from gis_service.files import check_output, neutral, replacing
from gis_service.ingest.values import Sentence


@dataclass(frozen=True)
class Reject:
    """One row that was not taken. ``row`` counts as the file does, from 1."""

    row: int
    key: str | None
    code: str
    reason: Sentence
    remedy: Sentence

    def line(self, lang: str) -> str:
        """Return the reject as one sentence."""
        if lang == "en":
            return f"row {self.row}: {self.reason[1]}; {self.remedy[1]}"
        return f"第 {self.row} 行：{self.reason[0]}；{self.remedy[0]}"


def check_rejects_file(path: Path, source: Path) -> None:
    """Refuse a file for rejects that could not be written or is ``source``, before anything is read."""
    if path.suffix.lower() not in {".csv", ".xlsx"}:
        raise InputError(
            f"--rejects {path.name}：请用 .csv 或 .xlsx。",
            f"--rejects {path.name}: write a .csv or .xlsx file.",
        )
    check_output(path, source, option="--rejects")


def _cell(value: Any) -> Any:
    """Return what a sheet takes: no formula, a time with its zone as text, bytes and structures as text."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    if isinstance(value, (dict, list, tuple, np.ndarray, bytes)):
        value = str(value)
    return neutral(value)


def write_rejects(rejects: list[Reject], frame: pd.DataFrame, path: Path, lang: str) -> None:
    """Write the rejected rows, with what the file said in them, to a csv or xlsx file."""
    suffix = path.suffix.lower()
    pick = 1 if lang == "en" else 0
    heads = ("行号", "编号", "代码", "原因", "处理办法") if lang != "en" else ("row", "key", "code", "reason", "remedy")
    table = pd.DataFrame(
        [(r.row, r.key, r.code, r.reason[pick], r.remedy[pick]) for r in rejects],
        columns=list(heads),
        dtype=object,
    )
    original = frame.drop(columns="geometry", errors="ignore").loc[[r.row for r in rejects]].reset_index(drop=True)
    original.columns = [f"{name}" if name not in heads else f"{name}_原" for name in original.columns]
    table = pd.concat([table, original.astype(object)], axis=1).map(_cell)
    with replacing(path) as partial:
        if suffix == ".csv":
            # The mark tells Excel that the file is UTF-8.
            table.to_csv(partial, index=False, encoding="utf-8-sig", quoting=csv.QUOTE_ALL)
        else:
            table.to_excel(partial, index=False)
