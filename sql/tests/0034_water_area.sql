-- pgTAP for 0034_water_area.sql: water has an outline and a kind, everybody sees it, nobody but the owner changes it.
BEGIN;
SELECT plan(6);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
SELECT lives_ok($$INSERT INTO gis.water_area (water_id, geom)
    VALUES ('a', ST_Multi(ST_MakeEnvelope(436000, 2712000, 436100, 2712100, 4545)))$$, 'water is an area');
SELECT col_default_is('gis', 'water_area', 'kind', 'river', 'a river unless it says otherwise');
SELECT throws_ok($$INSERT INTO gis.water_area (water_id, geom)
    VALUES ('l', ST_SetSRID('MULTILINESTRING((0 0, 1 1))'::geometry, 4545))$$, '22023', NULL, 'and no line');
SELECT throws_ok($$INSERT INTO gis.water_area (water_id, kind, geom)
    VALUES ('s', 'sea', ST_Multi(ST_MakeEnvelope(0, 0, 1, 1, 4545)))$$, '23514', NULL, 'of known kinds only');
SET LOCAL ROLE gis_village;
SELECT results_eq('SELECT count(*) FROM gis.water_area', ARRAY[1::bigint], 'a village sees it');
SELECT throws_ok('DELETE FROM gis.water_area', '42501', NULL, 'and cannot change it');
SELECT * FROM finish();
ROLLBACK;
