"""Layers of the county as folium classes: for the pages, for files that open offline, and for anybody's notebook.

>>> import folium, geopandas
>>> from web_map.layers import Alleys, Legend
>>> map_ = folium.Map(tiles=None)
>>> Alleys(geopandas.read_file("density.gpkg", layer="alleys")).add_to(map_)      # doctest: +SKIP
>>> Legend().add_to(map_)                                                         # doctest: +SKIP
>>> map_.save("alleys.html")                            # opens with no network    # doctest: +SKIP
"""

from web_map.layers.alleys import Alleys, Gaps
from web_map.layers.base import Asked, FeatureLayer, Legend, Tiles
from web_map.layers.boundaries import Boundaries, Veil
from web_map.layers.breaks import Breaks, BurnClusters
from web_map.layers.clusters import Clusters
from web_map.layers.drawn_areas import DrawnAreas
from web_map.layers.engine import EngineSpace
from web_map.layers.hazard_tiers import HazardTiers, Listed
from web_map.layers.hose import HoseDistances
from web_map.layers.houses import Houses
from web_map.layers.key_zones import Buffers, KeyZones
from web_map.layers.patrol import Patrol, Staging
from web_map.layers.place_names import PlaceNames
from web_map.layers.priority_houses import PriorityHouses
from web_map.layers.relief import Relief
from web_map.layers.roads import Roads
from web_map.layers.source import Places
from web_map.layers.water import Water, WaterAreas, WaterCover

__all__ = [
    "Alleys", "Asked", "Boundaries", "Breaks", "Buffers", "BurnClusters", "Clusters", "DrawnAreas", "EngineSpace", "FeatureLayer",
    "Gaps", "HazardTiers", "HoseDistances", "Houses", "KeyZones", "Legend", "Listed", "Patrol", "PlaceNames", "Places", "PriorityHouses",
    "Relief", "Roads", "Staging", "Tiles", "Veil", "Water", "WaterAreas", "WaterCover",
]  # fmt: skip
