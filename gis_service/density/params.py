"""The parameters of a density run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from gis_service.settings import default


def _of(name: str) -> Any:
    return field(default_factory=lambda: default(name))


@dataclass(frozen=True)
class Params:
    """Thresholds of a density run; widths, lengths and distances in metres. Sources: ``settings.DEFAULTS``."""

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
