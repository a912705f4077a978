-- Vector tiles. gis.tile_frame says where a tile is drawn and where its content is sought; what is found is transformed
-- to EPSG:3857 for drawing only. Houses, which are many, are moved straight into the tile's units (api/tiles.py,
-- onto_tile): no transformation, no clipping, no repair of each; a tile's own edge cuts what reaches over it.

-- name: buildings
WITH shown AS (
    SELECT b.building_id, b.hazard_tier, b.use_class, b.floors,
           ST_SnapToGrid(ST_Affine(ST_ForcePolygonCW(b.geom), %(a)s, %(b)s, %(d)s, %(e)s, %(xoff)s, %(yoff)s), 1) AS geom
    FROM gis.building AS b
    WHERE b.geom && ST_MakeEnvelope(%(left)s, %(bottom)s, %(right)s, %(top)s, %(srid)s) AND b.removed_on IS NULL
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'buildings') FILTER (WHERE NOT ST_IsEmpty(geom)), count(*) FROM shown

-- name: building_cells
-- 32 cells a side; each says how many houses it has and how many of them have a hazard.
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
placed AS (
    SELECT ST_Transform(ST_Centroid(b.geom), 3857) AS middle, b.hazard_tier
    FROM tile JOIN gis.building AS b ON b.geom && tile.sought AND b.removed_on IS NULL
), cells AS (
    SELECT count(*) AS houses,
           count(*) FILTER (WHERE hazard_tier = 'severe') AS severe,
           count(*) FILTER (WHERE hazard_tier = 'some') AS some,
           ST_AsMVTGeom(ST_Centroid(ST_Collect(middle)), tile.drawn, 4096, 0) AS geom
    FROM placed, tile
    -- A house counts in the one tile that holds its middle.
    WHERE ST_X(middle) >= ST_XMin(tile.drawn) AND ST_X(middle) < ST_XMax(tile.drawn)
      AND ST_Y(middle) >= ST_YMin(tile.drawn) AND ST_Y(middle) < ST_YMax(tile.drawn)
    GROUP BY tile.drawn, ST_SnapToGrid(
                           middle, ST_XMin(tile.drawn), ST_YMin(tile.drawn),
                           (ST_XMax(tile.drawn) - ST_XMin(tile.drawn)) / 32,
                           (ST_YMax(tile.drawn) - ST_YMin(tile.drawn)) / 32)
    LIMIT %(limit)s
)
SELECT ST_AsMVT(cells, 'buildings') FILTER (WHERE geom IS NOT NULL), count(*) FROM cells

-- name: selection
WITH shown AS (
    SELECT b.building_id, s.score,
           ST_SnapToGrid(ST_Affine(ST_ForcePolygonCW(b.geom), %(a)s, %(b)s, %(d)s, %(e)s, %(xoff)s, %(yoff)s), 1) AS geom
    FROM gis.building AS b JOIN gis.selection AS s ON s.run_id = %(run)s AND s.building_id = b.building_id
    WHERE b.geom && ST_MakeEnvelope(%(left)s, %(bottom)s, %(right)s, %(top)s, %(srid)s)
    ORDER BY s.score DESC
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'selection') FILTER (WHERE NOT ST_IsEmpty(geom)), count(*) FROM shown

-- name: selection_cells
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
placed AS (
    SELECT ST_Transform(ST_Centroid(b.geom), 3857) AS middle, s.score
    FROM tile
    JOIN gis.building AS b ON b.geom && tile.sought
    JOIN gis.selection AS s ON s.run_id = %(run)s AND s.building_id = b.building_id
), cells AS (
    SELECT count(*) AS houses, max(score) AS score,
           ST_AsMVTGeom(ST_Centroid(ST_Collect(middle)), tile.drawn, 4096, 0) AS geom
    FROM placed, tile
    -- A house counts in the one tile that holds its middle.
    WHERE ST_X(middle) >= ST_XMin(tile.drawn) AND ST_X(middle) < ST_XMax(tile.drawn)
      AND ST_Y(middle) >= ST_YMin(tile.drawn) AND ST_Y(middle) < ST_YMax(tile.drawn)
    GROUP BY tile.drawn, ST_SnapToGrid(
                           middle, ST_XMin(tile.drawn), ST_YMin(tile.drawn),
                           (ST_XMax(tile.drawn) - ST_XMin(tile.drawn)) / 32,
                           (ST_YMax(tile.drawn) - ST_YMin(tile.drawn)) / 32)
    LIMIT %(limit)s
)
SELECT ST_AsMVT(cells, 'selection') FILTER (WHERE geom IS NOT NULL), count(*) FROM cells

