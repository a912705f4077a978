#!/usr/bin/env bash
# Pin every dependency with its hash for Python 3.11 and newer; names no registry.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m pip install --quiet uv
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "scripts/lock.sh" "$@"; }
compile pyproject.toml -o requirements.lock
compile pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
(cd web_map && ../.venv/bin/python ../.venv/bin/npm install --package-lock-only)
