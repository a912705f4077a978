-- pgTAP for 0008_tile_frame.sql: the frame of a tile over the county, of one over the whole world, of one elsewhere.
BEGIN;
SELECT plan(5);
SELECT is(ST_SRID(drawn), 3857, 'drawn in Web Mercator') FROM gis.tile_frame(14, 13079, 7044, 105, 0, 111, 84);
SELECT is(ST_SRID(sought), (SELECT work_srid FROM gis.deployment), 'sought in the work SRID')
FROM gis.tile_frame(14, 13079, 7044, 105, 0, 111, 84);
SELECT ok(ST_Contains(ST_Transform(sought, 3857), ST_Buffer(drawn, -1)), 'the margin lies outside')
FROM gis.tile_frame(14, 13079, 7044, 105, 0, 111, 84);
SELECT ok(ST_IsValid(sought) AND NOT ST_IsEmpty(sought), 'the whole world is cut to the zone')
FROM gis.tile_frame(0, 0, 0, 105, 0, 111, 84);
SELECT ok(ST_IsEmpty(sought), 'nothing is sought on the other side of the earth')
FROM gis.tile_frame(3, 0, 3, 105, 0, 111, 84);
SELECT * FROM finish();
ROLLBACK;
