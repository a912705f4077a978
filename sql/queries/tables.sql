-- Tables of the county by reporting unit; whoever asks counts only what they may see. A house without a unit has a row with
-- none. What was surveyed is as the record has it today; judgements, cases and visits are as of the end of :day.

-- name: standing
SELECT * FROM gis.building
WHERE (removed_on IS NULL OR removed_on > :day) AND (NOT CAST(:operating AS boolean) OR use_class IN ('commercial', 'mixed'))

-- name: units
-- Reporting units of the asker: a township has its own.
SELECT code, coalesce(name, code) AS name FROM gis.admin_area
WHERE level IN ('township', 'unit') AND (gis.asker('place') IS NULL OR code = gis.asker('place')) ORDER BY code COLLATE "C"

-- name: codes
SELECT code, zh, en FROM gis.code WHERE list = :list ORDER BY position, code

-- name: surveyed
-- Each unit's houses by one of the columns with a single value, all of them in one walk.
SELECT b.unit_code AS unit, count(*) AS houses, b.use_class, b.structure, least(b.floors, 7) AS floors,
       CASE WHEN b.built_year <= 1980 THEN 1980 WHEN b.built_year <= 1990 THEN 1990 WHEN b.built_year <= 2000 THEN 2000
            WHEN b.built_year <= 2010 THEN 2010 WHEN b.built_year <= 2015 THEN 2015 WHEN b.built_year > 2015 THEN 2016 END AS built
FROM ({{standing}}) AS b
GROUP BY 1, 3, 4, 5, 6

-- name: business_uses
SELECT b.unit_code AS unit, u.code, count(*) AS houses
FROM ({{standing}}) AS b, unnest(b.business_uses) AS u (code) GROUP BY 1, 2

-- name: declared_areas
SELECT b.unit_code AS unit, u.code, count(*) AS houses
FROM ({{standing}}) AS b LEFT JOIN LATERAL unnest(b.declared_areas) AS u (code) ON true GROUP BY 1, 2

-- name: judged
-- By the preliminary judgement and the appraisal in force: of each kind the latest that no other supersedes.
WITH last AS (
    SELECT DISTINCT ON (j.building_id, j.kind) j.building_id, j.kind, coalesce(j.tier, j.grade) AS value
    FROM gis.judgement AS j
    WHERE j.kind IN ('preliminary', 'appraisal') AND j.judged_on <= :day
      AND NOT EXISTS (SELECT FROM gis.judgement AS s WHERE s.supersedes = j.judgement_id AND s.judged_on <= :day)
    ORDER BY j.building_id, j.kind, j.judged_on DESC, j.recorded_at DESC, j.judgement_id DESC
)
SELECT b.unit_code AS unit, l.kind, l.value, count(*) AS houses
FROM ({{standing}}) AS b JOIN last AS l USING (building_id)
WHERE l.value NOT IN ('unjudged', 'unknown')
GROUP BY 1, 2, 3

-- name: patrols
-- Visits until the day's end, and what was seen of businesses that were stopped.
SELECT b.unit_code AS unit, sum(v.visits) AS visits, count(*) FILTER (WHERE v.visits > 0) AS houses, sum(v.week) AS week,
       sum(v.absent) AS absent, sum(v.closed) AS closed, sum(v.open) AS open
FROM ({{standing}}) AS b
JOIN (
    SELECT building_id, count(*) FILTER (WHERE visit) AS visits,
           count(*) FILTER (WHERE visit AND on_day > CAST(:day AS date) - 7) AS week,
           count(*) FILTER (WHERE what IN ('absent', 'refused')) AS absent,
           count(*) FILTER (WHERE what = 'closed') AS closed, count(*) FILTER (WHERE what = 'open') AS open
    FROM (SELECT building_id, true AS visit, visited_on AS on_day, outcome AS what FROM gis.visit
          UNION ALL SELECT building_id, false, on_day, what FROM gis.case_event WHERE kind = 'check_business') AS seen
    WHERE on_day <= :day GROUP BY building_id
) AS v USING (building_id)
GROUP BY 1

-- name: steps
-- What each unit says of the six steps, the last word on each.
SELECT DISTINCT ON (s.unit_code, s.step) s.unit_code AS unit, s.step, s.done_on, s.proof, s.account
FROM gis.work_step AS s ORDER BY s.unit_code, s.step, s.work_step_id DESC

-- name: say_step
INSERT INTO gis.work_step (unit_code, step, done_on, proof) VALUES (:unit_code, :step, CAST(:done_on AS date), :proof)
RETURNING work_step_id
