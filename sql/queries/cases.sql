-- Cases and their events. What a step may be is said in gis.case_rule and decided by the database.

-- name: rules
SELECT kind, what, zh, en, class, from_state, to_state, roles, needs, takes, checks, clause
FROM gis.case_rule ORDER BY position, kind, what

-- name: enter
INSERT INTO gis.case_event (case_id, building_id, kind, what, on_day, until, responsible, reason, given, evidence, refers)
VALUES (:case_id, :building_id, :kind, :what, coalesce(:on_day, gis.today()), :until, :responsible, :reason,
        CAST(:given AS jsonb), CAST(:evidence AS text[]), :refers)
RETURNING event_id, case_id

-- name: house
SELECT building_id FROM gis.building WHERE building_id = :building_id

-- name: is_there
SELECT FROM gis.case WHERE case_id = :case_id

-- name: one
SELECT * FROM gis.case_card WHERE case_id = :case_id

-- name: of_house
SELECT * FROM gis.case_card WHERE building_id = :building_id ORDER BY case_id

-- name: open_case
SELECT case_id FROM gis.case WHERE building_id = :building_id AND kind = :kind AND state <> 'cleared'

-- name: events
-- Every event of a case in order, with who may be named of the one that it refers to and the judgement that it came of.
SELECT e.event_id, e.case_id, e.seq, e.kind, e.what, e.from_state, e.to_state, e.on_day, e.until, e.responsible, e.reason,
       e.given, e.evidence, e.refers, o.seq AS refers_seq, e.judgement_id, j.kind AS judgement_kind,
       coalesce(j.tier, j.grade) AS judged, e.account, replace(e.role, 'gis_', '') AS role, e.place, e.department,
       e.recorded_at
FROM gis.case_event AS e
LEFT JOIN gis.case_event AS o ON o.event_id = e.refers
LEFT JOIN gis.judgement AS j ON j.judgement_id = e.judgement_id
WHERE e.case_id = :case_id ORDER BY e.seq LIMIT 2000

-- name: events_of_house
SELECT e.event_id, e.case_id, c.kind AS case_kind, e.seq, e.kind, e.what, e.from_state, e.to_state, e.on_day, e.until,
       e.responsible, e.reason, e.account
FROM gis.case_event AS e JOIN gis.case AS c USING (case_id)
WHERE e.building_id = :building_id ORDER BY e.on_day, e.event_id LIMIT 2000

-- name: next
-- The steps that the asker may take now.
SELECT r.kind, r.what
FROM gis.case AS c CROSS JOIN gis.case_rule AS r
WHERE c.case_id = :case_id AND r.from_state @> ARRAY[c.state]
  AND (r.kind <> 'serve' OR EXISTS (
      SELECT FROM gis.notice AS n WHERE n.case_id = c.case_id AND n.served_on IS NULL))
  AND gis.case_refusal(c, r.kind, r.what, current_user, gis.asker('account'), gis.asker('place'),
                       gis.asker('department')) IS NULL
ORDER BY r.position

-- name: open_measures
SELECT measure_id, kind, zh, en, began_on FROM gis.measure
WHERE case_id = :case_id AND ended_on IS NULL AND kind <> 'stop_business' ORDER BY measure_id

-- name: open_notices
SELECT notice_id, kind, number, issued_on FROM gis.notice
WHERE case_id = :case_id AND served_on IS NULL ORDER BY notice_id

-- name: open_requests
SELECT a.event_id, a.on_day, a.until FROM gis.case_event AS a
WHERE a.case_id = :case_id AND a.kind = 'ask_extension'
  AND NOT EXISTS (SELECT FROM gis.case_event AS g WHERE g.refers = a.event_id AND g.kind = 'grant_extension')
ORDER BY a.event_id

