"""What row-level security costs: tiles, areas and gaps as a township, beside the same as an administrator.

``python -m benchmarks.scope``: the demo county with a density run, in a private PostGIS of its own. Both ask for the
same ground, in the middle of the township, so both get the same houses; best of many, alternating.
"""

from __future__ import annotations

import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TOWN = "451224100"
_ROUNDS = 25


def _tile_of(lon: float, lat: float, z: int) -> dict[str, float]:
    n = 2**z
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    return {"z": z, "x": int((lon + 180) / 360 * n), "y": y, "west": 102, "south": 0, "east": 111, "north": 84}


def main() -> None:
    """Print milliseconds (median) and ratios."""
    with tempfile.TemporaryDirectory(prefix="gis-bench-", dir="/tmp") as folder:
        os.environ["GIS_DATA_DIR"] = folder
        Path(folder).chmod(0o755)
        from gis_service.analysis.command import analyse
        from gis_service.db.ready import prepare
        from gis_service.db.server import private_server
        from gis_service.demo.load import load_demo
        from gis_service.density.params import Params

        try:
            prepare()
            load_demo("donglan")
            analyse(Params())
            _measure()
        finally:
            private_server().remove()


def _measure() -> None:
    import shapely
    from sqlalchemy import Connection

    from gis_service.api.routes.tiles import onto_tile
    from gis_service.db.engine import admin_connection, transaction
    from gis_service.db.migrate import migrate
    from gis_service.db.queries import statement
    from gis_service.identity import Identity, Role, operator
    from gis_service.selection.select import compose
    from gis_service.selection.terms import AreaTerm, Ask, default_ask

    town = Identity("town", Role.TOWNSHIP, _TOWN)
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT run_id, ST_X(m), ST_Y(m), ST_X(w), ST_Y(w) FROM (SELECT run_id, ST_Transform(ST_Centroid(geom), 4326) AS m, "
            "ST_Centroid(geom) AS w FROM gis.cluster WHERE township_codes = ARRAY[%s] ORDER BY buildings DESC LIMIT 1) AS c",
            (_TOWN,),
        )
        run, lon, lat, x, y = cursor.fetchone()
    area = AreaTerm("area", shapely.to_wkb(shapely.box(x - 1118, y - 1118, x + 1118, y + 1118)))

    def tile(layer: str, z: int) -> Callable[[Connection], Any]:
        frame = _tile_of(lon, lat, z)
        values = {**frame, **onto_tile(z, int(frame["x"]), int(frame["y"])), "limit": 20_000, "run": run}
        return lambda c: c.exec_driver_sql(statement(f"tiles.{layer}"), values).one()

    def select(ask: Ask) -> Callable[[Connection], Any]:
        return lambda c: c.execute(compose(ask)).all()

    asked = {
        **{f"tile {layer} z{z}": tile(layer, z) for layer, z in (
            ("buildings", 14), ("buildings", 15), ("buildings", 16), ("reach", 15), ("alleys", 15), ("gaps", 16),
            ("clusters", 14), ("building_cells", 12))},
        "houses in an area of 5 km²": select(Ask((area,), (), ())),
        "zones and rules in the area": select(Ask(default_ask().any_of, (area,), ())),
    }  # fmt: skip

    def measured() -> None:
        for name, ask in asked.items():
            seconds: dict[str, list[float]] = {"administrator": [], "township": []}
            for _ in range(_ROUNDS):
                for identity, label in ((operator(), "administrator"), (town, "township")):
                    with transaction(identity, read_only=True) as connection:
                        started = time.perf_counter()
                        ask(connection)
                        seconds[label].append(time.perf_counter() - started)
            one, two = (1000 * statistics.median(s) for s in seconds.values())
            print(f"{name:30} administrator {one:7.1f} ms  township {two:7.1f} ms  ratio {two / one:.2f}")

    measured()
    print("without the mark on && (no superuser):")
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
    measured()
    migrate()


if __name__ == "__main__":
    main()
