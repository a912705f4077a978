"""Draw who imports whom, as docs/architecture.md shows it, and count circles and imports that run upwards.

    python scripts/imports.py [CHECKOUT]

Rooms are the folders of gis_service, its single modules taken together as the ground, and web_map. The order of floors
is found from the imports themselves: the longest way down; what is left to run upwards is counted.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

import rustworkx as rx

GROUND = {
    "settings",
    "errors",
    "logs",
    "say",
    "identity",
    "codelists",
    "words",
    "cache",
    "files",
    "storage",
    "machine",
    "arrays",
    "__init__",
}


def modules(root: Path) -> dict[str, Path]:
    """Return the modules of the program by dotted name."""
    found = {}
    for package in ("gis_service", "web_map"):
        for path in (root / package).rglob("*.py"):
            if "node_modules" not in path.parts:
                name = ".".join(path.relative_to(root).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path
    return found


def imports(root: Path) -> set[tuple[str, str]]:
    """Return all imports between modules of the program, those inside functions too."""
    known = modules(root)
    edges = set()
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text())):
            wanted: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                wanted = [w if (w := f"{node.module}.{a.name}") in known else node.module for a in node.names]
            elif isinstance(node, ast.Import):
                wanted = [a.name for a in node.names]
            edges |= {(name, other) for other in wanted if other in known and other != name}
    return edges


def room(module: str) -> str:
    """Return the room of a module."""
    parts = module.split(".")
    if parts[0] == "web_map":
        return "web_map"
    return "ground" if len(parts) == 1 or parts[1] in GROUND else parts[1]


def circles(edges: set[tuple[str, str]]) -> list[list[str]]:
    """Return the sets of modules that import one another round in a circle."""
    graph = rx.PyDiGraph()
    names = sorted({name for edge in edges for name in edge})
    at = dict(zip(names, graph.add_nodes_from(names), strict=True))
    graph.add_edges_from_no_data([(at[a], at[b]) for a, b in edges])
    parts = rx.strongly_connected_components(graph)
    return sorted(sorted(names[i] for i in part) for part in parts if len(part) > 1)


def between_rooms(edges: set[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Return how many imports run from one room to another."""
    return Counter((room(a), room(b)) for a, b in edges if room(a) != room(b))


def upward(arrows: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the fewest arrows between rooms, by imports, without which no circle of rooms is left."""
    left, out = Counter(arrows), []
    while loops := circles(set(left)):
        inside = [(count, arrow) for arrow, count in left.items() for loop in loops if {*arrow} <= {*loop}]
        _, arrow = min(inside)
        out.append(arrow)
        del left[arrow]
    return out


def floors(arrows: set[tuple[str, str]]) -> dict[str, int]:
    """Return the floor of each room: one above the highest that it calls."""
    names = {name for arrow in arrows for name in arrow}
    floor = dict.fromkeys(names, 0)
    for _ in names:
        for a, b in arrows:
            floor[a] = max(floor[a], floor[b] + 1)
    return floor


def main() -> None:
    """Print the picture (Mermaid) and its numbers."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    edges = imports(root)
    arrows = between_rooms(edges)
    up = upward(arrows)
    level = floors(set(arrows) - set(up))
    lines = ["```mermaid", "flowchart TD"]
    for number in sorted(set(level.values()), reverse=True):
        names = sorted(name for name, at in level.items() if at == number)
        lines.append(f"    subgraph f{number}[ ]")
        lines += [f"        {name}" for name in names]
        lines.append("    end")
    lines += [f"    {a} --> {b}" for a, b in sorted(arrows) if b != "ground" and (a, b) not in up]
    lines += [f"    {a} -. upwards .-> {b}" for a, b in sorted(up)]
    lines.append("```")
    found = circles(edges)
    sizes = f" ({', '.join(str(len(c)) for c in found)} modules)" if found else ""
    lines += [
        "",
        f"{len(modules(root))} modules, {len(edges)} imports, {len(level)} rooms on {max(level.values()) + 1} floors, "
        f"{len(arrows)} arrows between rooms; circles of modules: {len(found)}{sizes}; "
        f"arrows between rooms that run upwards: {len(up)}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