-- name: found
-- Cases that meet the filters, those that were struck off or all others; those past their deadline first, then by deadline.
SELECT c.case_id
FROM gis.case AS c JOIN gis.building AS b USING (building_id)
WHERE (c.state = 'cleared') = CAST(:cleared AS boolean)
  AND (CAST(:unit AS text) IS NULL OR b.unit_code = :unit)
  AND (CAST(:state AS text) IS NULL OR c.state = :state)
  AND (CAST(:kind AS text) IS NULL OR c.kind = :kind)
  AND (CAST(:tier AS text) IS NULL OR b.hazard_tier = :tier)
  AND (NOT CAST(:operating AS boolean) OR b.use_class IN ('commercial', 'mixed'))
  AND (NOT CAST(:overdue AS boolean) OR c.state IN ('pending', 'in_progress') AND c.deadline < gis.today())
  AND (NOT CAST(:waiting AS boolean) OR c.submission IS NOT NULL)
  AND (NOT CAST(:uncontrolled AS boolean) OR c.kind = 'structure' AND c.state IN ('pending', 'in_progress') AND EXISTS (
      SELECT FROM gis.control_rule AS q
      WHERE q.tier = b.hazard_tier AND q.use_class = b.use_class AND c.opened_on + q.days <= gis.today()
        AND NOT EXISTS (SELECT FROM gis.measure AS m
                        WHERE m.case_id = c.case_id AND m.kind = q.measure AND m.ended_on IS NULL)))
  AND (NOT CAST(:found_open AS boolean) OR 'open' = (
      SELECT e.what FROM gis.case_event AS e WHERE e.case_id = c.case_id AND e.kind IN ('check_business', 'resume_business')
      ORDER BY e.on_day DESC, e.seq DESC LIMIT 1))
ORDER BY c.state = 'cleared', c.state = 'accepted', c.deadline, c.case_id
LIMIT CAST(:limit AS bigint) OFFSET :offset

-- name: count
-- How many there are of each state, how many of them are past their deadline, how many wait for a review. What was struck
-- off is counted already (gis.cleared_count).
SELECT c.state, count(*) AS cases, count(*) FILTER (WHERE c.state <> 'accepted' AND c.deadline < (SELECT gis.today())) AS overdue,
       count(*) FILTER (WHERE c.submission IS NOT NULL) AS waiting
FROM gis.case AS c JOIN gis.building AS b USING (building_id)
WHERE c.state <> 'cleared'
  AND (CAST(:unit AS text) IS NULL OR b.unit_code = :unit)
  AND (CAST(:kind AS text) IS NULL OR c.kind = :kind)
  AND (CAST(:tier AS text) IS NULL OR b.hazard_tier = :tier)
  AND (NOT CAST(:operating AS boolean) OR b.use_class IN ('commercial', 'mixed'))
GROUP BY c.state
UNION ALL
SELECT 'cleared', sum(k.cases)::bigint, 0, 0 FROM gis.cleared_count AS k
WHERE (CAST(:unit AS text) IS NULL OR k.unit_code = :unit)
  AND (CAST(:kind AS text) IS NULL OR k.kind = :kind)
  AND (CAST(:tier AS text) IS NULL OR k.hazard_tier = :tier)
  AND (NOT CAST(:operating AS boolean) OR k.use_class IN ('commercial', 'mixed'))
HAVING sum(k.cases) > 0

-- name: cleared_rows
-- How many rows tell of what was struck off, beside those that they would be when added up.
SELECT count(*) - count(DISTINCT (kind, use_class, hazard_tier, unit_code, village_code, departments)) FROM gis.cleared_count

-- name: add_up_cleared
-- Whoever else does so at this moment takes other rows: one that is gone is passed over.
WITH taken AS (DELETE FROM gis.cleared_count RETURNING *)
INSERT INTO gis.cleared_count (kind, use_class, hazard_tier, unit_code, village_code, departments, cases)
SELECT kind, use_class, hazard_tier, unit_code, village_code, departments, sum(cases) FROM taken
GROUP BY kind, use_class, hazard_tier, unit_code, village_code, departments HAVING sum(cases) <> 0

-- name: cards
-- One card after another: of a million events a page needs those of fifty cases.
SELECT k.* FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS w (case_id, n)
CROSS JOIN LATERAL (SELECT * FROM gis.case_card AS c WHERE c.case_id = w.case_id OFFSET 0) AS k
ORDER BY w.n

-- name: units
-- The reporting units among which the asker chooses: a township has its own.
SELECT a.code, a.name FROM gis.admin_area AS a
WHERE a.level IN ('township', 'unit') AND coalesce(a.code = gis.asker('place'), true) ORDER BY a.code LIMIT 200

-- name: offices
-- What the county calls the departments of a house.
SELECT code, zh, en, office FROM gis.code WHERE list = 'departments' AND code = ANY (CAST(:codes AS text[])) ORDER BY position

-- name: same
-- An event of a case that says the same of the same day.
SELECT FROM gis.case_event
WHERE case_id = :case_id AND kind = :kind AND what = :what AND on_day = :on_day AND given = CAST(:given AS jsonb)
  AND (until, reason, responsible) IS NOT DISTINCT FROM (CAST(:until AS date), CAST(:reason AS text), CAST(:responsible AS text))
