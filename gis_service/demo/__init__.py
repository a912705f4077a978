"""The simulated counties of the demo: 东兰县 after the notice of 2022-09-08, and 融安县."""

from __future__ import annotations

from gis_service.demo.county import SEED, County, fingerprint, make_county, write

__all__ = ["SEED", "County", "fingerprint", "make_county", "write"]
