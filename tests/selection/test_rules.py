"""Everything that is made from RULES: no part of the system may know a rule by itself."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import click
import pytest

from gis_service.api.routes.selections import AskIn, rules
from gis_service.codelists import ZONE_KIND
from gis_service.errors import InputError
from gis_service.selection.command import select
from gis_service.selection.phrases import phrase
from gis_service.selection.rules import LIMITS, RULES, Limits, points_table
from gis_service.selection.terms import Ask, RuleTerm, changes, complete, default_ask
from gis_service.settings import DEFAULTS

# A run as it was stored before limits, areas ``within`` and points were, under a rule of another version, one that is
# gone, a zone of a kind that is gone, and with a parameter that this version does not know.
OLDER = {
    "any_of": [
        {"term": "zone", "kind": "school", "buffer_m": 200}, {"term": "zone", "kind": "temple", "buffer_m": 50},
        {"term": "rule", "name": "hazard", "version": 0}, {"term": "rule", "name": "thatched", "version": 3},
        {"term": "rule", "name": "floors", "version": 1}, {"term": "rainfall", "mm": 200},
    ],
    "all_of": [], "none_of": [], "min_cellars": 2,
}  # fmt: skip


def test_the_points_of_all_parts_add_up_to_100():
    table = points_table()
    total, most = sum(table.values()), max(table, key=lambda name: table[name])
    assert total == 100, (
        f"the points of all parts are {total:g}, and a score goes to 100: in selection/rules.py "
        f"{'take' if total > 100 else 'give'} {abs(total - 100):g} {'from' if total > 100 else 'to'} a rule, for instance "
        f"{most} ({table[most]:g} points), and raise its version"
    )


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_everything_in_both_languages(name: str):
    rule = RULES[name]
    assert rule.version >= 1
    for zh, en in ((rule.zh, rule.en), (rule.source_zh, rule.source_en), (rule.phrase_zh, rule.phrase_en)):
        assert zh
        assert en
        assert zh.isascii() <= (zh == "{}")
    assert rule.en.isascii()
    assert rule.phrase_zh.count("{}") == rule.phrase_en.count("{}") == 1
    value = [*rule.words, "else"] if rule.words else 7
    said = {lang: phrase({"rule": rule.name, "value": value, "points": 5.0}, lang) for lang in ("zh", "en")}
    assert said["zh"].startswith(rule.zh)
    assert said["zh"].endswith("，+5分）")
    assert said["en"].endswith(" (+5)")
    assert said["en"].isascii()
    for word in rule.words.values():
        assert word in said["zh"]


def test_a_reason_of_a_rule_that_is_gone_is_still_a_phrase():
    gone = {"rule": "thatched", "value": ["reed"], "points": 7}
    assert (phrase(gone), phrase(gone, "en")) == ("thatched（reed，+7分）", "thatched: reed (+7)")
    zone = {"rule": "key_zone", "kind": "temple", "zone_id": "T", "distance_m": 3.0, "points": 7}
    assert "temple“T”" in phrase(zone)
    assert "temple" in phrase(zone, "en")


def test_defaults_of_command_line_and_service_are_those_of_the_settings():
    wanted = {limit.name: DEFAULTS[limit.name].value for limit in LIMITS}
    assert dict(Limits()) == dict(default_ask().limits) == wanted
    options = {option.name: option for option in select.params if isinstance(option, click.Option)}
    asked = AskIn()
    schema = AskIn.model_json_schema()
    for limit in LIMITS:
        option, described = options[limit.name], schema["properties"][limit.name]
        assert option.opts == [f"--{limit.name.replace('_', '-')}"]
        assert option.default == getattr(asked, limit.name) == described["default"] == wanted[limit.name]
        assert isinstance(option.type, click.IntRange)
        bounds = (limit.low, limit.high)
        assert (option.type.min, option.type.max) == (described["minimum"], described["maximum"]) == bounds
    assert {r["limit"]["name"]: r["limit"]["value"] for r in rules()["rules"] if r["limit"]} == wanted
    assert schema["$defs"]["RuleIn"]["properties"]["name"]["enum"] == list(RULES)
    assert schema["$defs"]["ZoneIn"]["properties"]["kind"]["enum"] == list(ZONE_KIND)


@pytest.mark.parametrize("number", [0, -1, 201])
def test_a_limit_out_of_its_bounds_is_refused(number: int):
    with pytest.raises(InputError) as refused:
        Limits({"min_floors": number})
    assert "1 与 200" in refused.value.zh
    assert "1 to 200" in refused.value.en


def test_an_older_run_is_asked_as_far_as_it_can_be():
    ask = Ask.from_dict(json.loads(json.dumps(OLDER)))
    assert [term.as_dict().get("name") or term.as_dict().get("kind") for term in ask.any_of] == [
        "school",
        "hazard",
        "floors",
    ]
    assert dict(ask.limits) == {limit.name: limit.default for limit in LIMITS}
    assert complete(OLDER)["min_cellars"] == 2
    told = changes(OLDER)
    assert len(told) == 4
    for said, word in zip(told, ("temple", "hazards", "thatched", "rainfall"), strict=True):
        assert word in said[1]
        assert said[0].endswith("。")
    assert f"version 0 in that list and is at version {RULES['hazard'].version} now" in told[1][1]
    assert changes(default_ask().parameters()) == []


def test_a_run_of_which_nothing_is_left_is_refused():
    with pytest.raises(InputError, match="Nothing is asked for"):
        Ask.from_dict({"any_of": [{"term": "rule", "name": "thatched", "version": 1}]})


def test_a_limit_of_today_is_not_lost_when_a_run_is_stored():
    ask = Ask((RuleTerm("hazard"),), limits=Limits({limit.name: limit.high for limit in LIMITS}))
    assert Ask.from_dict(json.loads(json.dumps(ask.as_dict()))) == ask


def test_no_other_module_names_a_limit():
    """A limit that is named elsewhere is one that its next change forgets."""
    from gis_service.api.routes import selections
    from gis_service.selection import command, phrases, terms
    from web_map import planner

    scripts = (Path(inspect.getsourcefile(planner) or "").parent / "script" / "planner").glob("*.js")
    texts = [file.read_text(encoding="utf-8") for file in scripts]
    assert texts
    texts += [inspect.getsource(m) for m in (selections, command, phrases, terms, planner)]
    for text in texts:
        for limit in LIMITS:
            assert f'"{limit.name}"' not in text
            assert f".{limit.name}" not in text
