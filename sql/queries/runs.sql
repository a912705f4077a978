-- Runs: what they were made from, how they compare, what they count.

-- name: data_version
SELECT gis.version_of_data()

-- name: moment
-- What a page or a tile hangs on: the version of the data, of areas and of records, the published list, the newest
-- analysis, and the newest of the lists that the asker sees.
SELECT gis.version_of_data() AS whole, gis.version_of_data('data') AS data, gis.version_of_data('record') AS records,
       (SELECT run_id FROM gis.run WHERE published_at IS NOT NULL) AS selection,
       (SELECT max(run_id) FROM gis.run WHERE kind = 'density' AND finished_at IS NOT NULL) AS density,
       (SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND finished_at IS NOT NULL) AS lists

-- name: move_past
-- Past a version that was seen, and past the present one; whoever listens is told.
INSERT INTO gis.data_step (steps)
SELECT %(version)s + 1 FROM (SELECT pg_notify('gis_data', '')) AS told

-- name: latest_selection
-- The county's list; none where nothing is published.
SELECT run_id FROM gis.run WHERE published_at IS NOT NULL

-- name: latest_density
SELECT max(run_id) FROM gis.run WHERE kind = 'density' AND finished_at IS NOT NULL

-- name: about
-- One list: what is said of it besides its houses.
SELECT run_id, name, parameters, account, started_at, data_version, published_at, published_by, withdrawn_at
FROM gis.run WHERE run_id = :run_id AND kind = 'selection'

-- name: places
SELECT code, name FROM gis.admin_area WHERE code = ANY (:codes)

-- name: places_of_level
SELECT a.code, a.name, p.name AS of FROM gis.admin_area AS a LEFT JOIN gis.admin_area AS p ON p.code = a.parent_code
WHERE a.level = :level OR a.level = 'unit' AND :level = 'township' ORDER BY a.code LIMIT 2000

-- name: of_county
SELECT finished_at IS NOT NULL AND place IS NULL AND department IS NULL FROM gis.run WHERE run_id = :run_id

-- name: ever_published
SELECT coalesce(bool_or(published_at IS NOT NULL OR withdrawn_at IS NOT NULL), false) FROM gis.run

-- name: publish
SELECT gis.publish(:run_id)

-- name: compare
SELECT building_id, h.name, h.township, h.village, a.score AS score_before, b.score AS score_after,
       a.reasons AS reasons_before, b.reasons AS reasons_after, ST_X(m.middle) AS lon, ST_Y(m.middle) AS lat,
       CASE WHEN a.building_id IS NULL THEN 'new' WHEN b.building_id IS NULL THEN 'gone' ELSE 'changed' END AS change
FROM (SELECT * FROM gis.selection WHERE run_id = :before) AS a
FULL JOIN (SELECT * FROM gis.selection WHERE run_id = :after) AS b USING (building_id)
LEFT JOIN gis.house_card AS h USING (building_id)
LEFT JOIN gis.building AS g USING (building_id)
LEFT JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(g.geom), 4326) AS middle) AS m ON true
WHERE (a.score, a.reasons) IS DISTINCT FROM (b.score, b.reasons)
ORDER BY coalesce(b.score, a.score) DESC, building_id

-- name: total
SELECT count(*) FROM gis.selection WHERE run_id = :run_id

-- name: by_rule
SELECT r.reason ->> 'rule', count(DISTINCT s.building_id)
FROM gis.selection AS s, jsonb_array_elements(s.reasons) AS r (reason)
WHERE s.run_id = :run_id
GROUP BY 1 ORDER BY 2 DESC, 1

-- name: by_zone_kind
SELECT r.reason ->> 'kind', count(DISTINCT s.building_id)
FROM gis.selection AS s, jsonb_array_elements(s.reasons) AS r (reason)
WHERE s.run_id = :run_id AND r.reason ->> 'rule' = 'key_zone'
GROUP BY 1 ORDER BY 2 DESC, 1

-- name: by_unit
-- Listed houses of each reporting unit; those of no unit under null.
SELECT b.unit_code AS code, count(*) AS listed
FROM gis.selection AS s
JOIN gis.building AS b USING (building_id)
WHERE s.run_id = :run_id AND b.removed_on IS NULL
GROUP BY 1

-- name: by_township
SELECT coalesce(a.name, b.unit_code, '—'), count(*)
FROM gis.selection AS s
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS a ON a.code = b.unit_code
WHERE s.run_id = :run_id
GROUP BY 1 ORDER BY 2 DESC, 1

