-- pgTAP for 0005_density.sql: one row a pair, classes are those of docs/domain.md#alleys, a run takes its results with it.
BEGIN;
SELECT plan(11);
INSERT INTO gis.run (kind, parameters, data_version, code_version) VALUES ('density', '{}', 1, '0');
CREATE TEMP TABLE line AS
    SELECT ST_SetSRID(ST_GeomFromText('MULTILINESTRING((436000 2712000, 436001 2712000))'), work_srid) AS geom
    FROM gis.deployment;
PREPARE pair AS INSERT INTO gis.gap (run_id, building_a, building_b, class, min_width_m, length_m, geom)
    SELECT max(run_id), $1, $2, $3, 1.0, 0, (SELECT geom FROM line) FROM gis.run;
SELECT lives_ok($$EXECUTE pair('a', 'b', 'narrow')$$, 'a pair');
SELECT throws_ok($$EXECUTE pair('a', 'b', 'narrow')$$, '23505', NULL, 'the same pair twice');
SELECT throws_ok($$EXECUTE pair('b', 'a', 'narrow')$$, '23514', NULL, 'the same pair the other way round');
SELECT throws_ok($$EXECUTE pair('c', 'c', 'narrow')$$, '23514', NULL, 'a building with itself');
SELECT throws_ok($$EXECUTE pair('c', 'd', 'wide')$$, '23514', NULL, 'an unknown class');
SELECT lives_ok($$EXECUTE pair('B', 'a', 'blocked')$$, 'order is by code point, as the run sorts');
SELECT throws_ok($$INSERT INTO gis.gap (run_id, building_a, building_b, class, min_width_m, length_m, geom)
    SELECT max(run_id), 'x', 'y', 'narrow', 1, 0, ST_SetSRID((SELECT geom FROM line), 4326) FROM gis.run$$,
    '22023', NULL, 'another SRID');
SELECT col_not_null('gis', 'cluster', 'score_parts', 'a score shows its parts');
SELECT col_not_null('gis', 'alley', 'profile', 'an alley keeps its widths');
SELECT col_is_null('gis', 'building_density', 'hose_m', 'an unreached building has no hose distance');
DELETE FROM gis.run;
SELECT is_empty('SELECT * FROM gis.gap', 'a run takes its results with it');
SELECT * FROM finish();
ROLLBACK;
