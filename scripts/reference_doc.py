"""Write docs/reference.md from the program itself: settings, commands, pages and routes.

python scripts/reference_doc.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fastapi.routing import APIRoute, iter_route_contexts

from gis_service.api.app import create_app
from gis_service.api.http.authorisation import rules_of
from gis_service.cli import cli
from gis_service.settings import ROOT, Settings

OUT = ROOT / "docs" / "reference.md"
HEAD = """# Reference: settings, commands, pages, routes

Made from the program by `scripts/reference_doc.py`, and a test holds it so: what is here exists, and what exists is
here. Default numbers of the field (buffers, widths, limits) are on the last table.
"""


def document() -> str:
    """Return the text of docs/reference.md."""
    return "\n".join([HEAD, *_settings(), *_commands(), *_routes(), *_defaults()]).rstrip() + "\n"


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def _settings() -> list[str]:
    lines = ["## Settings", "", "Every setting is an environment variable.", ""]
    lines += ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"GIS_{name.upper()}"
        value = "" if field.default in (None, "") else field.default
        if isinstance(value, Path):
            value = value.relative_to(ROOT)
        lines.append(f"| `{variable}` | {_cell(value)} | {_cell(field.description or '')} |")
    return [*lines, ""]


def _commands() -> list[str]:
    lines = ["## Commands", ""]

    def walk(command: click.Command, name: str) -> None:
        context = click.Context(command, info_name=name)
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                walk(command.get_command(context, child), f"{name} {child}")
            return
        usage = " ".join(command.collect_usage_pieces(context))
        lines.extend([f"### {name}", "", f"`{name} {usage}`", "", _cell((command.help or "").split("\f")[0]), ""])
        options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
        if options:
            lines.extend(["| option | meaning |", "|---|---|"])
            lines.extend(f"| `{_cell(', '.join(option.opts))}` | {_cell(option.help or '')} |" for option in options)
            lines.append("")

    walk(cli, "gis-service")
    return lines


def _routes() -> list[str]:
    app = create_app()
    lines = ["## Routes", "", "`right` is what an account needs; `public` needs none. Pages answer in HTML.", ""]
    lines += ["| route | right | what |", "|---|---|---|"]
    rows = []
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            continue
        rights = ", ".join(sorted(rules_of(context.dependant)))
        what = (route.endpoint.__doc__ or "").strip().split("\n\n")[0]
        rows += [(str(context.path), method, rights, what) for method in sorted(route.methods - {"HEAD"})]
    lines += [f"| {method} `{path}` | {rights} | {_cell(what)} |" for path, method, rights, what in sorted(rows)]
    return [*lines, ""]


def _defaults() -> list[str]:
    from gis_service.settings import DEFAULTS

    lines = ["## Default parameters", "", "Stored with every run that used them.", ""]
    lines += ["| name | value | unit | what | source |", "|---|---|---|---|---|"]
    lines += [f"| `{n}` | {d.value:g} | {d.unit} | {d.label_zh} | {_cell(d.source)} |" for n, d in DEFAULTS.items()]
    return [*lines, ""]


if __name__ == "__main__":
    OUT.write_text(document())
