#!/usr/bin/env bash
# Start the whole thing from nothing in a folder of its own, ask every page, stop, and leave nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
unset DATABASE_URL
GIS_DATA_DIR=$(mktemp -d /tmp/gis-up-XXXXXX)
export GIS_DATA_DIR
chmod 755 "$GIS_DATA_DIR"
trap '.venv/bin/python -m gis_service.cli db remove --yes >/dev/null; rm -rf "$GIS_DATA_DIR"' EXIT
.venv/bin/python -m gis_service.cli up --check --port "${GIS_CHECK_PORT:-8765}"
