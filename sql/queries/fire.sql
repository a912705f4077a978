-- What the fire brigade's map draws of a density run; geometry as WKB in the work SRID.

-- name: run
-- The facts of one run. Which is the newest that speaks for the asker is runs.latest's answer alone; analysis.newest
-- asks another question, for the owner: which finished last, and can it be brought up to date.
SELECT run_id, parameters, started_at, data_version, code_version FROM gis.run
WHERE kind = 'density' AND finished_at IS NOT NULL AND run_id = :run_id

-- name: clusters
SELECT c.* FROM gis.cluster_card AS c WHERE c.run_id = :run_id ORDER BY c.rank

-- name: totals
SELECT count(*) AS clusters, coalesce(sum(buildings), 0) AS houses, coalesce(sum(handshake_m), 0) AS handshake_m,
       coalesce(sum(sky_line_m), 0) AS sky_line_m, coalesce(sum(unreached), 0) AS unreached
FROM gis.cluster WHERE run_id = :run_id

-- name: houses
SELECT d.building_id, d.cluster_id, d.burn_cluster_id, d.hose_m, d.unreached, d.depth, d.nearest_gap_m, h.name, h.floors,
       h.height_m, h.structure, h.use_class, h.hazard_tier, h.geom
FROM gis.building_density AS d JOIN gis.house_card AS h USING (building_id)
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
-- A house that the asker may not see has no number here.
SELECT f.burn_cluster_id, f.wall_m, f.widen_to_m, p.buildings, p.parts, p.largest_after,
       p.saved_mean, p.wall_m AS total_m, a.building_id AS building_a, b.building_id AS building_b, ST_AsBinary(f.geom) AS geom
FROM gis.firebreak AS f
JOIN gis.burn_cluster AS p USING (run_id, burn_cluster_id)
LEFT JOIN gis.building AS a ON a.building_id = f.building_a
LEFT JOIN gis.building AS b ON b.building_id = f.building_b
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

-- name: cluster
SELECT c.* FROM gis.cluster_card AS c
WHERE c.run_id = :run_id AND c.cluster_id = :cluster_id

-- name: sought
-- Clusters with what is recorded of them, of one township, kind, part of a name, or last walked before a day.
SELECT * FROM gis.cluster_card LEFT JOIN gis.cluster_record USING (run_id, cluster_id)
WHERE run_id = :run_id
  AND (:walked_before ::date IS NULL OR last_patrol IS NULL OR last_patrol < :walked_before ::date)
  AND (:township ::text IS NULL OR township_codes @> ARRAY[:township ::text])
  AND (:pattern ::text IS NULL OR name ILIKE :pattern ::text)
  AND CASE :kind ::text WHEN 'handshake' THEN handshake_m > 0 WHEN 'sky_line' THEN sky_line_m > 0
                        WHEN 'unreached' THEN unreached > 0 ELSE true END

-- name: ranked
SELECT c.*, ST_XMin(box) AS west, ST_YMin(box) AS south, ST_XMax(box) AS east, ST_YMax(box) AS north
FROM (SELECT * FROM ({{sought}}) AS s ORDER BY rank LIMIT :limit OFFSET :offset) AS c
JOIN gis.cluster AS o USING (run_id, cluster_id)
CROSS JOIN LATERAL (SELECT ST_Envelope(ST_Transform(o.geom, 4326)) AS box) AS placed
ORDER BY c.rank

-- name: ranked_count
SELECT count(*) FROM ({{sought}}) AS s

-- name: extent
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box), houses FROM (
    SELECT ST_Extent(ST_Transform(geom, 4326)) AS box, count(*) AS houses FROM gis.cluster WHERE run_id = :run_id
) AS known

-- name: townships
-- Townships that have a cluster, with how many.
SELECT t.code, coalesce(a.name, t.code) AS name, count(*) AS clusters
FROM gis.cluster AS c CROSS JOIN unnest(c.township_codes) AS t (code)
LEFT JOIN gis.admin_area AS a ON a.code = t.code
WHERE c.run_id = :run_id GROUP BY t.code, a.name ORDER BY t.code

