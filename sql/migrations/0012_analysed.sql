-- What the newest density run saw of each house, road and hydrant. An edit is whatever differs from it: nothing has to
-- tell `gis-service analyze --changed-only` what was edited, and nothing can be forgotten.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.analysed (
    run_id bigint NOT NULL REFERENCES gis.run ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('building', 'road', 'hydrant')),
    id text NOT NULL,
    -- Of all that a run reads of it; so wide that two different ones are never the same by chance.
    digest bigint NOT NULL,
    -- Its bounding box in the work CRS: where it was before it went.
    west double precision NOT NULL,
    south double precision NOT NULL,
    east double precision NOT NULL,
    north double precision NOT NULL,
    PRIMARY KEY (kind, id)
);
ALTER TABLE gis.analysed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON gis.analysed TO gis_owner USING (true) WITH CHECK (true);

-- The same of what there is now.
CREATE VIEW gis.analysable WITH (security_invoker = true) AS
SELECT 'building' AS kind, building_id AS id,
       hashtextextended(ROW(floors, height_m, structure, fire_class, hazard_tier, use_class, township_code,
                            village_code, departments, geom)::text, 0) AS digest,
       ST_XMin(geom) AS west, ST_YMin(geom) AS south, ST_XMax(geom) AS east, ST_YMax(geom) AS north
FROM gis.building
UNION ALL
SELECT 'road', road_id, hashtextextended(ROW(geom)::text, 0),
       ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
FROM gis.road
UNION ALL
SELECT 'hydrant', hydrant_id, hashtextextended(ROW(kind, geom)::text, 0),
       ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
FROM gis.hydrant;
