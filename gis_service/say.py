"""Say things to the person at the terminal: sentences in their language, and how far a long job is."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import click
from tqdm import tqdm

from gis_service.settings import get_settings


def say(zh: str, en: str, *, err: bool = False) -> None:
    """Print one line in the user's language."""
    click.echo(en if get_settings().lang == "en" else zh, err=err)


def warn(zh: str, en: str) -> None:
    """Print one warning line on stderr."""
    say(f"注意：{zh}", f"Note: {en}", err=True)


Step = Callable[[str, str], None]
"""Told, in Chinese and in English, which stage of a long job begins."""


_heard: Callable[[str, str, float], None] | None = None


def hear(call: Callable[[str, str, float], None] | None) -> None:
    """Let ``call`` be told of every stage that begins in this process, with the share that was done before it."""
    global _heard  # noqa: PLW0603 - one process, one long job
    _heard = call


@contextlib.contextmanager
def steps(count: int, patience_s: float = 0.0) -> Iterator[Step]:
    """Show how far a job of ``count`` stages is: a bar on a terminal, one plain line a stage elsewhere.

    Plain lines begin after ``patience_s`` seconds: what is done at once needs no account of its stages.
    """
    english = get_settings().lang == "en"
    begun_at = time.monotonic()
    number = 0
    if not sys.stderr.isatty():

        def line(zh: str, en: str) -> None:
            nonlocal number
            if _heard is not None:
                _heard(zh, en, number / count)
            number += 1
            if time.monotonic() - begun_at >= patience_s:
                click.echo(f"{en if english else zh} …", err=True)

        yield line
        return
    with tqdm(
        total=count, file=sys.stderr, leave=False, bar_format="{desc} {bar} {n_fmt}/{total_fmt} {elapsed}"
    ) as bar:
        begun = False

        def step(zh: str, en: str) -> None:
            nonlocal begun
            bar.update(1 if begun else 0)
            begun = True
            bar.set_description_str(en if english else zh)

        yield step
