-- Joint enforcement: the list, the actions, what they found.

-- name: list
-- Houses for the next action, each with its reasons and the day since which each holds; off the list where an action found
-- something (but nobody there) on or after that day.
WITH reason AS (
    SELECT b.building_id, 'no_appraisal' AS code, d.due_on + 1 AS since
    FROM gis.building AS b
    CROSS JOIN LATERAL (
        SELECT min(d.due_on) AS due_on FROM gis.round_deadline AS d JOIN gis.round AS r USING (round_id)
        WHERE d.step = 'appraise' AND r.first_day <= gis.today()
          AND gis.meets(r.filter, b.use_class, b.unit_code, b.hazard_tier)
          AND gis.meets(d.filter, b.use_class, b.unit_code, b.hazard_tier)) AS d
    WHERE b.use_class IN ('commercial', 'mixed') AND b.removed_on IS NULL AND d.due_on < gis.today()
      AND NOT EXISTS (SELECT FROM gis.in_force(b.building_id, '{appraisal}') AS j
                      WHERE j.grade IN ('A', 'B') AND (b.altered_on IS NULL OR j.judged_on >= b.altered_on))
    UNION ALL
    SELECT c.building_id, 'found_open', e.on_day
    FROM gis.case AS c
    CROSS JOIN LATERAL (
        SELECT e.what, e.on_day FROM gis.case_event AS e
        WHERE e.case_id = c.case_id AND e.kind IN ('check_business', 'resume_business')
        ORDER BY e.on_day DESC, e.seq DESC LIMIT 1) AS e
    WHERE e.what = 'open'
    UNION ALL
    SELECT b.building_id, 'violation', date '1949-10-01' FROM gis.building AS b
    WHERE b.use_class IN ('commercial', 'mixed') AND b.removed_on IS NULL AND cardinality(b.violations) > 0
), standing AS (
    SELECT r.building_id, array_agg(DISTINCT r.code ORDER BY r.code) AS reasons
    FROM reason AS r
    WHERE NOT EXISTS (
        SELECT FROM gis.enforcement_finding AS f JOIN gis.enforcement AS a USING (enforcement_id)
        WHERE f.building_id = r.building_id AND f.found <> 'absent' AND a.on_day >= r.since)
      AND (CAST(:reason AS text) IS NULL OR r.code = :reason)
    GROUP BY r.building_id
)
SELECT s.building_id, s.reasons, b.name, b.address, b.unit_code, u.name AS unit, b.use_class, b.departments, b.hazard_tier,
       b.appraisal_grade, b.violations, b.simulated,
       EXISTS (SELECT FROM gis.enforcement_house AS h JOIN gis.enforcement AS a USING (enforcement_id)
               WHERE h.building_id = s.building_id AND a.on_day >= gis.today()) AS planned
FROM standing AS s JOIN gis.building AS b USING (building_id) LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code
WHERE (CAST(:department AS text) IS NULL OR b.departments @> ARRAY[CAST(:department AS text)])
  AND (CAST(:unit AS text) IS NULL OR b.unit_code = :unit)
  AND (CAST(:houses AS text[]) IS NULL OR s.building_id = ANY (CAST(:houses AS text[])))
ORDER BY s.reasons @> '{found_open}' DESC, b.unit_code, s.building_id
LIMIT :limit

-- name: make
INSERT INTO gis.enforcement (on_day, lead, departments, note)
VALUES (:on_day, :lead, CAST(:departments AS text[]), :note) RETURNING enforcement_id

-- name: put
INSERT INTO gis.enforcement_house (enforcement_id, building_id, reasons)
VALUES (:enforcement_id, :building_id, CAST(:reasons AS text[]))

-- name: actions
SELECT e.enforcement_id, e.on_day, e.lead, e.departments, e.note, e.account, h.houses, h.done
FROM gis.enforcement AS e
CROSS JOIN LATERAL (
    SELECT count(*) AS houses, count(*) FILTER (WHERE EXISTS (
        SELECT FROM gis.enforcement_finding AS f
        WHERE f.enforcement_id = h.enforcement_id AND f.building_id = h.building_id)) AS done
    FROM gis.enforcement_house AS h WHERE h.enforcement_id = e.enforcement_id) AS h
WHERE CAST(:enforcement_id AS bigint) IS NULL OR e.enforcement_id = :enforcement_id
ORDER BY e.on_day DESC, e.enforcement_id DESC LIMIT 500

-- name: houses
SELECT h.building_id, h.reasons, b.name, b.address, u.name AS unit, b.departments,
       coalesce(f.findings, '[]') AS findings
FROM gis.enforcement_house AS h JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('finding_id', f.finding_id, 'found', f.found, 'measure', f.measure, 'note', f.note,
                                        'photographs', f.photographs, 'account', f.account, 'department', f.department,
                                        'recorded_at', f.recorded_at) ORDER BY f.finding_id) AS findings
    FROM gis.enforcement_finding AS f
    WHERE f.enforcement_id = h.enforcement_id AND f.building_id = h.building_id) AS f ON true
WHERE h.enforcement_id = :enforcement_id ORDER BY b.unit_code, h.building_id LIMIT 2000

-- name: find
INSERT INTO gis.enforcement_finding (enforcement_id, building_id, found, measure, note, photographs)
VALUES (:enforcement_id, :building_id, :found, :measure, :note, CAST(:photographs AS text[]))
