"""What a run says of itself: its parameters, its input's digest, its counts, its version."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd
import shapely

from gis_service.density.layer.prepare import Prepared
from gis_service.density.params import Params

_SHAPEFILE_PARTS = {".dbf", ".prj", ".cpg"}


def run_table(
    prepared: Prepared, params: Params, counts: dict[str, int], seconds: float, input_sha256: str | None
) -> pd.DataFrame:
    """Return the layer ``run``: one row; texts of JSON, and ``seconds``."""
    return pd.DataFrame(
        {
            "parameters": [json.dumps(params.as_dict(), sort_keys=True)],
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


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of an input: of a folder (.gdb) all its files, of a shapefile also .dbf, .prj and .cpg."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
    elif path.suffix.lower() == ".shp":
        files = [path, *sorted(p for p in path.parent.glob(f"{path.stem}.*") if p.suffix.lower() in _SHAPEFILE_PARTS)]
    else:
        files = [path]
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def code_version() -> str:
    """Return the version of this program."""
    try:
        return version("gis-service")
    except PackageNotFoundError:
        return "0.1.0"
