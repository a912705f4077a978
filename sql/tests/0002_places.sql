-- pgTAP for 0002_places.sql.
BEGIN;
SELECT plan(17);
SELECT tables_are_there.* FROM (
    SELECT has_table('gis', name::name, name || ' is a table')
    FROM unnest(ARRAY['admin_area', 'key_zone', 'road', 'hydrant', 'drawn_area']) AS name
) AS tables_are_there;
SELECT col_is_unique('gis', 'admin_area', 'code', 'a code names one area');
SELECT lives_ok($$INSERT INTO gis.admin_area (code, name, level) VALUES ('450224U01', '泗顶矿区管理处', 'unit')$$,
    'a reporting unit may have no area');
SELECT throws_ok($$INSERT INTO gis.admin_area (code, name, level) VALUES ('1', 'x', 'province')$$, '23514', NULL,
    'a level outside the list is refused');
SELECT throws_ok($$INSERT INTO gis.admin_area (code, name) VALUES ('1', 'x')$$, '23502', NULL, 'an area has a level');
SELECT lives_ok($$INSERT INTO gis.key_zone (zone_id, kind, geom)
    VALUES ('p', 'school', ST_SetSRID(ST_MakePoint(436556, 2712031), 4545))$$, 'a zone may be a point');
SELECT lives_ok($$INSERT INTO gis.key_zone (zone_id, kind, geom)
    VALUES ('a', 'market', ST_Multi(ST_MakeEnvelope(436000, 2712000, 436100, 2712100, 4545)))$$, 'or an area');
SELECT throws_ok($$INSERT INTO gis.key_zone (zone_id, kind, geom)
    VALUES ('l', 'school', ST_SetSRID(ST_MakeLine(ST_MakePoint(0, 0), ST_MakePoint(1, 1)), 4545))$$, '23514', NULL,
    'but no line');
SELECT throws_ok($$INSERT INTO gis.key_zone (zone_id, kind, geom)
    VALUES ('k', 'temple', ST_SetSRID(ST_MakePoint(0, 0), 4545))$$, '23514', NULL, 'of the five kinds only');
SELECT throws_ok($$INSERT INTO gis.road (road_id, width_m, geom)
    VALUES ('r', 0, ST_SetSRID('MULTILINESTRING((0 0, 1 1))'::geometry, 4545))$$, '23514', NULL,
    'a width is positive or unknown');
SELECT throws_ok($$INSERT INTO gis.hydrant (hydrant_id, geom) VALUES ('h', ST_SetSRID(ST_MakePoint(0, 0), 4490))$$,
    '22023', NULL, 'degrees do not enter a column of metres');
SELECT col_default_is('gis', 'hydrant', 'kind', 'hydrant', 'a water point is a hydrant unless it says otherwise');
SELECT throws_ok($$INSERT INTO gis.drawn_area (name, geom)
    VALUES ('', ST_SetSRID('MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))'::geometry, 4545))$$, '23514', NULL,
    'a drawn area has a name');
SELECT * FROM finish();
ROLLBACK;
