-- Water as areas (rivers, lakes, ponds, reservoirs), as the ground of maps. Points that an engine draws from are gis.hydrant.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.water_area (
    fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    water_id text NOT NULL UNIQUE,
    kind text NOT NULL DEFAULT 'river' CHECK (kind IN ('river', 'stream', 'canal', 'lake', 'reservoir', 'pond', 'other')),
    name text,
    simulated boolean NOT NULL DEFAULT false,
    geom geometry(MultiPolygon, {{work_srid}}) NOT NULL
);
CREATE INDEX water_area_geom ON gis.water_area USING gist (geom);

ALTER TABLE gis.water_area ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON gis.water_area TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY everybody ON gis.water_area FOR SELECT TO gis_administrator, gis_planner, gis_fire,
    gis_auditor, gis_department, gis_township, gis_village USING (true);

CREATE TRIGGER counts_rows BEFORE INSERT OR UPDATE OR DELETE ON gis.water_area
    FOR EACH STATEMENT EXECUTE FUNCTION gis.data_changes();
CREATE TRIGGER moves_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON gis.water_area
    FOR EACH STATEMENT EXECUTE FUNCTION gis.data_changed('data');

ALTER TABLE gis.import DROP CONSTRAINT import_kind_check;
ALTER TABLE gis.import ADD CONSTRAINT import_kind_check
    CHECK (kind IN ('buildings', 'zones', 'boundaries', 'roads', 'hydrants', 'water', 'ledger'));
