-- pgTAP for 0012_analysed.sql: what a run saw belongs to the owner, and an edit of anything a run reads shows.
BEGIN;
SELECT plan(9);
SELECT ok(relrowsecurity AND relforcerowsecurity, 'row-level security is forced') FROM pg_class
WHERE oid = 'gis.analysed'::regclass;
INSERT INTO gis.building (building_id, geom)
SELECT 'one', ST_Multi(ST_MakeEnvelope(436000, 2712000, 436010, 2712008, work_srid)) FROM gis.deployment;
INSERT INTO gis.hydrant (hydrant_id, geom) SELECT 'water', ST_SetSRID(ST_MakePoint(436000, 2712000), work_srid)
FROM gis.deployment;
INSERT INTO gis.run (kind, parameters, data_version, code_version) VALUES ('density', '{}', 0, 'test');
INSERT INTO gis.analysed (run_id, kind, id, digest, west, south, east, north)
SELECT (SELECT max(run_id) FROM gis.run), kind, id, digest, west, south, east, north FROM gis.analysable;
PREPARE edited AS SELECT id FROM gis.analysable AS n FULL JOIN gis.analysed AS o USING (kind, id)
    WHERE n.digest IS DISTINCT FROM o.digest;
SELECT is_empty('edited', 'nothing is edited');
SELECT results_eq($$SELECT west, south, east, north FROM gis.analysed WHERE id = 'one'$$,
    $$VALUES (436000::float8, 2712000::float8, 436010::float8, 2712008::float8)$$, 'the box is the house''s');
UPDATE gis.building SET name = 'another name' WHERE building_id = 'one';
SELECT is_empty('edited', 'a name is not read by a run');
UPDATE gis.building SET departments = '{education}' WHERE building_id = 'one';
SELECT results_eq('edited', ARRAY['one'], 'a department is: it says who sees the cluster');
UPDATE gis.building SET departments = '{}' WHERE building_id = 'one';
SELECT is_empty('edited', 'edited back is not edited');
UPDATE gis.hydrant SET kind = 'pond';
DELETE FROM gis.building WHERE building_id = 'one';
SELECT results_eq('SELECT id FROM gis.analysable FULL JOIN gis.analysed AS o USING (kind, id)
    WHERE analysable.digest IS DISTINCT FROM o.digest ORDER BY 1', ARRAY['one', 'water'], 'gone, and another kind');
DELETE FROM gis.run;
SELECT is_empty('SELECT * FROM gis.analysed', 'what a run saw goes with the run');
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET LOCAL ROLE gis_administrator;
SELECT throws_ok('SELECT * FROM gis.analysed', '42501', NULL, 'nobody else reads it');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
