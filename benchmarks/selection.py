"""Selection on the demo county, all zones and rules, against geopandas on data in memory, with identical buildings.

.venv/bin/python -m benchmarks.selection
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from benchmarks.common import best, machine, private_database, row


def main() -> None:
    """Print the time at the server, of the whole stored run, and of geopandas."""
    print(machine())
    with private_database("gis", 4545):
        from gis_service.db.engine import get_engine
        from gis_service.demo.load import load_demo
        from gis_service.selection.rules import KEY_ALTERATIONS, KEY_USES
        from gis_service.selection.select import compose, run_selection
        from gis_service.selection.terms import default_ask, default_zone_terms

        load_demo("donglan")
        ask = default_ask()
        with get_engine("owner").connect() as connection:
            server_s = min(_server_seconds(connection, compose(ask)) for _ in range(7))
            buildings = gpd.read_postgis("SELECT * FROM gis.building", connection, geom_col="geom")
            zones = gpd.read_postgis("SELECT * FROM gis.key_zone", connection, geom_col="geom")
            ours = {r[0] for r in connection.execute(compose(ask))}

        def stored() -> None:
            with get_engine("service").begin() as writing:
                run_selection(writing, ask)

        stored_s = best(stored, 3)
        widths = {t.kind: t.buffer_m for t in default_zone_terms()}
        uses, alterations = set(KEY_USES), set(KEY_ALTERATIONS)

        def peer() -> set[str]:
            around = zones.set_geometry(zones.buffer(zones["kind"].map(widths), quad_segs=64))
            near = gpd.sjoin(buildings, around[["zone_id", "geom"]], predicate="intersects")
            b = buildings
            used = b["use_class"].isin(["commercial", "mixed"]) | (b["business_uses"].map(len) > 0)
            by_rule = (
                b["business_uses"].map(lambda w: bool(uses & set(w)))
                | (used & (b["floors"] >= 3))
                | (used & (b["people"] >= 10))
                | b["alterations"].map(lambda w: bool(alterations & set(w)))
                | b["hazard_tier"].isin(["severe", "some"])
                | b["appraisal_grade"].isin(["C", "D"])
            )
            return set(pd.concat([near["building_id"], b.loc[by_rule, "building_id"]]))

        peer_s = best(peer, 3)
        theirs = peer()
        row("selection at the server, all zones and rules", server_s, "geopandas", peer_s)
        print(f"composed, run and stored as a run: {stored_s:.3f} s")
        # A buffer of arcs is a little narrower than the distance: what lies between is measured, not guessed.
        print(
            f"ours {len(ours):,}, geopandas {len(theirs):,}, only ours {len(ours - theirs)}, only theirs {len(theirs - ours)}"
        )


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
