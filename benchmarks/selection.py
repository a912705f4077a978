"""Selection on the demo county, all zones and rules, against geopandas on data in memory, with identical buildings.

.venv/bin/python -m benchmarks.selection
"""

from __future__ import annotations

from collections import defaultdict

import geopandas as gpd

from benchmarks.common import best, machine, private_database, row

_RULES = ("key_use", "floors", "people", "alteration", "hazard", "grade")


def main() -> None:
    """Print the time at the server, of the whole stored run, and of geopandas."""
    print(machine())
    with private_database("gis", 4545):
        from gis_service.db.engine import get_engine, transaction
        from gis_service.demo.load import load_demo
        from gis_service.identity import operator
        from gis_service.selection.rules import KEY_ALTERATIONS, KEY_USES, RULES
        from gis_service.selection.select import compose, run_selection
        from gis_service.selection.terms import Ask, RuleTerm, default_zone_terms

        load_demo("donglan")
        # The rules that geopandas is given below; one that is added later changes neither side of the comparison.
        ask = Ask((*default_zone_terms(), *map(RuleTerm, _RULES)))
        with get_engine("owner").connect() as connection:
            server_s = min(_server_seconds(connection, compose(ask)) for _ in range(7))
            buildings = gpd.read_postgis("SELECT * FROM gis.building", connection, geom_col="geom")
            zones = gpd.read_postgis("SELECT * FROM gis.key_zone", connection, geom_col="geom")
            ours = {r[0]: float(r[1]) for r in connection.execute(compose(ask))}

        def stored() -> None:
            with transaction(operator()) as writing:
                run_selection(writing, ask)

        stored_s = best(stored, 3)
        widths = {t.kind: t.buffer_m for t in default_zone_terms()}
        uses, alterations = set(KEY_USES), set(KEY_ALTERATIONS)

        def peer() -> dict[str, tuple[float, list[dict[str, object]]]]:
            """Return the same list: every reason with its distance and points, and the score."""
            around = zones.set_geometry(zones.buffer(zones["kind"].map(widths), quad_segs=64))
            near = gpd.sjoin(
                buildings[["building_id", "geom"]], around[["zone_id", "kind", "name", "geom"]], predicate="intersects"
            )
            grounds = zones.geometry.loc[near["index_right"]].reset_index(drop=True)
            near["distance_m"] = near.geometry.reset_index(drop=True).distance(grounds).round(2).to_numpy()
            buffer = near["kind"].map(widths)
            near["points"] = (20 * (1 - 0.5 * near["distance_m"] / buffer).clip(lower=0.5)).round(1)
            near["rule"], near["version"], near["buffer_m"] = "key_zone", 1, buffer
            facts = ["rule", "version", "kind", "zone_id", "name", "buffer_m", "distance_m", "points"]
            reasons = defaultdict(list)
            for building, fact in zip(near["building_id"], near[facts].to_dict("records"), strict=True):
                reasons[building].append(fact)
            b = buildings
            used = b["use_class"].isin(["commercial", "mixed"]) | (b["business_uses"].map(len) > 0)
            rules = (
                ("key_use", b["business_uses"].map(lambda w: bool(uses & set(w))), "business_uses"),
                ("floors", used & (b["floors"] >= ask.limits["min_floors"]), "floors"),
                ("people", used & (b["people"] >= ask.limits["min_people"]), "people"),
                ("alteration", b["alterations"].map(lambda w: bool(alterations & set(w))), "alterations"),
                ("hazard", b["hazard_tier"].isin(["severe", "some"]), "hazard_tier"),
                ("grade", b["appraisal_grade"].isin(["C", "D"]), "appraisal_grade"),
            )
            for rule, met, column in rules:
                for building, value in zip(b.loc[met, "building_id"], b.loc[met, column], strict=True):
                    worth = RULES[rule].points_max * (0.6 if value == "some" else 1.0)
                    reasons[building].append({"rule": rule, "version": 1, "value": value, "points": worth})
            result = {}
            for building, listed in reasons.items():
                parts: dict[object, float] = {}
                for reason in listed:
                    parts[reason["rule"]] = max(parts.get(reason["rule"], 0.0), float(reason["points"]))
                result[building] = (round(sum(parts.values()), 1), listed)
            return result

        peer_s = best(peer, 3)
        theirs = peer()
        scores = {building: score for building, (score, _) in theirs.items()}
        row("selection at the server, all zones and rules", server_s, "geopandas", peer_s)
        print(f"composed, run and stored as a run: {stored_s:.3f} s")
        print(
            f"buildings: ours {len(ours):,}, geopandas {len(theirs):,}, in one only: {len(ours.keys() ^ theirs.keys())}"
        )
        apart = max(abs(ours[b] - scores[b]) for b in ours.keys() & scores.keys())
        print(f"largest difference of a score: {apart:.2f}")
        if ours.keys() != theirs.keys() or apart > 0.051:
            raise SystemExit("the two lists differ: their times are of two different things")


def _server_seconds(connection: object, statement: object) -> float:
    from sqlalchemy.dialects import postgresql

    compiled = statement.compile(dialect=postgresql.psycopg2.dialect(), compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
    cursor = connection.connection.cursor()  # type: ignore[attr-defined]
    cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {compiled}", compiled.params)
    lines = [r[0] for r in cursor.fetchall()]
    return (
        sum(
            float(line.split(":")[1].split()[0])
            for line in lines
            if line.startswith(("Planning Time", "Execution Time"))
        )
        / 1000
    )


if __name__ == "__main__":
    main()