-- name: near
-- All houses that a way through a cluster may have to go round.
SELECT ST_AsBinary(b.geom) AS geom
FROM gis.cluster AS c JOIN gis.building AS b ON b.geom && ST_Expand(c.geom, :metres)
WHERE c.run_id = :run_id AND c.cluster_id = :cluster_id ORDER BY b.building_id

-- name: outlines
SELECT ST_AsBinary(geom) AS geom FROM gis.building_density
WHERE run_id = :run_id AND cluster_id = :cluster_id ORDER BY building_id

-- name: gaps
-- Gaps of a cluster that have a width, for the width slider.
-- A house that the asker may not see has no number here. The cluster's houses are looked up as a hash: an EXISTS over both
-- houses of a gap is a nested loop over all gaps, which takes thirty times as long.
WITH member AS MATERIALIZED (
    SELECT building_id FROM gis.building_density WHERE run_id = :run_id AND cluster_id = :cluster_id)
SELECT a.building_id AS building_a, b.building_id AS building_b, g.class, g.min_width_m, g.mean_width_m, g.length_m,
       ST_AsBinary(g.geom) AS geom
FROM gis.gap AS g
LEFT JOIN gis.building AS a ON a.building_id = g.building_a
LEFT JOIN gis.building AS b ON b.building_id = g.building_b
WHERE g.run_id = :run_id AND g.mean_width_m IS NOT NULL
  AND (g.building_a IN (SELECT building_id FROM member) OR g.building_b IN (SELECT building_id FROM member))
ORDER BY g.mean_width_m, g.fid

-- name: widths
-- Widths by tenths of a metre, each rounded up: a gap is at most as wide as its step says. As for the classes, half a
-- grain more (density.alleys.gaps.CLASS_GRAIN_M) is still as wide.
SELECT class, ceil(round(((mean_width_m - :half_m) * 10)::numeric, 4))::int AS step, count(*) AS gaps,
       round(sum(length_m)::numeric, 1)::double precision AS metres
FROM gis.gap WHERE run_id = :run_id AND mean_width_m IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2

-- name: house_widths
-- Houses by the narrowest of the gaps along them.
SELECT ceil(round(((least - :half_m) * 10)::numeric, 4))::int AS step, count(*) AS houses FROM (
    SELECT min(g.mean_width_m) AS least
    FROM gis.gap AS g CROSS JOIN LATERAL (VALUES (g.building_a), (g.building_b)) AS side (building_id)
    WHERE g.run_id = :run_id AND g.mean_width_m IS NOT NULL
    GROUP BY side.building_id) AS narrowest
GROUP BY 1 ORDER BY 1

-- name: burn
SELECT p.burn_cluster_id, p.buildings, p.parts, p.wall_m, p.largest_after, p.saved_mean
FROM gis.burn_cluster AS p
WHERE p.run_id = :run_id AND p.burn_cluster_id IN (
    SELECT burn_cluster_id FROM gis.building_density WHERE run_id = :run_id AND cluster_id = :cluster_id)
ORDER BY p.buildings DESC, p.burn_cluster_id

-- name: borders
-- Township borders that cross the neighbourhood of a cluster.
SELECT a.name, ST_AsBinary(ST_Intersection(ST_Boundary(a.geom), ST_Envelope(ST_Expand(c.geom, 150)))) AS geom
FROM gis.cluster AS c JOIN gis.admin_area AS a ON a.geom && ST_Expand(c.geom, 150)
WHERE c.run_id = :run_id AND c.cluster_id = :cluster_id AND a.level = 'township' AND NOT a.schematic
  AND ST_Intersects(ST_Boundary(a.geom), ST_Envelope(ST_Expand(c.geom, 150)))
ORDER BY a.code

-- name: roads_near
SELECT r.name, r.class, r.width_m, ST_AsBinary(r.geom) AS geom
FROM gis.cluster AS c JOIN gis.road AS r ON r.geom && ST_Expand(c.geom, 150)
WHERE c.run_id = :run_id AND c.cluster_id = :cluster_id ORDER BY r.road_id

-- name: places
-- Names of a cluster's townships and villages.
SELECT a.name, a.level FROM gis.admin_area AS a
WHERE a.code = ANY (:codes) ORDER BY a.level, a.code
