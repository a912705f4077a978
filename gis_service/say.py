"""Say things to the person at the terminal: sentences in their language, and how far a long job is."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeVar

import click
from tqdm import tqdm

from gis_service.settings import get_settings

_Item = TypeVar("_Item")


def say(zh: str, en: str, *, err: bool = False) -> None:
    """Print one line in the user's language."""
    click.echo(en if get_settings().lang == "en" else zh, err=err)


def warn(zh: str, en: str) -> None:
    """Print one warning line on stderr."""
    say(f"注意：{zh}", f"Note: {en}", err=True)


def progress(items: Iterable[_Item], zh: str, en: str, total: int | None = None) -> Iterable[_Item]:
    """Show a bar on a terminal and one plain line elsewhere."""
    label = en if get_settings().lang == "en" else zh
    if sys.stderr.isatty():
        return tqdm(items, desc=label, total=total, file=sys.stderr, leave=False)
    click.echo(f"{label} …", err=True)
    return items
