-- pgTAP for 0035_plate_withdrawal.sql: a plate that is withdrawn tells nothing, and by whom it may be withdrawn.
BEGIN;
SELECT plan(7);
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.building (building_id, township_code, geom)
SELECT b, t, ST_Multi(ST_MakeEnvelope(436000 + x, 2712000, 436010 + x, 2712010, work_srid))
FROM gis.deployment, (VALUES ('a', '451224100', 0), ('b', '451224101', 20)) AS v (b, t, x);
INSERT INTO gis.plate (building_id, body) VALUES ('a', repeat('a', 16)::bytea), ('b', repeat('b', 16)::bytea);
INSERT INTO gis.plate_setting (enabled, telephone) VALUES (true, '110');
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
CREATE TEMP TABLE one ON COMMIT DROP AS SELECT building_id, plate_id FROM gis.plate;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true) \g /dev/null
SELECT throws_ok('INSERT INTO gis.plate_withdrawal (plate_id, reason) SELECT plate_id, ''x'' FROM one WHERE building_id = ''b''',
    '42501', NULL, 'a township withdraws none of another');
INSERT INTO gis.plate_withdrawal (plate_id, reason) SELECT plate_id, '遗失' FROM one WHERE building_id = 'a';
SELECT is((SELECT count(*) FROM gis.plate_withdrawal), 1::bigint, 'and its own');
SELECT set_config('gis.place', '451224101', true) \g /dev/null
SELECT is_empty('SELECT * FROM gis.plate_withdrawal', 'which another does not see');
SET LOCAL ROLE gis_service;
SELECT is_empty('SELECT * FROM gis.scan_plate(repeat(''a'', 16)::bytea)', 'what was withdrawn tells nothing');
SELECT isnt_empty('SELECT * FROM gis.scan_plate(repeat(''b'', 16)::bytea)', 'the others go on');
RESET ROLE;
INSERT INTO gis.plate (building_id, issue, body) VALUES ('a', 2, repeat('c', 16)::bytea);
SET LOCAL ROLE gis_service;
SELECT isnt_empty('SELECT * FROM gis.scan_plate(repeat(''c'', 16)::bytea)', 'and so does the next of the house');
RESET ROLE;
SELECT throws_ok('DELETE FROM gis.plate_withdrawal', '42501', NULL, 'no withdrawal is taken back');
SELECT * FROM finish();
ROLLBACK;
