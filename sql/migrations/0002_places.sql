-- Places: administrative areas, key zones, roads, hydrants, areas drawn by planners.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.admin_area (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    -- A unit reports beside the townships but is no division (泗顶矿区管理处); it may have no area.
    level text NOT NULL CHECK (level IN ('county', 'township', 'village', 'grid', 'unit')),
    parent_code text,
    schematic boolean NOT NULL DEFAULT false,
    source text,
    geom geometry(MultiPolygon, {{work_srid}})
);
COMMENT ON COLUMN gis.admin_area.schematic IS 'Area made for a demonstration; not a real boundary.';
CREATE INDEX admin_area_geom ON gis.admin_area USING gist (geom);
CREATE INDEX admin_area_parent ON gis.admin_area (parent_code);

CREATE TABLE gis.key_zone (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    zone_id text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('school', 'hospital', 'market', 'resettlement', 'industrial')),
    name text,
    township_code text,
    simulated boolean NOT NULL DEFAULT false,
    -- A point is allowed and warned about at import: buffers start from the boundary of the grounds.
    geom geometry(Geometry, {{work_srid}}) NOT NULL
        CHECK (GeometryType(geom) IN ('MULTIPOLYGON', 'POINT'))
);
CREATE INDEX key_zone_geom ON gis.key_zone USING gist (geom);

CREATE TABLE gis.road (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    road_id text NOT NULL UNIQUE,
    name text,
    class text,
    width_m double precision CHECK (width_m > 0),
    simulated boolean NOT NULL DEFAULT false,
    geom geometry(MultiLineString, {{work_srid}}) NOT NULL
);
CREATE INDEX road_geom ON gis.road USING gist (geom);

CREATE TABLE gis.hydrant (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hydrant_id text NOT NULL UNIQUE,
    kind text NOT NULL DEFAULT 'hydrant' CHECK (kind IN ('hydrant', 'pond', 'tank', 'river', 'other')),
    name text,
    simulated boolean NOT NULL DEFAULT false,
    geom geometry(Point, {{work_srid}}) NOT NULL
);
CREATE INDEX hydrant_geom ON gis.hydrant USING gist (geom);

CREATE TABLE gis.drawn_area (
    area_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    note text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    geom geometry(MultiPolygon, {{work_srid}}) NOT NULL
);
CREATE INDEX drawn_area_geom ON gis.drawn_area USING gist (geom);
