-- Alleys, dense clusters and what an engine and a hose can reach, as runs of `gis-service analyze` write them.
-- Columns are those of `gis-service density`'s layers (DESIGN 4) plus run_id; fid is the integer key that QGIS needs.

SET LOCAL ROLE gis_owner;

-- Every pair of buildings up to max_width_m has a row: a threshold between 0 and 4 m is a query, not a new run.
CREATE TABLE gis.gap (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES gis.run ON DELETE CASCADE,
    building_a text NOT NULL,
    building_b text NOT NULL,
    class text NOT NULL CHECK (class IN ('touching', 'handshake', 'sky_line', 'narrow', 'corner', 'blocked')),
    min_width_m double precision NOT NULL,
    mean_width_m double precision,
    length_m double precision NOT NULL,
    sky_view double precision,
    geom geometry(MultiLineString, {{work_srid}}) NOT NULL,
    UNIQUE (run_id, building_a, building_b),
    CHECK (building_a < building_b COLLATE "C")
);
CREATE INDEX gap_geom ON gis.gap USING gist (geom);
CREATE INDEX gap_b ON gis.gap (run_id, building_b);

CREATE TABLE gis.alley (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES gis.run ON DELETE CASCADE,
    alley_id integer NOT NULL,
    cluster_id integer,
    class text NOT NULL CHECK (class IN ('handshake', 'sky_line', 'narrow', 'touching')),
    length_m double precision NOT NULL,
    min_width_m double precision NOT NULL,
    mean_width_m double precision NOT NULL,
    sky_view double precision,
    buildings integer NOT NULL,
    dead_end boolean NOT NULL,
    -- Pairs of metres along the alley and width there: the narrow stretches stay visible.
    profile jsonb NOT NULL,
    geom geometry(MultiLineString, {{work_srid}}) NOT NULL,
    UNIQUE (run_id, alley_id)
);
CREATE INDEX alley_geom ON gis.alley USING gist (geom);
CREATE INDEX alley_cluster ON gis.alley (run_id, cluster_id);

CREATE TABLE gis.cluster (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES gis.run ON DELETE CASCADE,
    cluster_id integer NOT NULL,
    name text,
    -- A cluster that crosses a border has several; each of them sees it.
    township_codes text[] NOT NULL DEFAULT '{}',
    village_codes text[] NOT NULL DEFAULT '{}',
    buildings integer NOT NULL,
    footprint_m2 double precision NOT NULL,
    coverage double precision NOT NULL,
    alley_m double precision NOT NULL,
    sky_line_m double precision NOT NULL,
    handshake_m double precision NOT NULL,
    narrowest_m double precision,
    max_hose_m double precision,
    unreached integer,
    max_depth integer,
    burn_largest integer,
    score double precision NOT NULL,
    score_parts jsonb NOT NULL,
    hydrant_share double precision,
    two_hydrants_share double precision,
    nearest_hydrant_m double precision,
    farthest_hydrant_m double precision,
    access_basis text,
    geom geometry(MultiPolygon, {{work_srid}}) NOT NULL,
    UNIQUE (run_id, cluster_id)
);
CREATE INDEX cluster_geom ON gis.cluster USING gist (geom);
CREATE INDEX cluster_townships ON gis.cluster USING gin (township_codes);

CREATE TABLE gis.building_density (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES gis.run ON DELETE CASCADE,
    building_id text NOT NULL,
    cluster_id integer,
    burn_cluster_id integer,
    hose_m double precision,
    unreached boolean,
    depth integer,
    nearest_gap_m double precision,
    geom geometry(MultiPolygon, {{work_srid}}) NOT NULL,
    UNIQUE (run_id, building_id)
);
CREATE INDEX building_density_geom ON gis.building_density USING gist (geom);
CREATE INDEX building_density_cluster ON gis.building_density (run_id, cluster_id);

-- Where an engine can stand, drawn round each cluster.
CREATE TABLE gis.engine_space (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES gis.run ON DELETE CASCADE,
    cluster_id integer NOT NULL,
    geom geometry(MultiPolygon, {{work_srid}}) NOT NULL,
    UNIQUE (run_id, cluster_id)
);
CREATE INDEX engine_space_geom ON gis.engine_space USING gist (geom);

-- Buildings that all burn if one does and nobody intervenes, and what splitting them up takes and saves.
CREATE TABLE gis.burn_cluster (
    run_id bigint NOT NULL REFERENCES gis.run ON DELETE CASCADE,
    burn_cluster_id integer NOT NULL,
    buildings integer NOT NULL,
    parts integer,
    wall_m double precision,
    largest_after integer,
    saved_mean double precision,
    PRIMARY KEY (run_id, burn_cluster_id)
);

CREATE TABLE gis.firebreak (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES gis.run ON DELETE CASCADE,
    burn_cluster_id integer NOT NULL,
    building_a text NOT NULL,
    building_b text NOT NULL,
    wall_m double precision NOT NULL,
    widen_to_m double precision,
    geom geometry(MultiLineString, {{work_srid}}) NOT NULL
);
CREATE INDEX firebreak_geom ON gis.firebreak USING gist (geom);
CREATE INDEX firebreak_run ON gis.firebreak (run_id, burn_cluster_id);
