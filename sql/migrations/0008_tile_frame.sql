-- Where a tile is drawn and where its content is sought: the same for every layer.

SET LOCAL ROLE gis_owner;

-- drawn: the tile in EPSG:3857. sought: the same with a margin, in the work SRID, so that the column's index is used.
-- A wide tile is cut to where the work CRS has coordinates (west, south, east, north in degrees), and its edges get
-- points, for its straight edge is a curve in the work SRID.
CREATE FUNCTION gis.tile_frame(
    z integer, x integer, y integer,
    west double precision, south double precision, east double precision, north double precision,
    OUT drawn geometry, OUT sought geometry)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT ST_TileEnvelope(z, x, y),
           ST_Transform(ST_Segmentize(ST_Intersection(
               ST_TileEnvelope(z, x, y, margin => 0.03125),
               ST_Transform(ST_MakeEnvelope(west, south, east, north, 4326), 3857)), 20000), d.work_srid)
    FROM gis.deployment AS d
$$;
