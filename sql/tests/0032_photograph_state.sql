-- pgTAP for 0032_photograph_state.sql: a photograph is looked through once; what is unreadable is no evidence of a step.
BEGIN;
SELECT plan(7);
INSERT INTO gis.building (building_id, geom)
SELECT 'H', ST_Multi(ST_MakeEnvelope(436000, 2712000, 436010, 2712010, work_srid)) FROM gis.deployment;
INSERT INTO gis.attachment (sha256, building_id, media, bytes, width, height)
SELECT repeat(n, 64), 'H', 'image/jpeg', 1, 1, 1 FROM unnest(ARRAY['a', 'b']) AS n;
SELECT is((SELECT count(*) FROM gis.attachment WHERE state = 'waiting'), 2::bigint, 'what comes waits');
SELECT throws_ok($$UPDATE gis.attachment SET width = 2$$, '42501', NULL, 'nothing else of a row changes');
SELECT throws_ok($$UPDATE gis.attachment SET state = 'checked'$$, '23514', NULL, 'the moment is told with it');
SELECT lives_ok($$UPDATE gis.attachment SET state = CASE sha256 WHEN repeat('a', 64) THEN 'checked' ELSE 'unreadable' END,
    checked_at = now()$$, 'it is looked through');
SELECT throws_ok($$UPDATE gis.attachment SET state = 'checked', checked_at = now() WHERE state = 'unreadable'$$, '42501', NULL, 'once');
SELECT throws_ok($$DELETE FROM gis.attachment$$, '42501', NULL, 'and none is deleted');
SELECT throws_ok($$INSERT INTO gis.case_event (case_id, building_id, kind, evidence) VALUES (1, 'H', 'plan', ARRAY[repeat('b', 64)])$$,
    'GC001', 'unreadable', 'what cannot be read is no evidence');
SELECT * FROM finish();
ROLLBACK;
