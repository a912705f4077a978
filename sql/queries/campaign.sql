-- The simulated campaign; of real houses there is none.

-- name: houses
-- Houses with a hazard and every sixth other operating one, with the judgement and the case that they have.
SELECT b.building_id, b.fid AS number, b.unit_code, b.departments, b.people, b.hazard_tier AS tier, b.appraisal_grade,
       b.use_class IN ('commercial', 'mixed') AS operating, cardinality(b.alterations) > 0 AS altered, t.judged_on,
       g.judged_on AS appraised_on, c.case_id, c.opened_on, c.deadline, ST_X(m.middle) AS lon, ST_Y(m.middle) AS lat
FROM gis.building AS b
JOIN gis.judgement_in_force AS t ON t.building_id = b.building_id AND t.kind = 'preliminary'
LEFT JOIN gis.judgement_in_force AS g ON g.building_id = b.building_id AND g.kind = 'appraisal'
LEFT JOIN gis.case AS c ON c.building_id = b.building_id AND c.kind = 'structure'
CROSS JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS middle) AS m
WHERE t.judged_on >= '2022-06-01' AND b.unit_code IS NOT NULL AND b.use_class IN ('commercial', 'mixed')
  AND (c.case_id IS NOT NULL OR b.fid % 6 = 0) AND NOT EXISTS (SELECT FROM gis.building WHERE NOT simulated)
ORDER BY b.fid

-- name: done
-- The last day that was replayed.
SELECT max(day) FROM (
    SELECT max(on_day) AS day FROM gis.case_event WHERE account LIKE :prefix
    UNION ALL SELECT max(visited_on) FROM gis.visit WHERE account LIKE :prefix) AS d

-- name: placed_accounts
SELECT a.name, a.role, a.place, v.parent_code AS unit_code FROM gis.account AS a LEFT JOIN gis.admin_area AS v ON v.code = a.place
WHERE a.demo AND a.place IS NOT NULL AND a.disabled_at IS NULL
  AND NOT EXISTS (SELECT FROM gis.duty AS d WHERE d.account = a.name)
ORDER BY a.name

-- name: last_event
SELECT max(event_id) FROM gis.case_event WHERE case_id = :case_id AND kind = :kind

-- name: to_begin
-- Whether there is anything to replay: a simulated county, nothing of the campaign in it.
SELECT EXISTS (SELECT FROM gis.building) AND NOT EXISTS (SELECT FROM gis.building WHERE NOT simulated)
   AND NOT EXISTS (SELECT FROM gis.visit) AND NOT EXISTS (SELECT FROM gis.job WHERE kind = 'replay')
