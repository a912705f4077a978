"""The tables of places, one row each: what is published of it, what its tiles hold, who reads it.

From ``PLACES`` are made the collections of OGC API – Features (``api.routes.collections``), the layers of tiles and
their statements (``api.routes.tiles``, ``db.queries``), the first part of ``docs/database.md``, and the lists of the
tests of access, tiles, features and hostile names. What a file brings to a table is ``ingest.fields``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gis_service.db.models import (
    AdminArea,
    Alley,
    Building,
    BuildingDensity,
    Cluster,
    DrawnArea,
    Gap,
    Hydrant,
    KeyZone,
    Road,
    WaterArea,
)


@dataclass(frozen=True)
class Place:
    """One published table: its model, title, published columns, and the columns that can be filtered."""

    model: Any
    zh: str
    columns: tuple[str, ...]
    filters: tuple[str, ...]
    key: str = "fid"
    # The column that says when a feature is; without one ``datetime`` selects nothing away (Part 1, 7.15.4).
    time: str | None = None
    # Its layer of vector tiles, and the columns in a tile. Without columns the statement stands in tiles.sql under the
    # layer's name. Houses and what an analysis finds have layers of their own, which change with the zoom.
    tile: str | None = None
    tile_columns: tuple[str, ...] = ()
    # Whoever may read at all reads all its rows: it tells nothing of one house.
    for_all: bool = False

    @property
    def name(self) -> str:
        """The name of its table and of its collection."""
        return str(self.model.__tablename__)

    @property
    def of_run(self) -> bool:
        """Whether an analysis makes its rows; otherwise people and files do."""
        return "run_id" in self.model.__table__.columns


PLACES = {
    place.name: place
    for place in (
        Place(
            AdminArea, "行政区域", ("code", "name", "level", "parent_code", "schematic", "source"),
            ("code", "level", "parent_code"), tile="boundaries", for_all=True,
        ),
        Place(
            KeyZone, "重点区域", ("zone_id", "kind", "name", "township_code", "simulated"),
            ("zone_id", "kind", "township_code"), tile="zones", tile_columns=("zone_id", "kind", "name"), for_all=True,
        ),
        Place(
            Building, "房屋",
            (
                "building_id", "name", "address", "township_code", "township_source", "village_code", "village_source",
                "floors", "height_m", "structure", "fire_class", "use_class", "business_uses", "departments", "people",
                "alterations", "hazard_tier", "appraisal_grade", "built_period", "simulated", "unit_code", "declared_areas",
                "land", "built_year", "area_m2", "design", "builder", "permits", "licences", "violations", "geohazards",
                "fire_hazards", "ownership", "altered_on", "removed_on",
            ),
            (
                "building_id", "township_code", "township_source", "village_code", "village_source", "use_class",
                "hazard_tier", "structure", "unit_code",
            ),
        ),
        Place(
            Road, "道路", ("road_id", "name", "class_", "width_m", "simulated"), ("road_id",), tile="roads", for_all=True,
        ),
        Place(
            Hydrant, "消火栓与水源", ("hydrant_id", "kind", "name", "simulated"), ("hydrant_id", "kind"),
            tile="hydrants", tile_columns=("hydrant_id", "kind", "name"), for_all=True,
        ),
        Place(
            WaterArea, "水面", ("water_id", "kind", "name", "simulated"), ("water_id", "kind"), tile="water", for_all=True,
        ),
        Place(
            DrawnArea, "已画区域", ("name", "note", "version", "updated_at"), ("name",), key="area_id", time="updated_at",
            tile="areas", tile_columns=("area_id", "name", "version"),
        ),
        Place(
            Cluster, "连片区",
            (
                "run_id", "cluster_id", "name", "township_codes", "buildings", "footprint_m2", "coverage", "alley_m",
                "sky_line_m", "handshake_m", "narrowest_m", "max_hose_m", "unreached", "max_depth", "burn_largest",
                "score", "score_parts", "hydrant_share", "two_hydrants_share", "access_basis",
            ),
            ("run_id", "cluster_id"),
        ),
        Place(
            Alley, "巷道",
            (
                "run_id", "alley_id", "cluster_id", "class_", "length_m", "min_width_m", "mean_width_m", "sky_view",
                "buildings", "dead_end", "profile",
            ),
            ("run_id", "alley_id", "cluster_id", "class"),
        ),
        Place(
            Gap, "间距",
            ("run_id", "building_a", "building_b", "class_", "min_width_m", "mean_width_m", "length_m", "sky_view"),
            ("run_id", "building_a", "building_b", "class"),
        ),
        Place(
            BuildingDensity, "房屋消防可达",
            (
                "run_id", "building_id", "cluster_id", "burn_cluster_id", "hose_m", "unreached", "depth",
                "nearest_gap_m",
            ),
            ("run_id", "building_id", "cluster_id", "burn_cluster_id"),
        ),
    )
}  # fmt: skip


def tile_statements(template: str) -> dict[str, str]:
    """Return the statement of each layer of tiles that is made from the template ``tiles.place``, by its name."""
    return {
        place.tile: template.format(
            layer=place.tile, table=place.name, columns=", ".join(f"p.{name}" for name in place.tile_columns)
        )
        for place in PLACES.values()
        if place.tile and place.tile_columns
    }
