-- What maps draw; geometry as WKB in the work SRID.

-- name: boundaries
-- Simplified to a few metres: a map of the county shows no more.
SELECT code, name, level, schematic, source, ST_AsBinary(ST_SimplifyPreserveTopology(geom, 15)) AS geom
FROM gis.admin_area WHERE level IN ('county', 'township', 'unit') AND geom IS NOT NULL ORDER BY level, code

-- name: zones
SELECT zone_id, kind, name, simulated, ST_AsBinary(geom) AS geom FROM gis.key_zone ORDER BY zone_id LIMIT :limit

-- name: roads
SELECT name, class, ST_AsBinary(ST_SimplifyPreserveTopology(geom, 3)) AS geom
FROM gis.road ORDER BY coalesce(width_m, 0) DESC, road_id LIMIT :limit

-- name: water_areas
-- The largest first.
SELECT name, kind, ST_AsBinary(ST_SimplifyPreserveTopology(geom, 3)) AS geom
FROM gis.water_area ORDER BY ST_Area(geom) DESC, water_id LIMIT :limit

-- name: has_water
SELECT EXISTS (SELECT FROM gis.water_area)

-- name: extent
-- West, south, east, north in degrees of the county, else of the houses.
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM (
    SELECT coalesce(
        (SELECT ST_Extent(ST_Transform(geom, 4326)) FROM gis.admin_area WHERE level IN ('county', 'township')),
        (SELECT ST_Extent(ST_Transform(geom, 4326)) FROM gis.building)
    ) AS box) AS known
WHERE box IS NOT NULL

-- name: data_extent
-- West, south, east, north in degrees of all that tiles show to the asker, and a little more; nulls where there is nothing.
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
FROM (SELECT ST_Transform(ST_Segmentize(ST_Expand(ST_SetSRID(ST_Extent(geom), ST_SRID(min(geom))), 500), 20000), 4326) AS box
      FROM (SELECT geom FROM gis.building UNION ALL SELECT geom FROM gis.admin_area UNION ALL SELECT geom FROM gis.road
            UNION ALL SELECT geom FROM gis.water_area UNION ALL SELECT geom FROM gis.key_zone
            UNION ALL SELECT geom FROM gis.hydrant) AS known) AS whole

-- name: headline
SELECT count(*) AS houses,
       count(*) FILTER (WHERE use_class IN ('commercial', 'mixed')) AS operating,
       count(*) FILTER (WHERE use_class IN ('commercial', 'mixed') AND hazard_tier = 'severe') AS operating_severe,
       count(*) FILTER (WHERE use_class IN ('commercial', 'mixed') AND hazard_tier = 'some') AS operating_some,
       coalesce(bool_or(simulated), false) AS simulated
FROM gis.building WHERE removed_on IS NULL

-- name: county
SELECT name, schematic, source FROM gis.admin_area WHERE level = 'county' ORDER BY code LIMIT 1

-- name: run
SELECT run_id, name, parameters, account, started_at, data_version, published_at FROM gis.run WHERE run_id = :run_id AND kind = 'selection'

-- name: nearest_road
SELECT name, ST_AsBinary(geom) FROM gis.road
WHERE geom && ST_Expand(ST_SetSRID(ST_MakePoint(:x, :y), :srid), :reach_m)
  AND ST_DWithin(geom, ST_SetSRID(ST_MakePoint(:x, :y), :srid), :reach_m)
ORDER BY ST_Distance(geom, ST_SetSRID(ST_MakePoint(:x, :y), :srid)), road_id LIMIT 1

-- name: zone
SELECT name, ST_AsBinary(geom) FROM gis.key_zone WHERE zone_id = :zone_id

-- name: in_county
-- Whether a shape touches the county; true where no county's outline is known.
SELECT coalesce(bool_or(ST_Intersects(geom, ST_GeomFromEWKB(:shape))), true)
FROM gis.admin_area WHERE level = 'county' AND geom IS NOT NULL
