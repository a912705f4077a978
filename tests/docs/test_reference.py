"""docs/reference.md has every setting, command, page and route, and nothing else; the READMEs name only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gis_service.settings import Settings
from scripts.reference_doc import OUT, document

ROOT = Path(__file__).resolve().parents[2]
READMES = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/architecture.md"]
VARIABLES = {field.validation_alias or f"GIS_{name.upper()}" for name, field in Settings.model_fields.items()}
# Variables of scripts, compose.yaml and tests, which the program itself does not read.
OTHERS = {"GIS_DB_PASSWORD", "GIS_TEST_DATA"}


def test_the_reference_is_that_of_the_program():
    assert OUT.read_text() == document(), "run scripts/reference_doc.py"


def test_every_setting_says_what_it_means():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("name", READMES)
def test_readmes_name_only_settings_and_commands_that_exist(name):
    text = (ROOT / name).read_text()
    assert set(re.findall(r"\bGIS_[A-Z_]+[A-Z]", text)) <= VARIABLES | OTHERS
    commands = set(re.findall(r"(?m)^### gis-service ([\w -]+)$", OUT.read_text()))
    first = {command.split()[0] for command in commands}
    for said in re.findall(r"gis-service ((?:[a-z-]+)(?: [a-z0-9-]+)?)", text):
        word, *rest = said.split()
        assert word in first, f"{name}: there is no command {word}"
        if rest and any(command.startswith(f"{word} ") for command in commands):
            assert said in commands, f"{name}: there is no command {said}"