-- name: list
-- The newest runs of a kind, or of both, that the asker may see; the published list first.
SELECT r.run_id, r.kind, r.name, r.parameters, r.account, r.started_at, r.finished_at, r.data_version, r.code_version,
       r.published_at, r.published_by, r.withdrawn_at,
       (SELECT count(*) FROM gis.selection AS s WHERE s.run_id = r.run_id) AS selected
FROM gis.run AS r
WHERE CAST(:kind AS text) IS NULL OR r.kind = :kind
ORDER BY r.published_at IS NULL, r.run_id DESC LIMIT :limit

-- name: narrowed
-- The houses of a list that are still there, and of them those that ``lists.Narrowed`` leaves.
SELECT s.building_id, s.score, s.reasons
FROM gis.selection AS s
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
WHERE s.run_id = :run_id AND b.removed_on IS NULL
  AND (NOT CAST(:operating AS boolean) OR b.use_class IN ('commercial', 'mixed'))
  AND (CAST(:township AS text) IS NULL OR b.unit_code = :township)
  AND (CAST(:village AS text) IS NULL OR b.village_code = :village)
  AND (CAST(:tier AS text) IS NULL OR b.hazard_tier = :tier)
  AND (CAST(:min_score AS float) IS NULL OR s.score >= :min_score)
  AND (CAST(:pattern AS text) IS NULL OR b.name ILIKE :pattern OR b.building_id ILIKE :pattern
       OR b.address ILIKE :pattern OR v.name ILIKE :pattern)

-- name: shown
SELECT count(*) FROM ({{narrowed}}) AS s

-- name: selected
-- The list of a run with what a planner needs of each house; no personal data.
SELECT h.*, s.score, s.reasons, d.cluster_id, d.cluster, d.hose_m, d.unreached, d.depth, d.nearest_gap_m
FROM ({{narrowed}}) AS s
JOIN gis.house_card AS h USING (building_id)
LEFT JOIN gis.reach_card AS d ON d.run_id = :density_run AND d.building_id = h.building_id
ORDER BY s.score DESC, h.building_id
LIMIT :limit

-- name: page
-- One page of it; cards and places are looked up for the page alone.
SELECT s.building_id, h.name, h.township, h.village, h.hazard_tier, s.score, s.reasons,
       ST_X(m.middle) AS lon, ST_Y(m.middle) AS lat
FROM (SELECT * FROM ({{narrowed}}) AS n ORDER BY n.score DESC, n.building_id LIMIT :limit OFFSET :offset) AS s
JOIN gis.house_card AS h USING (building_id)
JOIN gis.building AS b USING (building_id)
CROSS JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS middle) AS m
ORDER BY s.score DESC, s.building_id

-- name: one_selected
SELECT h.*, s.score, s.reasons, d.cluster_id, d.cluster, d.hose_m, d.unreached, d.depth, d.nearest_gap_m,
       ST_X(m.middle) AS lon, ST_Y(m.middle) AS lat
FROM gis.selection AS s
JOIN gis.house_card AS h USING (building_id)
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.reach_card AS d ON d.run_id = :density_run AND d.building_id = h.building_id
CROSS JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS middle) AS m
WHERE s.run_id = :run_id AND s.building_id = :building_id

-- name: search
-- Townships and villages first, then zones, then houses; each with its middle in degrees.
SELECT * FROM (
    (SELECT 'admin_area' AS what, name AS label, code AS key, ST_X(m) AS lon, ST_Y(m) AS lat
     FROM (SELECT name, code, ST_Transform(ST_PointOnSurface(geom), 4326) AS m FROM gis.admin_area
           WHERE geom IS NOT NULL AND (name ILIKE :pattern OR code = :exact) ORDER BY length(code) LIMIT :limit) AS a)
    UNION ALL
    (SELECT 'key_zone', name, zone_id, ST_X(m), ST_Y(m)
     FROM (SELECT name, zone_id, ST_Transform(ST_PointOnSurface(geom), 4326) AS m FROM gis.key_zone
           WHERE name ILIKE :pattern OR zone_id = :exact ORDER BY name LIMIT :limit) AS z)
    UNION ALL
    (SELECT 'building', coalesce(name, building_id), building_id, ST_X(m), ST_Y(m)
     FROM (SELECT name, building_id, ST_Transform(ST_PointOnSurface(geom), 4326) AS m FROM gis.building
           WHERE name ILIKE :pattern OR building_id = :exact ORDER BY building_id LIMIT :limit) AS b)
) AS found LIMIT :limit
