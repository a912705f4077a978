-- pgTAP for 0011_fire_records.sql: who writes and who reads records, and that none is changed.
BEGIN;
SELECT plan(20);
INSERT INTO gis.fire_site (name, township_codes, village_codes, geom)
SELECT n, ARRAY[t], ARRAY[t || '001'], ST_Multi(ST_MakeEnvelope(x, 2712000, x + 50, 2712050, work_srid))
FROM gis.deployment, (VALUES ('one', '451224100', 436000), ('two', '451224101', 437000)) AS s (n, t, x);
CREATE TEMP TABLE site AS SELECT * FROM gis.fire_site;
GRANT SELECT ON site TO PUBLIC;
GRANT USAGE ON SCHEMA tap TO PUBLIC;

SELECT is((SELECT count(*) FROM pg_class WHERE relname IN ('fire_site', 'fire_plan', 'fire_drill', 'fire_patrol')
           AND relrowsecurity AND relforcerowsecurity), 4::bigint, 'row-level security is forced on all four');
SET LOCAL ROLE gis_fire;
SELECT set_config('gis.account', 'brigade', true);
SELECT lives_ok($$INSERT INTO gis.fire_plan (site_id, version, dated, unit, body, run_id, cluster_id)
    SELECT site_id, 1, '2022-08-01', '大队', '预案', 1, 1 FROM site$$, 'the brigade writes plans');
SELECT lives_ok($$INSERT INTO gis.fire_drill (site_id, dated, result) SELECT site_id, '2022-08-02', 'passed' FROM site$$,
    'and drills');
SELECT lives_ok($$INSERT INTO gis.fire_patrol (site_id, dated, unit) SELECT site_id, '2022-08-03', '中队' FROM site$$,
    'and patrols');
SELECT is((SELECT array_agg(DISTINCT account) FROM gis.fire_plan), ARRAY['brigade'], 'who wrote it writes itself');
SELECT throws_ok($$INSERT INTO gis.fire_drill (site_id, dated, result, account)
    SELECT site_id, '2022-08-02', 'passed', 'another' FROM site$$, '42501', NULL, 'nobody signs for another');
SELECT throws_ok($$UPDATE gis.fire_plan SET body = 'x'$$, '42501', NULL, 'no plan is changed');
SELECT throws_ok($$DELETE FROM gis.fire_drill$$, '42501', NULL, 'no drill is deleted');
SELECT throws_ok($$INSERT INTO gis.fire_plan (site_id, version, dated, unit, body, run_id, cluster_id)
    SELECT site_id, 1, '2022-09-01', '大队', '预案', 1, 1 FROM site$$, '23505', NULL, 'a version is written once');
SELECT throws_ok($$INSERT INTO gis.fire_patrol (site_id, dated, unit) SELECT site_id, '2022-08-03', '13800000000'
    FROM site$$, '23514', NULL, 'a telephone is no unit');
SELECT throws_ok($$INSERT INTO gis.fire_drill (site_id, dated, result) SELECT site_id, '2022-08-02', 'good' FROM site$$,
    '23514', NULL, 'a result is one of three');
RESET ROLE;

SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true);
SELECT results_eq('SELECT name FROM gis.fire_site', ARRAY['one'], 'a township sees its own sites');
SELECT is((SELECT count(*) FROM gis.fire_plan) + (SELECT count(*) FROM gis.fire_drill)
          + (SELECT count(*) FROM gis.fire_patrol), 3::bigint, 'and their records alone');
SELECT throws_ok($$INSERT INTO gis.fire_drill (site_id, dated, result) SELECT site_id, '2022-08-02', 'passed'
    FROM site$$, '42501', NULL, 'and writes none');
SELECT set_config('gis.place', '', true);
SELECT is_empty('SELECT * FROM gis.fire_site', 'no place, no site');
RESET ROLE;

SET LOCAL ROLE gis_village;
SELECT set_config('gis.place', '451224101001', true);
SELECT results_eq('SELECT name FROM gis.fire_site', ARRAY['two'], 'a village sees its own');
RESET ROLE;

SET LOCAL ROLE gis_department;
SELECT is_empty('SELECT * FROM gis.fire_plan', 'a department sees no plan');
RESET ROLE;

SET LOCAL ROLE gis_auditor;
SELECT is((SELECT count(*) FROM gis.fire_plan), 2::bigint, 'an auditor reads all');
SELECT throws_ok($$INSERT INTO gis.fire_drill (site_id, dated, result) SELECT site_id, '2022-08-02', 'passed'
    FROM site$$, '42501', NULL, 'and writes nothing');
RESET ROLE;

SET LOCAL ROLE gis_service;
SELECT throws_ok('SELECT * FROM gis.fire_plan', '42501', NULL, 'the service by itself reads none');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
