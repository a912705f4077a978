# What a person runs and what CI runs are the same targets.
.PHONY: run test test-changed check bench load pictures clean lock
# Each of a hundred processes would compile all it imports anew, where this is set.
unexport PYTHONDONTWRITEBYTECODE
# By its module, and tools likewise: the first line of a script cannot name a folder of any name.
GIS := .venv/bin/python -m gis_service.cli
NPM := cd web_map && PATH="$(CURDIR)/.venv/bin:$$PATH" ../.venv/bin/python ../.venv/bin/npm

run:            ## set up this machine where needed, load the demo, serve on http://127.0.0.1:8000
	@scripts/setup.sh run
	@$(GIS) up

test:           ## everything, on a real PostGIS and in a real browser
	@scripts/setup.sh test
	@$(NPM) test --silent
	@.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-changed:   ## the tests that the present change concerns, the nearest first; make test is the judge
	@scripts/setup.sh test
	@files=$$(.venv/bin/python scripts/changed_tests.py) && { [ -z "$$files" ] && echo "No test concerns what changed." \
	    || .venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile $$files; }

check:          ## style, types, who imports whom, SQL; the pages' scripts
	@scripts/setup.sh check
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/python -m mypy
	@.venv/bin/python scripts/check_sql.py
	@$(NPM) run check --silent

bench:          ## the figures of docs/performance.md
	@scripts/setup.sh test
	@for name in $(filter-out common load,$(basename $(notdir $(wildcard benchmarks/[a-z]*.py)))); do \
	    echo "== benchmarks.$$name"; .venv/bin/python -m benchmarks.$$name || exit 1; done

load:           ## a hundred people for five minutes on this machine: the table of docs/performance.md
	@scripts/setup.sh test
	@.venv/bin/python -m benchmarks.load $(LOAD)

pictures:       ## the pictures of the README, from the demo that make run serves
	@scripts/setup.sh test
	@.venv/bin/python scripts/pictures.py

clean:          ## stop the private database and remove everything that was made here
	@if [ -x .venv/bin/python ]; then $(GIS) db remove --yes || true; fi
	@rm -rf .venv .gis-data web_map/node_modules .pytest_cache web_map/dist .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock:           ## pin the newest versions that pyproject.toml and package.json allow
	@scripts/lock.sh
