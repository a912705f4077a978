-- Runs: what they were made from, how they compare, what they count.

-- name: data_version
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM gis.data_version

-- name: latest
-- The newest finished run that speaks for the asker: the county's or the place's own. A planner sees what a township
-- selected, but is not shown it in place of the county's list. A draft is only its author's, and asked for.
SELECT max(run_id) FROM gis.run
WHERE kind = :kind AND finished_at IS NOT NULL AND (NOT draft OR :drafts AND account = gis.asker('account'))
  AND (place IS NULL AND department IS NULL
       OR place IS NOT DISTINCT FROM gis.asker('place') AND department IS NOT DISTINCT FROM gis.asker('department'))

-- name: draft
SELECT draft FROM gis.run WHERE run_id = :run_id

-- name: compare
SELECT building_id, a.score AS score_before, b.score AS score_after,
       CASE WHEN a.building_id IS NULL THEN 'new' WHEN b.building_id IS NULL THEN 'gone' ELSE 'changed' END AS change
FROM (SELECT * FROM gis.selection WHERE run_id = :before) AS a
FULL JOIN (SELECT * FROM gis.selection WHERE run_id = :after) AS b USING (building_id)
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

-- name: by_township
SELECT coalesce(a.name, b.unit_code, '—'), count(*)
FROM gis.selection AS s
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS a ON a.code = b.unit_code
WHERE s.run_id = :run_id
GROUP BY 1 ORDER BY 2 DESC, 1

-- name: list
-- The newest runs of a kind, or of both; of drafts all, or the asker's.
SELECT r.run_id, r.kind, r.draft, r.started_at, r.finished_at, r.data_version, r.code_version,
       (SELECT count(*) FROM gis.selection AS s WHERE s.run_id = r.run_id) AS selected
FROM gis.run AS r
WHERE (CAST(:kind AS text) IS NULL OR r.kind = :kind)
  AND (NOT r.draft OR :all_drafts OR r.account = gis.asker('account'))
ORDER BY r.run_id DESC LIMIT :limit

-- name: selected
-- The list of a run with what a planner needs of each house; no personal data.
SELECT h.*, s.score, s.reasons, d.cluster_id, d.cluster, d.hose_m, d.unreached, d.depth, d.nearest_gap_m
FROM gis.selection AS s
JOIN gis.house_card AS h USING (building_id)
LEFT JOIN gis.reach_card AS d ON d.run_id = :density_run AND d.building_id = h.building_id
WHERE s.run_id = :run_id AND h.removed_on IS NULL
ORDER BY s.score DESC, h.building_id
LIMIT :limit

-- name: page
SELECT s.building_id, h.name, h.township, h.village, s.score, s.reasons, ST_X(m.middle) AS lon, ST_Y(m.middle) AS lat
FROM gis.selection AS s
JOIN gis.house_card AS h USING (building_id)
JOIN gis.building AS b USING (building_id)
CROSS JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS middle) AS m
WHERE s.run_id = :run_id
ORDER BY s.score DESC, s.building_id
LIMIT :limit OFFSET :offset

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
