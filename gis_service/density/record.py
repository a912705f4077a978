"""What a run says of itself: its parameters, its input's digest, its counts, its version."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd
import shapely

from gis_service.density.layer.prepare import Prepared


def run_table(
    prepared: Prepared, parameters: dict[str, Any], counts: dict[str, int], seconds: float, input_sha256: str | None
) -> pd.DataFrame:
    """Return the layer ``run``: one row; texts of JSON, and ``seconds``. ``parameters`` is all that was asked."""
    return pd.DataFrame(
        {
            "parameters": [json.dumps(parameters, sort_keys=True)],
            "input_sha256": [input_sha256 or fingerprint(prepared)],
            "counts": [json.dumps(counts)],
            "seconds": [seconds],
            "version": [code_version()],
            "repairs": [json.dumps(prepared.repairs.as_dict(), ensure_ascii=False)],
        }
    )


def fingerprint(prepared: Prepared) -> str:
    """Return the SHA-256 of the cleaned buildings: ids, heights and outlines."""
    digest = hashlib.sha256("\0".join(prepared.ids.astype(str)).encode())
    digest.update(prepared.height_m.tobytes())
    digest.update(shapely.get_coordinates(prepared.footprints).tobytes())
    return digest.hexdigest()


def code_version() -> str:
    """Return the version of this program."""
    try:
        return version("gis-service")
    except PackageNotFoundError:
        return "0.1.0"
