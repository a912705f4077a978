"""The parameters of a density run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from gis_service.settings import default


def _of(name: str) -> Any:
    return field(default_factory=lambda: default(name))


@dataclass(frozen=True)
class Params:
    """Thresholds of a density run; defaults and their sources stand in ``settings.DEFAULTS``, reasons in docs/domain.md.

    Attributes
    ----------
    max_width_m
        Two buildings at most this many metres apart are a pair; no engine passes a gap narrower than it. GB 50016
        7.1.8(1).
    touch_m
        Mean width in metres up to which a gap is touching (贴面): what digitising cannot tell from contact. Ours.
    handshake_m
        Mean width in metres up to which a gap is 手牵手. Ours: the reach of two arms.
    sky_line_m
        Mean width in metres up to which a dark gap is 一线天. Ours; Hualien counts lanes from 2 m as passable.
    sky_view_max
        Sky view (0 to 1) up to which a gap is dark: walls three times as high as it is wide (Oke). Ours.
    facing_deg
        Walls face each other where the directions to the two feet are at least this many degrees apart. Ours.
    min_gap_m
        Length in metres from which there is a gap at all. Ours: drops corner to corner.
    min_alley_m
        Length in metres from which gaps joined end to end are an alley. Ours.
    storey_height_m
        Metres a storey, where no height is surveyed. Ours.
    link_gap_m
        Buildings at most this many metres apart are of one dense cluster, and count for depth. Cicione 2020: 3 m is
        safe on mean flux, wind and embers aside.
    min_buildings
        Buildings from which a cluster is dense. Ours.
    engine_width_m
        Clear width in metres that an engine needs. GB 50016 7.1.8(1); 3.0 for small engines.
    hose_width_m
        Open ground in metres that a hose needs. Ours.
    depth_zero_m
        A building whose hose needs at most so many metres has depth 0. Ours.
    spread_i_ii_m, spread_iii_m, spread_iv_m
        Metres that fire crosses by fire class: Cicione 2020; after table 5.2.2 of GB 50016; Thomas et al. 2003.
    burn_part_buildings
        Buildings in a part, at most, that a firebreak proposal leaves. 融水 2008 to 2011: villages of 30 households.
    hydrant_radius_m
        Metres from a hydrant up to which a building is covered. GB 50974-2014 7.2.5.

    """

    max_width_m: float = _of("max_width_m")
    touch_m: float = _of("touch_m")
    handshake_m: float = _of("handshake_m")
    sky_line_m: float = _of("sky_line_m")
    sky_view_max: float = _of("sky_view_max")
    facing_deg: float = _of("facing_deg")
    min_gap_m: float = _of("min_gap_m")
    min_alley_m: float = _of("min_alley_m")
    storey_height_m: float = _of("storey_height_m")
    link_gap_m: float = _of("link_gap_m")
    min_buildings: int = _of("min_buildings")
    engine_width_m: float = _of("engine_width_m")
    hose_width_m: float = _of("hose_width_m")
    depth_zero_m: float = _of("depth_zero_m")
    spread_i_ii_m: float = _of("spread_i_ii_m")
    spread_iii_m: float = _of("spread_iii_m")
    spread_iv_m: float = _of("spread_iv_m")
    burn_part_buildings: int = _of("burn_part_buildings")
    hydrant_radius_m: float = _of("hydrant_radius_m")

    def as_dict(self) -> dict[str, float]:
        """Return the parameters as plain numbers, for the run's record."""
        return asdict(self)
