-- pgTAP for 0020_area_author.sql: the server says who changed an area, whatever is claimed.
BEGIN;
SELECT plan(3);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET LOCAL ROLE gis_planner;
SELECT set_config('gis.account', 'ping', true) \g /dev/null
INSERT INTO gis.drawn_area (name, geom) SELECT '老街', ST_Multi(ST_MakeEnvelope(0, 0, 10, 10, work_srid))
FROM gis.deployment;
SELECT is(changed_by, 'ping', 'who draws an area is written with it') FROM gis.drawn_area;
SELECT set_config('gis.account', 'liu', true) \g /dev/null
UPDATE gis.drawn_area SET note = '改';
SELECT is(changed_by, 'liu', 'and who changes it') FROM gis.drawn_area;
SELECT throws_ok($$UPDATE gis.drawn_area SET changed_by = 'somebody else'$$, '42501', NULL, 'nobody writes another''s name');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
