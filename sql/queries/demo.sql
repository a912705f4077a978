-- What the ground of a simulated county is made of, in the work SRID.

-- name: outline
-- Of the county; null where there are real houses, or none.
SELECT ST_AsBinary(ST_Union(geom)) FROM gis.admin_area
WHERE level = 'county' AND EXISTS (SELECT FROM gis.building) AND NOT EXISTS (SELECT FROM gis.building WHERE NOT simulated)

-- name: homes
SELECT ST_X(ST_Centroid(geom)) AS x, ST_Y(ST_Centroid(geom)) AS y FROM gis.building ORDER BY building_id

-- name: ways
SELECT ST_AsBinary(geom) AS geom FROM gis.road UNION ALL SELECT ST_AsBinary(geom) FROM gis.water_area
