-- pgTAP for 0013_found_places.sql: what a house lies in, and which given codes contradict the ground.
BEGIN;
SELECT plan(8);
CREATE FUNCTION pg_temp.box(w int, s int, e int, n int) RETURNS geometry LANGUAGE sql AS
$$SELECT ST_Multi(ST_MakeEnvelope(436000 + w, 2712000 + s, 436000 + e, 2712000 + n, work_srid)) FROM gis.deployment$$;
INSERT INTO gis.admin_area (code, name, level, geom) VALUES
    ('451224100', '甲镇', 'township', pg_temp.box(0, 0, 100, 100)),
    ('451224101', '乙镇', 'township', pg_temp.box(100, 0, 200, 100)),
    ('451224101001', '乙村', 'village', pg_temp.box(100, 0, 150, 100));
INSERT INTO gis.admin_area (code, name, level) VALUES ('451224400', '矿区', 'unit');
INSERT INTO gis.building (building_id, township_code, township_source, geom) VALUES
    ('a', '451224101', 'given', pg_temp.box(10, 10, 20, 20)),
    ('a-', '451224999', 'given', pg_temp.box(30, 10, 40, 20)),
    ('a+', '451224400', 'given', pg_temp.box(50, 10, 60, 20)),
    ('found', '451224101', 'found', pg_temp.box(70, 10, 80, 20)),
    ('half', NULL, NULL, pg_temp.box(95, 40, 105, 50)),
    ('more', NULL, NULL, pg_temp.box(99, 60, 109, 70)),
    ('touching', NULL, NULL, pg_temp.box(200, 0, 210, 10)),
    ('away', '451224999', 'given', pg_temp.box(900, 0, 910, 10));
SELECT results_eq($$SELECT b.building_id, l.code FROM gis.building AS b JOIN gis.lies_in('township') AS l USING (fid)
    WHERE b.building_id IN ('a', 'half', 'more', 'touching', 'away') ORDER BY b.building_id COLLATE "C"$$,
    $$VALUES ('a', '451224100'), ('half', '451224100'), ('more', '451224101')$$,
    'the larger part, of equal ones the smaller code; touching is not lying in');
SELECT results_eq($$SELECT b.building_id, l.code FROM gis.building AS b JOIN gis.lies_in('village') AS l USING (fid)
    ORDER BY b.building_id COLLATE "C"$$, $$VALUES ('half', '451224101001'), ('more', '451224101001')$$,
    'the only village that has a part of it');
SELECT results_eq($$SELECT count(*)::int FROM gis.lies_in('township',
    ARRAY(SELECT fid FROM gis.building WHERE building_id = 'more'))$$, ARRAY[1], 'only of those named');
SELECT is_empty($$SELECT * FROM gis.lies_in('township', '{}')$$, 'of none, none');
SELECT results_eq('SELECT building_id, level, given_code, lies_in FROM gis.misplaced()',
    $$VALUES ('a', 'township', '451224101', '451224100'), ('a-', 'township', '451224999', '451224100')$$,
    'not the found one, not the unit without an area, not where nothing is known');
SELECT throws_ok($$UPDATE gis.building SET township_source = 'guessed'$$, '23514', NULL, 'given or found');
SELECT throws_ok($$UPDATE gis.building SET village_source = ''$$, '23514', NULL, 'of villages as well');
SELECT col_is_null('gis', 'building', 'township_source', 'a code may be written by hand');
SELECT * FROM finish();
ROLLBACK;