-- name: place
-- The template of all layers that show the places of one table as they are (gis_service/db/places.py).
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
shown AS (
    SELECT {columns}, ST_AsMVTGeom(ST_Transform(p.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.{table} AS p ON p.geom && tile.sought
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, '{layer}') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: boundaries
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
shown AS (
    SELECT a.code, a.name, a.level, a.schematic,
           ST_AsMVTGeom(ST_Transform(a.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.admin_area AS a ON a.geom && tile.sought
    WHERE a.level IN ('county', 'township') OR %(z)s >= 12
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'boundaries') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: water
-- From afar without ponds, which are smaller than a pixel; before z14 shapes to a quarter of one, of which nothing is told.
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
shown AS (
    SELECT p.kind, CASE WHEN %(z)s >= 14 THEN p.water_id END AS water_id, CASE WHEN %(z)s >= 14 THEN p.name END AS name,
           ST_AsMVTGeom(
               CASE WHEN %(z)s >= 14 THEN ST_Transform(p.geom, 3857)
                    ELSE ST_Simplify(ST_Transform(p.geom, 3857), (ST_XMax(tile.drawn) - ST_XMin(tile.drawn)) / 1024)
               END, tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.water_area AS p ON p.geom && tile.sought
    WHERE %(z)s >= 12 OR ST_Area(p.geom) > 40000
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'water') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: names
-- A point for the name of each village, in the one tile that holds it.
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
placed AS (
    SELECT a.code, a.name, ST_Transform(ST_PointOnSurface(a.geom), 3857) AS middle
    FROM tile JOIN gis.admin_area AS a ON a.geom && tile.sought
    WHERE a.level = 'village'
), shown AS (
    SELECT code, name, ST_AsMVTGeom(middle, tile.drawn, 4096, 0) AS geom
    FROM placed, tile
    WHERE ST_X(middle) >= ST_XMin(tile.drawn) AND ST_X(middle) < ST_XMax(tile.drawn)
      AND ST_Y(middle) >= ST_YMin(tile.drawn) AND ST_Y(middle) < ST_YMax(tile.drawn)
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'names') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: roads
-- As water.
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
shown AS (
    SELECT CASE WHEN %(z)s >= 14 THEN r.name END AS name, r.class, r.width_m,
           ST_AsMVTGeom(
               CASE WHEN %(z)s >= 14 THEN ST_Transform(r.geom, 3857)
                    ELSE ST_Simplify(ST_Transform(r.geom, 3857), (ST_XMax(tile.drawn) - ST_XMin(tile.drawn)) / 1024)
               END, tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.road AS r ON r.geom && tile.sought
    -- From afar only roads that lead somewhere else.
    WHERE %(z)s >= 13 OR r.width_m >= 6 OR (r.width_m IS NULL AND %(z)s >= 11)
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'roads') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: road_lines
-- From afar all roads of a class as one line each, to a quarter of a pixel: nothing else is told of them there.
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
lines AS (
    SELECT r.class, tile.drawn,
           ST_LineMerge(ST_CollectionHomogenize(ST_Collect(ST_Transform(r.geom, 3857)))) AS geom
    FROM tile JOIN gis.road AS r ON r.geom && tile.sought
    WHERE r.width_m >= 6 OR (r.width_m IS NULL AND %(z)s >= 11)
    GROUP BY r.class, tile.drawn
), shown AS (
    SELECT class, ST_AsMVTGeom(
               ST_Simplify(geom, (ST_XMax(drawn) - ST_XMin(drawn)) / 1024), drawn, 4096, 64) AS geom
    FROM lines
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'roads') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: clusters
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
shown AS (
    SELECT c.cluster_id, c.name, c.buildings, c.score,
           ST_AsMVTGeom(ST_Transform(c.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.cluster AS c ON c.geom && tile.sought
    WHERE c.run_id = %(run)s
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'clusters') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: cluster_dots
-- From afar a dot whose area grows with the houses; every dot in the one tile that holds it. Of its cluster it has the
-- number alone, by which a click asks for the rest.
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
placed AS (
    SELECT c.cluster_id, c.buildings, c.score, ST_Transform(ST_PointOnSurface(c.geom), 3857) AS middle
    FROM tile JOIN gis.cluster AS c ON c.geom && tile.sought
    WHERE c.run_id = %(run)s
), shown AS (
    SELECT cluster_id, round((2 + sqrt(buildings) / 2.5)::numeric, 1)::double precision AS size,
           ST_AsMVTGeom(middle, tile.drawn, 4096, 64) AS geom
    FROM placed, tile
    WHERE ST_X(middle) >= ST_XMin(tile.drawn) AND ST_X(middle) < ST_XMax(tile.drawn)
      AND ST_Y(middle) >= ST_YMin(tile.drawn) AND ST_Y(middle) < ST_YMax(tile.drawn)
    ORDER BY score DESC LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'clusters') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: reach
-- hose is -1 where no hose reaches: a tile's properties have no null.
WITH shown AS (
    SELECT d.building_id, coalesce(round(d.hose_m::numeric, 1), -1)::double precision AS hose, d.depth, d.cluster_id,
           ST_SnapToGrid(ST_Affine(ST_ForcePolygonCW(d.geom), %(a)s, %(b)s, %(d)s, %(e)s, %(xoff)s, %(yoff)s), 1) AS geom
    FROM gis.building_density AS d
    WHERE d.run_id = %(run)s AND d.geom && ST_MakeEnvelope(%(left)s, %(bottom)s, %(right)s, %(top)s, %(srid)s)
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'reach') FILTER (WHERE NOT ST_IsEmpty(geom)), count(*) FROM shown

-- name: alleys
-- A strip of the alley's mean width, so that the map is to scale.
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
shown AS (
    SELECT a.alley_id, a.class, round(a.mean_width_m::numeric, 2)::double precision AS mean_width_m,
           round(a.length_m::numeric, 1)::double precision AS length_m,
           ST_AsMVTGeom(ST_Transform(ST_Buffer(a.geom, greatest(a.mean_width_m, 0.4) / 2, 'endcap=flat quad_segs=2'), 3857),
                        tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.alley AS a ON a.geom && tile.sought
    WHERE a.run_id = %(run)s
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'alleys') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: gaps
-- A house's number is looked up among those that one sees: a neighbour's across a border is left out.
WITH tile AS MATERIALIZED (SELECT * FROM gis.tile_frame(%(z)s, %(x)s, %(y)s, %(west)s, %(south)s, %(east)s, %(north)s)),
shown AS (
    SELECT (SELECT b.building_id FROM gis.building AS b WHERE b.building_id = g.building_a) AS building_a,
           (SELECT b.building_id FROM gis.building AS b WHERE b.building_id = g.building_b) AS building_b, g.class, g.min_width_m, g.mean_width_m, g.length_m,
           ST_AsMVTGeom(ST_Transform(g.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.gap AS g ON g.geom && tile.sought
    WHERE g.run_id = %(run)s
    LIMIT %(limit)s
)
SELECT ST_AsMVT(shown, 'gaps') FILTER (WHERE geom IS NOT NULL), count(*) FROM shown

-- name: mark
-- The whole square, in a tile that could not take all that lies there: the map says so to who looks at it.
SELECT ST_AsMVT(square, CAST(%(name)s AS text))
FROM (SELECT ST_ForcePolygonCW(ST_MakeEnvelope(0, 0, 4096, 4096)) AS geom) AS square
