-- pgTAP for 0024_enforcement.sql: planned by the county, found by who goes, only added; one sees one's own houses.
BEGIN;
SELECT plan(12);
CREATE FUNCTION pg_temp.box(x int) RETURNS geometry LANGUAGE sql AS
$$SELECT ST_Multi(ST_MakeEnvelope(436000 + x, 2712000, 436010 + x, 2712010, work_srid)) FROM gis.deployment$$;
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.building (building_id, township_code, departments, geom) VALUES
    ('a', '451224100', '{police}', pg_temp.box(0)), ('b', '451224101', '{health}', pg_temp.box(20));
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
SET LOCAL ROLE gis_planner;
SELECT throws_ok($$INSERT INTO gis.enforcement (on_day, lead) VALUES ('2022-09-08', 'nobody')$$, 'GC001', 'department',
    'a department that nobody knows');
INSERT INTO gis.enforcement (on_day, lead, departments) VALUES ('2022-09-08', 'county', '{police,health}'), ('2022-09-09', 'county', '{}');
SELECT lives_ok($$INSERT INTO gis.enforcement_house (enforcement_id, building_id, reasons)
    SELECT e.enforcement_id, h, '{violation}' FROM gis.enforcement AS e, unnest(ARRAY['a', 'b']) AS h$$, 'the county plans');
SET LOCAL ROLE gis_department;
SELECT set_config('gis.department', 'police', true), set_config('gis.account', 'jing', true) \g /dev/null
SELECT results_eq('SELECT DISTINCT building_id FROM gis.enforcement_house', ARRAY['a'], 'a department sees its own houses');
SELECT is((SELECT count(*) FROM gis.enforcement), 2::bigint, 'and the actions with one of them');
SELECT throws_ok($$INSERT INTO gis.enforcement (on_day, lead) VALUES ('2022-09-08', 'police')$$, '42501', NULL, 'it plans none');
SELECT lives_ok($$INSERT INTO gis.enforcement_finding (enforcement_id, building_id, found)
    SELECT enforcement_id, 'a', 'complied' FROM gis.enforcement WHERE on_day = '2022-09-08'$$, 'it says what it found');
SELECT is((SELECT account || ' ' || department FROM gis.enforcement_finding), 'jing police', 'in its own name');
SELECT throws_ok($$INSERT INTO gis.enforcement_finding (enforcement_id, building_id, found)
    SELECT enforcement_id, 'b', 'complied' FROM gis.enforcement WHERE on_day = '2022-09-08'$$, '42501', NULL, 'not at another''s');
SELECT throws_ok($$INSERT INTO gis.enforcement_finding (enforcement_id, building_id, found)
    SELECT enforcement_id, 'a', 'complied' FROM gis.enforcement WHERE on_day = '2022-09-09'$$, 'GC001', 'early', 'nor before the day');
SET LOCAL ROLE gis_village;
SELECT set_config('gis.place', '451224100001', true) \g /dev/null
SELECT is_empty('SELECT FROM gis.enforcement', 'who has no house of an action does not see it');
RESET ROLE;
SELECT throws_ok('UPDATE gis.enforcement_finding SET found = ''open''', '42501', NULL, 'no finding is changed');
SELECT throws_ok('DELETE FROM gis.enforcement_house', '42501', NULL, 'no house is taken off');
SELECT * FROM finish();
ROLLBACK;
