-- Notices to owners and letters to units.

-- name: due
-- Houses that are to have a notice of a kind, and the newest of that kind that they had (not of a case that is over).
-- Of the asker's; by unit, department, tier; by state: none, issued (not served), served.
SELECT b.building_id, b.name, b.address, b.unit_code, u.name AS unit, v.name AS village, b.use_class, b.hazard_tier,
       b.appraisal_grade, b.departments, b.simulated, n.notice_id, n.case_id, n.number, n.issued_on, n.due_on, n.served_on,
       n.method, n.receipt
FROM gis.notice_due AS d JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
LEFT JOIN LATERAL (
    SELECT * FROM gis.notice AS n
    WHERE n.building_id = b.building_id AND n.kind = d.kind
      AND NOT EXISTS (SELECT FROM gis.case AS c WHERE c.case_id = n.case_id AND c.state = 'cleared')
    ORDER BY n.issued_on DESC, n.notice_id DESC LIMIT 1) AS n ON true
WHERE d.kind = :kind
  AND (CAST(:unit AS text) IS NULL OR b.unit_code = :unit)
  AND (CAST(:department AS text) IS NULL OR b.departments @> ARRAY[CAST(:department AS text)])
  AND (CAST(:tier AS text) IS NULL OR b.hazard_tier = :tier)
  AND (CAST(:state AS text) IS NULL OR :state = CASE WHEN n.notice_id IS NULL THEN 'none' WHEN n.served_on IS NULL THEN 'issued'
                                                     ELSE 'served' END)
ORDER BY array_position(ARRAY['severe', 'some', 'unjudged', 'none_found'], b.hazard_tier), b.unit_code, b.building_id
LIMIT :limit

-- name: by_department
-- Of the houses that are to have a notice of a kind: how many there are by department, notified and served; a house of two
-- departments counts with both, one of none under null.
SELECT k.department, count(*) AS houses, count(n.notice_id) AS notified, count(n.served_on) AS served
FROM gis.notice_due AS d JOIN gis.building AS b USING (building_id)
CROSS JOIN LATERAL unnest(CASE WHEN cardinality(b.departments) > 0 THEN b.departments ELSE ARRAY[NULL::text] END) AS k (department)
LEFT JOIN LATERAL (
    SELECT n.notice_id, n.served_on FROM gis.notice AS n
    WHERE n.building_id = b.building_id AND n.kind = d.kind
      AND NOT EXISTS (SELECT FROM gis.case AS c WHERE c.case_id = n.case_id AND c.state = 'cleared')
    ORDER BY n.issued_on DESC, n.notice_id DESC LIMIT 1) AS n ON true
WHERE d.kind = :kind AND (CAST(:unit AS text) IS NULL OR b.unit_code = :unit)
GROUP BY k.department ORDER BY k.department NULLS LAST

-- name: open_cases
-- The case that a notice to a house belongs to: of its structure, not over.
SELECT building_id, case_id FROM gis.case
WHERE building_id = ANY (CAST(:houses AS text[])) AND kind = 'structure' AND state IN ('pending', 'in_progress')

-- name: there
SELECT building_id FROM gis.building WHERE building_id = ANY (CAST(:houses AS text[]))

-- name: used
-- Numbers that a notice has already.
SELECT number FROM gis.notice WHERE number = ANY (CAST(:numbers AS text[])) LIMIT 1

-- name: issue
INSERT INTO gis.house_notice (building_id, kind, number, due_on) VALUES (:building_id, :kind, :number, :due_on)
RETURNING notice_id

-- name: of_case
SELECT max(event_id) FROM gis.case_event WHERE case_id = :case_id AND kind = 'notice'

-- name: papers
-- What the papers of notices say of their houses.
SELECT n.notice_id, n.kind, n.number, n.issued_on, n.due_on, n.department, n.place, b.building_id, b.name, b.address, u.name AS unit, b.unit_code,
       v.name AS village, b.floors, b.use_class, b.hazard_tier, b.appraisal_grade, b.departments, b.simulated
FROM gis.notice AS n JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
WHERE n.notice_id = ANY (CAST(:ids AS bigint[])) ORDER BY n.notice_id

-- name: owners
-- Asked by whoever may know them, and told to the trail.
SELECT building_id, owner_name FROM gis.building_person
WHERE building_id = ANY (CAST(:houses AS text[])) AND owner_name <> ''

-- name: one
SELECT n.*, b.name, b.address FROM gis.notice AS n JOIN gis.building AS b USING (building_id) WHERE n.notice_id = :notice_id

-- name: serve
INSERT INTO gis.house_service (notice_id, building_id, served_on, method, reason, receipt)
VALUES (:notice_id, :building_id, :served_on, :method, :reason, CAST(:receipt AS text[]))

-- name: template
SELECT content FROM gis.paper_template WHERE kind = :kind ORDER BY template_id DESC LIMIT 1

-- name: templates
-- Kinds that have a template of the county's own, with who gave it and when.
SELECT kind, account, recorded_at FROM (
    SELECT DISTINCT ON (kind) kind, content IS NOT NULL AS own, account, recorded_at FROM gis.paper_template
    ORDER BY kind, template_id DESC) AS t WHERE own

-- name: keep_template
INSERT INTO gis.paper_template (kind, content) VALUES (:kind, :content)

-- name: letters
SELECT l.letter_id, l.kind, l.unit_code, l.step, u.name AS unit, l.number, l.reason, l.issued_on, l.due_on, l.meeting, l.account,
       d.done_on, d.note
FROM gis.letter AS l LEFT JOIN gis.admin_area AS u ON u.code = l.unit_code LEFT JOIN gis.letter_done AS d USING (letter_id)
WHERE CAST(:letter_id AS bigint) IS NULL OR l.letter_id = :letter_id
ORDER BY l.letter_id DESC LIMIT 200

-- name: write_letter
INSERT INTO gis.letter (kind, unit_code, step, number, reason, issued_on, due_on, meeting)
VALUES (:kind, :unit_code, :step, :number, :reason, coalesce(CAST(:issued_on AS date), gis.today()), :due_on, :meeting)
RETURNING letter_id

-- name: letter_done
INSERT INTO gis.letter_done (letter_id, done_on, note) VALUES (:letter_id, :done_on, :note)

-- name: offices
SELECT code, zh, office FROM gis.code WHERE list = 'departments'

-- name: place
SELECT name FROM gis.admin_area WHERE code = :code

-- name: county
SELECT name FROM gis.admin_area WHERE level = 'county' ORDER BY code LIMIT 1

-- name: unit
SELECT code, name FROM gis.admin_area WHERE code = :code AND level IN ('township', 'unit')
