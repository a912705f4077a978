"""Every link of the documents, and every section that code names, is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    if name and (ROOT / name).is_file()
]
DOCUMENTS = [path for path in FILES if path.suffix == ".md"]
# A migration that was applied is never edited again, its comments neither.
SOURCES = [p for p in FILES if p.suffix in {".py", ".sql", ".js"} and p.parent.name != "migrations"]


def anchors(path):
    """The anchors that a reader of Markdown gives to headings."""
    found = re.findall(r"(?m)^#+ (.+)$", path.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in found}


def check(target, anchor, where):
    assert target.exists(), f"{where}: there is no {target.relative_to(ROOT)}"
    if anchor:
        assert anchor in anchors(target), f"{where}: {target.name} has no section #{anchor}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_documents(path):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        check((path.parent / name).resolve() if name else path, anchor, path.name)


def test_code_names_sections_that_are_there():
    named = 0
    for path in SOURCES:
        for name, anchor in re.findall(r"(docs/[\w/-]+\.md)(?:#([\w-]+))?", path.read_text()):
            check(ROOT / name, anchor, path.relative_to(ROOT))
            named += 1
    assert named > 10


def test_no_document_outside_the_project_is_cited():
    cited = re.compile(r"\b(DESIGN|DOMAIN|REVIEW|FIELD|ANCHORS)(\.md)? ?[0-9§]")
    assert [str(p) for p in SOURCES if p != Path(__file__) and cited.search(p.read_text())] == []


def test_modules_and_files_that_the_architecture_names_exist():
    text = (ROOT / "docs" / "architecture.md").read_text()
    for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|sql|js|sh|md))`", text):
        places = [ROOT / folder / name for folder in ("", "gis_service", "web_map", "docs")]
        assert any(place.exists() for place in places), f"architecture.md names {name}"
