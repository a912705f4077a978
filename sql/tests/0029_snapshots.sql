-- pgTAP for 0029_snapshots.sql: frozen by the county's office, never changed, told to everybody, its houses to whom they concern.
BEGIN;
SELECT plan(13);
CREATE FUNCTION pg_temp.box(x int) RETURNS geometry LANGUAGE sql AS
$$SELECT ST_Multi(ST_MakeEnvelope(436000 + x, 2712000, 436010 + x, 2712010, work_srid)) FROM gis.deployment$$;
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.admin_area (code, name, level) VALUES ('451224100', '东兰镇', 'township');
INSERT INTO gis.building (building_id, township_code, departments, geom) VALUES
    ('a', '451224100', '{police}', pg_temp.box(0)), ('b', '451224101', '{health}', pg_temp.box(20));
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
SET LOCAL ROLE gis_planner;
SELECT lives_ok($$INSERT INTO gis.snapshot (kind, day, body, sha256) VALUES ('daily', '2022-09-07', '{}', repeat('a', 64))$$,
    'the county''s office freezes');
SELECT lives_ok($$INSERT INTO gis.snapshot_house (snapshot_id, building_id, operating, stands, tier, status, controlled, overdue, hazards, others)
    SELECT snapshot_id, h, true, true, 'severe', 'done', false, false, 1, 0 FROM gis.snapshot, unnest(ARRAY['a', 'b', 'gone']) AS h$$,
    'with its houses, also those that are gone');
SELECT throws_ok($$INSERT INTO gis.snapshot (kind, day, body, sha256) VALUES ('daily', '2022-09-07', '{}', repeat('b', 64))$$,
    '23505', NULL, 'a day is frozen once');
SELECT throws_ok($$INSERT INTO gis.snapshot (kind, day, body, sha256) VALUES ('weekly', '2022-09-07', '{}', repeat('b', 64))$$,
    '23514', NULL, 'a week ends on its Sunday');
SELECT throws_ok($$INSERT INTO gis.snapshot (kind, day, body, sha256) VALUES ('monthly', '2022-09-07', '{}', repeat('b', 64))$$,
    '23514', NULL, 'a month on its last day');
SELECT throws_ok('UPDATE gis.snapshot SET body = ''{"a": 1}''', '42501', NULL, 'a snapshot is not changed');
SELECT throws_ok('DELETE FROM gis.snapshot_house', '42501', NULL, 'nor its houses');
SELECT lives_ok($$UPDATE gis.assessment_item SET points = 30 WHERE measure = 'judge'$$, 'and the points are the county''s');
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true) \g /dev/null
SELECT is((SELECT count(*) FROM gis.snapshot), 1::bigint, 'a township reads the bulletin');
SELECT results_eq('SELECT building_id FROM gis.snapshot_house', ARRAY['a'], 'and its own houses');
SELECT throws_ok($$INSERT INTO gis.snapshot (kind, day, body, sha256) VALUES ('daily', '2022-09-06', '{}', repeat('a', 64))$$,
    '42501', NULL, 'it freezes none');
SELECT set_config('gis.place', '451224101', true) \g /dev/null
SET LOCAL ROLE gis_department;
SELECT set_config('gis.department', 'health', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.snapshot_house', ARRAY['b'], 'a department sees its own houses');
RESET ROLE;
SELECT throws_ok('DELETE FROM gis.snapshot', '42501', NULL, 'not even the owner takes one away');
SELECT * FROM finish();
ROLLBACK;
