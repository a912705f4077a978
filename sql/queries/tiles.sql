-- Vector tiles. The tile's envelope is transformed to the work SRID, never the column, so the index is used;
-- what is found is transformed to EPSG:3857 for drawing only. A tile below zoom 7 is larger than the work CRS is valid:
-- its envelope cannot be transformed, and everything may lie in it.

-- name: buildings
WITH tile AS MATERIALIZED (
    SELECT ST_TileEnvelope(:z, :x, :y) AS drawn,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.03125), Find_SRID('gis', 'building', 'geom')) AS sought
), shown AS (
    SELECT b.building_id, b.hazard_tier, b.use_class, b.floors,
           ST_AsMVTGeom(ST_Transform(b.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.building AS b ON (:z < 7 OR b.geom && tile.sought)
    LIMIT :limit
)
SELECT ST_AsMVT(shown, 'buildings') FROM shown WHERE geom IS NOT NULL

-- name: building_cells
-- 32 cells a side; each says how many houses it has and how many of them have a hazard.
WITH tile AS MATERIALIZED (
    SELECT ST_TileEnvelope(:z, :x, :y) AS drawn,
           ST_Transform(ST_TileEnvelope(:z, :x, :y), Find_SRID('gis', 'building', 'geom')) AS sought
), placed AS (
    SELECT ST_Transform(ST_Centroid(b.geom), 3857) AS middle, b.hazard_tier
    FROM tile JOIN gis.building AS b ON (:z < 7 OR b.geom && tile.sought)
), cells AS (
    SELECT count(*) AS houses,
           count(*) FILTER (WHERE hazard_tier = 'severe') AS severe,
           count(*) FILTER (WHERE hazard_tier = 'some') AS some,
           ST_AsMVTGeom(ST_Centroid(ST_Collect(middle)), tile.drawn, 4096, 0) AS geom
    FROM placed, tile
    -- A house counts in the one tile that holds its middle.
    WHERE placed.middle && tile.drawn
    GROUP BY tile.drawn, ST_SnapToGrid(
                           middle, ST_XMin(tile.drawn), ST_YMin(tile.drawn),
                           (ST_XMax(tile.drawn) - ST_XMin(tile.drawn)) / 32,
                           (ST_YMax(tile.drawn) - ST_YMin(tile.drawn)) / 32)
    LIMIT :limit
)
SELECT ST_AsMVT(cells, 'buildings') FROM cells WHERE geom IS NOT NULL

-- name: selection
WITH tile AS MATERIALIZED (
    SELECT ST_TileEnvelope(:z, :x, :y) AS drawn,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.03125), Find_SRID('gis', 'building', 'geom')) AS sought
), shown AS (
    SELECT b.building_id, s.score,
           ST_AsMVTGeom(ST_Transform(b.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile
    JOIN gis.building AS b ON (:z < 7 OR b.geom && tile.sought)
    JOIN gis.selection AS s ON s.run_id = :run AND s.building_id = b.building_id
    ORDER BY s.score DESC
    LIMIT :limit
)
SELECT ST_AsMVT(shown, 'selection') FROM shown WHERE geom IS NOT NULL

-- name: selection_cells
WITH tile AS MATERIALIZED (
    SELECT ST_TileEnvelope(:z, :x, :y) AS drawn,
           ST_Transform(ST_TileEnvelope(:z, :x, :y), Find_SRID('gis', 'building', 'geom')) AS sought
), placed AS (
    SELECT ST_Transform(ST_Centroid(b.geom), 3857) AS middle, s.score
    FROM tile
    JOIN gis.building AS b ON (:z < 7 OR b.geom && tile.sought)
    JOIN gis.selection AS s ON s.run_id = :run AND s.building_id = b.building_id
), cells AS (
    SELECT count(*) AS houses, max(score) AS score,
           ST_AsMVTGeom(ST_Centroid(ST_Collect(middle)), tile.drawn, 4096, 0) AS geom
    FROM placed, tile
    -- A house counts in the one tile that holds its middle.
    WHERE placed.middle && tile.drawn
    GROUP BY tile.drawn, ST_SnapToGrid(
                           middle, ST_XMin(tile.drawn), ST_YMin(tile.drawn),
                           (ST_XMax(tile.drawn) - ST_XMin(tile.drawn)) / 32,
                           (ST_YMax(tile.drawn) - ST_YMin(tile.drawn)) / 32)
    LIMIT :limit
)
SELECT ST_AsMVT(cells, 'selection') FROM cells WHERE geom IS NOT NULL

-- name: zones
WITH tile AS MATERIALIZED (
    SELECT ST_TileEnvelope(:z, :x, :y) AS drawn,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.03125), Find_SRID('gis', 'key_zone', 'geom')) AS sought
), shown AS (
    SELECT z.zone_id, z.kind, z.name, ST_AsMVTGeom(ST_Transform(z.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.key_zone AS z ON (:z < 7 OR z.geom && tile.sought)
    LIMIT :limit
)
SELECT ST_AsMVT(shown, 'zones') FROM shown WHERE geom IS NOT NULL

-- name: boundaries
WITH tile AS MATERIALIZED (
    SELECT ST_TileEnvelope(:z, :x, :y) AS drawn,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.03125), Find_SRID('gis', 'admin_area', 'geom')) AS sought
), shown AS (
    SELECT a.code, a.name, a.level, a.schematic,
           ST_AsMVTGeom(ST_Transform(a.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.admin_area AS a ON (:z < 7 OR a.geom && tile.sought)
    WHERE a.level IN ('county', 'township') OR :z >= 12
    LIMIT :limit
)
SELECT ST_AsMVT(shown, 'boundaries') FROM shown WHERE geom IS NOT NULL

-- name: roads
WITH tile AS MATERIALIZED (
    SELECT ST_TileEnvelope(:z, :x, :y) AS drawn,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.03125), Find_SRID('gis', 'road', 'geom')) AS sought
), shown AS (
    SELECT r.name, r.class, r.width_m, ST_AsMVTGeom(ST_Transform(r.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.road AS r ON (:z < 7 OR r.geom && tile.sought)
    LIMIT :limit
)
SELECT ST_AsMVT(shown, 'roads') FROM shown WHERE geom IS NOT NULL

-- name: hydrants
WITH tile AS MATERIALIZED (
    SELECT ST_TileEnvelope(:z, :x, :y) AS drawn,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.03125), Find_SRID('gis', 'hydrant', 'geom')) AS sought
), shown AS (
    SELECT h.hydrant_id, h.kind, h.name, ST_AsMVTGeom(ST_Transform(h.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.hydrant AS h ON (:z < 7 OR h.geom && tile.sought)
    LIMIT :limit
)
SELECT ST_AsMVT(shown, 'hydrants') FROM shown WHERE geom IS NOT NULL

-- name: areas
WITH tile AS MATERIALIZED (
    SELECT ST_TileEnvelope(:z, :x, :y) AS drawn,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.03125), Find_SRID('gis', 'drawn_area', 'geom')) AS sought
), shown AS (
    SELECT d.area_id, d.name, d.version, ST_AsMVTGeom(ST_Transform(d.geom, 3857), tile.drawn, 4096, 64) AS geom
    FROM tile JOIN gis.drawn_area AS d ON (:z < 7 OR d.geom && tile.sought)
    LIMIT :limit
)
SELECT ST_AsMVT(shown, 'areas') FROM shown WHERE geom IS NOT NULL
