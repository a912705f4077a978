-- pgTAP for 0027_notices.sql: a service is of a notice, once; notices of houses without a case; letters are the county's.
BEGIN;
SELECT plan(14);
CREATE FUNCTION pg_temp.box(x int) RETURNS geometry LANGUAGE sql AS
$$SELECT ST_Multi(ST_MakeEnvelope(436000 + x, 2712000, 436010 + x, 2712010, work_srid)) FROM gis.deployment$$;
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.building (building_id, township_code, use_class, departments, geom) VALUES
    ('a', '451224100', 'mixed', '{police}', pg_temp.box(0)), ('b', '451224101', 'mixed', '{health}', pg_temp.box(20));
INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('a', 'preliminary', 'severe', '2022-09-01');
INSERT INTO gis.attachment (sha256, building_id, media, bytes, width, height) VALUES (repeat('a', 64), 'a', 'image/png', 1, 1, 1), (repeat('a', 64), 'b', 'image/png', 1, 1, 1);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
SELECT set_eq('SELECT building_id, kind FROM gis.notice_due', $$VALUES ('a', 'appraise'), ('a', 'stop_use'), ('a', 'rectify'), ('b', 'appraise')$$, 'what each is due');
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true), set_config('gis.account', 'zhen', true) \g /dev/null
INSERT INTO gis.case_event (case_id, building_id, kind, what, given) SELECT case_id, 'a', 'notice', 'stop_use', '{"number": "1号"}' FROM gis.case;
PREPARE serve AS INSERT INTO gis.case_event (case_id, building_id, kind, given, evidence, refers)
    SELECT c.case_id, 'a', 'serve', '{"method": "直接送达"}', ARRAY[repeat('a', 64)],
           (SELECT max(e.event_id) FROM gis.case_event AS e WHERE e.kind = $1) FROM gis.case AS c;
SELECT throws_ok('EXECUTE serve(''open'')', 'GC001', 'refers', 'only a notice is served');
SELECT lives_ok('EXECUTE serve(''notice'')', 'it is');
SELECT throws_ok('EXECUTE serve(''notice'')', 'GC001', 'over', 'once');
SELECT is((SELECT number || served_on || method FROM gis.notice), '1号2022-09-08直接送达', 'and told with its notice');
SELECT throws_ok($$INSERT INTO gis.house_notice (building_id, kind, number) VALUES ('b', 'appraise', '2号')$$, '42501', NULL, 'not to another''s house');
SELECT throws_ok($$INSERT INTO gis.letter (kind, unit_code, number, reason) VALUES ('remind', '451224100', '1', 'x')$$, '42501', NULL, 'a township writes no letters');
SELECT throws_ok($$INSERT INTO gis.paper_template (kind) VALUES ('rectify')$$, '42501', NULL, 'nor templates');
RESET ROLE;
INSERT INTO gis.house_notice (building_id, kind, number, issued_on) VALUES ('b', 'appraise', '2号', '2022-09-05');
PREPARE house AS INSERT INTO gis.house_service (notice_id, building_id, served_on, method, receipt)
    SELECT notice_id, $1, $2, '直接送达', ARRAY[repeat($3, 64)] FROM gis.house_notice;
SELECT throws_ok('EXECUTE house(''a'', ''2022-09-08'', ''a'')', 'GC001', 'refers', 'of its own house');
SELECT throws_ok('EXECUTE house(''b'', ''2022-09-04'', ''a'')', 'GC001', 'before', 'not before it was issued');
SELECT throws_ok('EXECUTE house(''b'', ''2022-09-09'', ''a'')', 'GC001', 'future', 'not tomorrow');
SELECT throws_ok('EXECUTE house(''b'', ''2022-09-08'', ''b'')', 'GC001', 'evidence', 'with its own photographs');
SELECT lives_ok('EXECUTE house(''b'', ''2022-09-08'', ''a'')', 'served');
SELECT is((SELECT count(DISTINCT notice_id) FROM gis.notice), 2::bigint, 'numbers of both kinds are apart');
SELECT * FROM finish();
ROLLBACK;
