-- What the fire brigade's map draws of a density run; geometry as WKB in the work SRID.

-- name: run
SELECT run_id, parameters, started_at, data_version FROM gis.run
WHERE kind = 'density' AND finished_at IS NOT NULL AND run_id = coalesce(
    :run_id, (SELECT max(run_id) FROM gis.run WHERE kind = 'density' AND finished_at IS NOT NULL))

-- name: clusters
SELECT cluster_id, name, township_codes, village_codes, buildings, footprint_m2, coverage, alley_m, sky_line_m,
       handshake_m, narrowest_m, max_hose_m, unreached, max_depth, burn_largest, score, score_parts, hydrant_share,
       two_hydrants_share, nearest_hydrant_m, farthest_hydrant_m, access_basis, ST_AsBinary(geom) AS geom
FROM gis.cluster WHERE run_id = :run_id ORDER BY score DESC, cluster_id

-- name: totals
SELECT count(*) AS clusters, coalesce(sum(buildings), 0) AS houses, coalesce(sum(handshake_m), 0) AS handshake_m,
       coalesce(sum(sky_line_m), 0) AS sky_line_m, coalesce(sum(unreached), 0) AS unreached
FROM gis.cluster WHERE run_id = :run_id

-- name: houses
SELECT d.building_id, d.cluster_id, d.hose_m, d.unreached, d.depth, d.nearest_gap_m, b.name, b.floors, b.height_m,
       b.structure, b.use_class, b.hazard_tier, ST_AsBinary(b.geom) AS geom
FROM gis.building_density AS d JOIN gis.building AS b USING (building_id)
WHERE d.run_id = :run_id AND d.cluster_id = ANY (:clusters)
ORDER BY d.cluster_id, d.building_id

-- name: around
-- Houses near a cluster that are not in it: the map needs them to be read. The view is made first, for a condition
-- that computes it of each house would not reach the spatial index past row-level security.
SELECT b.building_id, d.hose_m, d.unreached, ST_AsBinary(b.geom) AS geom
FROM (SELECT ST_Expand(c.geom, 120) AS view FROM gis.cluster AS c
      WHERE c.run_id = :run_id AND c.cluster_id = :cluster_id OFFSET 0) AS near
JOIN gis.building AS b ON b.geom && near.view
LEFT JOIN gis.building_density AS d ON d.run_id = :run_id AND d.building_id = b.building_id
WHERE d.cluster_id IS DISTINCT FROM :cluster_id
LIMIT :limit

-- name: alleys
SELECT alley_id, cluster_id, class, length_m, min_width_m, mean_width_m, sky_view, buildings, dead_end,
       ST_AsBinary(geom) AS geom
FROM gis.alley WHERE run_id = :run_id AND cluster_id = ANY (:clusters) ORDER BY alley_id

-- name: engine_space
SELECT cluster_id, ST_AsBinary(geom) AS geom FROM gis.engine_space
WHERE run_id = :run_id AND cluster_id = ANY (:clusters)

-- name: firebreaks
-- A burn cluster may reach beyond one dense cluster: the house that stands first, or the other, is in one that is drawn.
SELECT f.burn_cluster_id, f.wall_m, f.widen_to_m, p.buildings, p.parts, p.largest_after,
       p.wall_m AS total_m, ST_AsBinary(f.geom) AS geom
FROM gis.firebreak AS f
JOIN gis.burn_cluster AS p USING (run_id, burn_cluster_id)
WHERE f.run_id = :run_id AND EXISTS (
    SELECT FROM gis.building_density AS d
    WHERE d.run_id = f.run_id AND d.building_id IN (f.building_a, f.building_b) AND d.cluster_id = ANY (:clusters))

-- name: water
SELECT h.kind, h.name, h.hydrant_id, ST_AsBinary(h.geom) AS geom
FROM gis.hydrant AS h
WHERE EXISTS (SELECT FROM gis.cluster AS c WHERE c.run_id = :run_id AND c.cluster_id = ANY (:clusters)
              AND h.geom && ST_Expand(c.geom, 200))
LIMIT :limit

-- name: simulated
SELECT coalesce(bool_or(simulated), false) FROM gis.building

-- name: rest
-- Houses of no drawn cluster, where the whole data set is small enough to be drawn.
SELECT b.building_id, ST_AsBinary(b.geom) AS geom
FROM gis.building AS b LEFT JOIN gis.building_density AS d ON d.run_id = :run_id AND d.building_id = b.building_id
WHERE (SELECT count(*) FROM gis.building) <= :limit AND (d.cluster_id IS NULL OR d.cluster_id <> ALL (:clusters))
