"""The command line: one command a capability, each loaded only when it is called."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

import click

from gis_service import __version__, storage
from gis_service.errors import GisError
from gis_service.files import private
from gis_service.say import say
from gis_service.settings import get_settings, keep_local_time

_COMMANDS = {
    "up": "gis_service.up:up",
    "db": "gis_service.operations.command:db",
    "import": "gis_service.ingest.command:import_",
    "select": "gis_service.selection.command:select",
    "analyze": "gis_service.analysis.command:analyze",
    "map": "web_map.command:map_",
    "sheet": "gis_service.sheet.command:sheet",
    "record": "gis_service.record.command:record",
    "round": "gis_service.record.command:round_",
    "tables": "gis_service.tables.command:tables_",
    "ledger": "gis_service.cases.command:ledger",
    "plates": "gis_service.plates.command:plates_",
    "work": "gis_service.duties.command:work",
    "form": "gis_service.forms.command:form",
    "bulletin": "gis_service.bulletins.command:bulletin_",
    "runs": "gis_service.selection.runs:runs",
    "user": "gis_service.accounts.command:user",
    "audit-trail": "gis_service.accounts.command:audit_trail",
    "jobs": "gis_service.jobs.command:jobs",
    "density": "gis_service.density.command:density",
    "route": "gis_service.inspection.command:route",
    "plan": "gis_service.inspection.stored.command:plan_",
}

_ADDED = {"ledger": ("gis_service.signatures.command",)}
"""Modules of further rooms that add subcommands to a command."""


class _Lazy(click.Group):
    """Import a command's module when the command is called, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, name = target.split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        for more in _ADDED.get(cmd_name, ()):
            importlib.import_module(more)
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gis-service")
def cli() -> None:
    """自建房排查规划 GIS。Inspection planning for self-built houses."""


def program() -> None:
    """Run the command line as a program of its own.

    What the modules of a command make while they load is no garbage: to look for some is a fifth of the start.
    """
    gc.disable()
    main()


def main() -> None:
    """Run the command line; a refusal is one sentence on stderr and exit status 1."""
    try:
        keep_local_time()
        # Outside its standalone mode click hands back the status of Exit instead of raising it.
        status = cli(standalone_mode=False)
    except GisError as error:
        click.echo(error.message(get_settings().lang), err=True)
        sys.exit(1)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("已中止。Aborted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except Exception as error:  # a planner can do nothing with a stack trace; who mends it can
        refusal = storage.refusal_of(error, get_settings().data_dir)
        if refusal is None:
            _unforeseen(error)
        click.echo(refusal.message(get_settings().lang), err=True)
        sys.exit(1)
    if isinstance(status, int):
        sys.exit(status)


def _unforeseen(error: Exception) -> NoReturn:
    """Say one sentence, keep the trace in a file for whoever mends it, and exit with 1."""
    file = _keep("".join(traceback.format_exception(error)))
    where = (f"详情已写入 {file}，请交给维护人员", f"the details are in {file}, for whoever maintains this")
    if file is None:
        where = ("详情无处可写", "there is no place to write the details to")
    say(
        f"程序内部错误（{type(error).__name__}），未完成。{where[0]}。",
        f"An internal error ({type(error).__name__}); not done; {where[1]}.",
        err=True,
    )
    sys.exit(1)


def _keep(trace: str) -> Path | None:
    """Write ``trace`` into the data folder, or else where temporary files lie; return the file, None where none can be."""
    file = get_settings().data_dir / "last-error.txt"
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        private(file, trace)
        return file
    with (
        contextlib.suppress(OSError),
        tempfile.NamedTemporaryFile("w", prefix="gis-service-", suffix=".txt", delete=False) as kept,
    ):
        kept.write(trace)
        return Path(kept.name)
    return None


if __name__ == "__main__":
    program()
