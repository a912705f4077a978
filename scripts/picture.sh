#!/usr/bin/env bash
# Take a picture of a page or a map file in headless Chromium.
#   scripts/picture.sh PAGE.html[#map=zoom/lat/lon] OUT.png [WIDTHxHEIGHT]
set -euo pipefail
page=$1 out=$2 size=${3:-1366x768}
case $page in http*|file:*) ;; *) page="file://$(realpath "${page%%#*}")$(case $page in *#*) printf '#%s' "${page#*#}";; esac)";; esac
browser=$(cd "$(dirname "$0")/.." && .venv/bin/python -m scripts.chromium)
profile=$(mktemp -d); trap 'rm -rf "$profile"' EXIT
"$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$profile" \
  --window-size="${size/x/,}" --virtual-time-budget=12000 --screenshot="$out" "$page" >/dev/null 2>&1
echo "$out"
