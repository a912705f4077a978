-- pgTAP for 0028_plates.sql: a stranger is told three things, through one function, while plates are on.
BEGIN;
SELECT plan(10);
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.building (building_id, township_code, geom)
SELECT b, t, ST_Multi(ST_MakeEnvelope(436000 + x, 2712000, 436010 + x, 2712010, work_srid))
FROM gis.deployment, (VALUES ('a', '451224100', 0), ('b', '451224101', 20)) AS v (b, t, x);
INSERT INTO gis.plate (building_id, body) VALUES ('a', repeat('a', 16)::bytea), ('b', repeat('b', 16)::bytea);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
SET LOCAL ROLE gis_service;
SELECT is_empty('SELECT * FROM gis.scan_plate(repeat(''a'', 16)::bytea)', 'off without a word of the county');
SELECT throws_ok('SELECT * FROM gis.plate', '42501', NULL, 'the service reads no plates by itself');
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.plate', ARRAY['a'], 'a township sees its own');
SELECT throws_ok('INSERT INTO gis.plate_setting (enabled) VALUES (false)', '42501', NULL, 'and switches nothing');
SET LOCAL ROLE gis_planner;
SELECT throws_ok('INSERT INTO gis.plate_setting (enabled) VALUES (true)', '23514', NULL, 'not on without a telephone');
INSERT INTO gis.plate_setting (enabled, telephone) VALUES (true, '110');
SET LOCAL ROLE gis_service;
SELECT results_eq('SELECT building_id, zh, telephone FROM gis.scan_plate(repeat(''a'', 16)::bytea)',
    $$VALUES ('a', '{}'::text[], '110')$$, 'number, controls, telephone');
SELECT is_empty('SELECT * FROM gis.scan_plate(repeat(''c'', 16)::bytea)', 'nothing of a code that is none');
RESET ROLE;
SELECT is((SELECT sum(scans) FROM gis.plate_scan), 1::bigint, 'one look was counted');
UPDATE gis.building SET removed_on = '2022-09-01' WHERE building_id = 'a';
SELECT is_empty('SELECT * FROM gis.scan_plate(repeat(''a'', 16)::bytea)', 'a house that is gone tells nothing');
SELECT throws_ok('DELETE FROM gis.plate', '42501', NULL, 'no plate is taken away');
SELECT * FROM finish();
ROLLBACK;
