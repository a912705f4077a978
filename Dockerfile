# The service alone; the database is the postgis image of compose.yaml.
FROM python:3.12-slim
WORKDIR /app
# Papers need a Chinese typeface, sheets with maps Pango too: as scripts/setup.sh installs them.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
        fonts-noto-cjk libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.lock pyproject.toml ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/pip install --no-deps --no-build-isolation -e . \
    && .venv/bin/python -c "from gis_service.up import install_front_end; install_front_end()" \
    && .venv/bin/python -m compileall -q gis_service web_map \
    && useradd --system gis && mkdir .gis-data && chown gis .gis-data
USER gis
EXPOSE 8000
CMD [".venv/bin/gis-service", "up", "--host", "0.0.0.0"]
