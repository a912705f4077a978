-- Buildings with the fields of the survey form that selection needs (DOMAIN 3.1, 6.2).
-- Codes are text and are never ranks: severe, some, none_found have no order in this database.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.building (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    building_id text NOT NULL UNIQUE,
    name text,
    address text,
    township_code text,
    village_code text,
    -- Unknown storeys are null, never 0.
    floors smallint CHECK (floors BETWEEN 1 AND 200),
    height_m double precision CHECK (height_m > 0 AND height_m <= 500),
    structure text NOT NULL DEFAULT 'unknown' CHECK (structure IN (
        'masonry', 'frame_masonry', 'rc', 'steel', 'timber', 'earth_timber', 'brick_timber', 'mixed', 'other',
        'unknown')),
    fire_class text CHECK (fire_class IN ('I_II', 'III', 'IV')),
    use_class text NOT NULL DEFAULT 'other' CHECK (use_class IN ('commercial', 'mixed', 'other')),
    business_uses text[] NOT NULL DEFAULT '{}' CHECK (business_uses <@ ARRAY[
        'catering', 'lodging', 'retail', 'leisure', 'education', 'medical', 'elderly_care', 'manufacturing',
        'storage', 'rental', 'religious', 'sports', 'other']),
    departments text[] NOT NULL DEFAULT '{}' CHECK (departments <@ ARRAY[
        'police', 'education', 'civil_affairs', 'market_reg', 'health', 'culture_tourism', 'housing',
        'natural_resources', 'urban_mgmt', 'fire', 'emergency', 'agriculture', 'united_front', 'industry']),
    people integer CHECK (people >= 0),
    alterations text[] NOT NULL DEFAULT '{}' CHECK (alterations <@ ARRAY[
        'add_storey', 'extend', 'mezzanine', 'partition', 'raise', 'enlarge_openings', 'basement',
        'remove_walls', 'change_use']),
    hazard_tier text NOT NULL DEFAULT 'unjudged' CHECK (hazard_tier IN (
        'severe', 'some', 'none_found', 'unjudged')),
    appraisal_grade text NOT NULL DEFAULT 'unknown' CHECK (appraisal_grade IN ('A', 'B', 'C', 'D', 'unknown')),
    built_period text,
    simulated boolean NOT NULL DEFAULT false,
    geom geometry(MultiPolygon, {{work_srid}}) NOT NULL
);
CREATE INDEX building_geom ON gis.building USING gist (geom);
CREATE INDEX building_township ON gis.building (township_code);
CREATE INDEX building_name ON gis.building USING gin (name gin_trgm_ops);

-- Personal data stands apart: no map, tile or list reads this table.
CREATE TABLE gis.building_person (
    building_id text PRIMARY KEY REFERENCES gis.building (building_id) ON DELETE CASCADE,
    owner_name text,
    telephone text,
    identity_number text
);
