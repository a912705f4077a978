-- pgTAP for 0003_buildings.sql: the closed lists hold, unknown is null and never 0, personal data stands apart.
BEGIN;
SELECT plan(18);
CREATE FUNCTION pg_temp.house(columns text, vals text) RETURNS text LANGUAGE sql AS $$
    SELECT format('INSERT INTO gis.building (building_id, geom, %s) VALUES (%L, '
        || 'ST_Multi(ST_MakeEnvelope(0, 0, 10, 10, 4545)), %s)', columns, md5(columns || vals), vals)
$$;
SELECT col_is_unique('gis', 'building', 'building_id', 'an id names one house');
SELECT col_not_null('gis', 'building', 'geom', 'a house has an outline');
SELECT lives_ok(pg_temp.house('floors', '1'), 'one storey');
SELECT lives_ok(pg_temp.house('floors', 'NULL'), 'storeys unknown');
SELECT throws_ok(pg_temp.house('floors', '0'), '23514', NULL, 'no storeys is no number of storeys');
SELECT throws_ok(pg_temp.house('height_m', '-9999'), '23514', NULL, 'a sentinel is no height');
SELECT throws_ok(pg_temp.house('height_m', '0'), '23514', NULL, 'nor is 0');
SELECT throws_ok(pg_temp.house('height_m', $$'NaN'$$), '23514', NULL, 'nor is NaN');
SELECT throws_ok(pg_temp.house('people', '-1'), '23514', NULL, 'people are not negative');
SELECT throws_ok(pg_temp.house('hazard_tier', $$'1'$$), '42501', NULL, 'a tier is no house''s own to bring (0016)');
SELECT throws_ok(pg_temp.house('use_class', $$'shop'$$), '23514', NULL, 'use classes are a closed list');
SELECT throws_ok(pg_temp.house('business_uses', $$'{catering,smuggling}'$$), '23514', NULL, 'so are business uses');
SELECT lives_ok(pg_temp.house('departments', $$'{police,education}'$$), 'a house may have several departments');
SELECT throws_ok(pg_temp.house('alterations', $$'{repaint}'$$), '23514', NULL, 'alterations are a closed list');
SELECT throws_ok(pg_temp.house('structure', $$'mud'$$), '23514', NULL, 'structures are a closed list');
SELECT throws_ok(pg_temp.house('fire_class', $$'V'$$), '23514', NULL, 'there are three fire classes');
SELECT hasnt_column('gis', 'building', 'owner_name', 'personal data stands apart');
SELECT fk_ok('gis', 'building_person', 'building_id', 'gis', 'building', 'building_id');
SELECT * FROM finish();
ROLLBACK;
