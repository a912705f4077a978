-- Who works where, and what is to be done.

-- name: held
-- Duties in force, the county's first, then by place; of one account or of all.
SELECT d.account, d.kind, d.place, d.name, d.title, a.name AS place_name, a.level, p.name AS within
FROM gis.duty_in_force AS d
LEFT JOIN gis.admin_area AS a ON a.code = d.place
LEFT JOIN gis.admin_area AS p ON p.code = a.parent_code AND p.level <> 'county'
WHERE CAST(:account AS text) IS NULL OR d.account = :account
ORDER BY array_position(ARRAY['county', 'township', 'unit', 'village', 'grid'], a.level), d.place, d.kind, d.account
LIMIT :limit

-- name: names
SELECT a.code, a.name, a.level, p.name AS within
FROM gis.admin_area AS a LEFT JOIN gis.admin_area AS p ON p.code = a.parent_code AND p.level <> 'county'
WHERE (CAST(:codes AS text[]) IS NULL OR a.code = ANY (CAST(:codes AS text[])))
  AND (NOT CAST(:own AS boolean) OR gis.asker('place') IS NULL OR gis.has_charge_of(a.code))
ORDER BY a.code LIMIT :limit

-- name: known
SELECT gis.is_account(:account)

-- name: assign
INSERT INTO gis.duty (account, kind, place, name, title, holds)
VALUES (:account, :kind, :place, :name, :title, :holds)

-- name: counts
SELECT w.kind, count(*) AS number, count(*) FILTER (WHERE b.hazard_tier = 'severe') AS severe, min(w.due_on) AS first
FROM gis.work(CAST(:places AS text[]), CAST(:department AS text)) AS w JOIN gis.building AS b USING (building_id)
GROUP BY w.kind

-- name: items
-- What is most dangerous first, then what is longest due.
SELECT w.kind, w.building_id, w.case_id, w.due_on, gis.today() - w.due_on AS late_days, b.name, b.address, b.unit_code,
       u.name AS unit, v.name AS village, b.hazard_tier, b.use_class, b.simulated, c.missing, c.measures,
       ST_X(p.place) AS lon, ST_Y(p.place) AS lat
FROM gis.work(CAST(:places AS text[]), CAST(:department AS text)) AS w
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
LEFT JOIN gis.case_card AS c ON c.case_id = w.case_id AND w.kind = 'control'
CROSS JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS place OFFSET 0) AS p
WHERE CAST(:kind AS text) IS NULL OR w.kind = :kind
ORDER BY b.hazard_tier = 'severe' DESC, b.hazard_tier = 'some' DESC, w.due_on, w.kind, w.building_id, w.case_id
LIMIT :limit OFFSET :offset

-- name: rewards
SELECT r.visit_id, r.building_id, r.visited_on, r.account, r.judged_on, r.name, r.address, r.unit_code, u.name AS unit,
       r.simulated
FROM gis.reward AS r LEFT JOIN gis.admin_area AS u ON u.code = r.unit_code
ORDER BY r.judged_on DESC, r.building_id LIMIT :limit

-- name: patrol_rules
SELECT subject, days, source FROM gis.patrol_rule
ORDER BY array_position(ARRAY['severe', 'some', 'none_found', 'stopped'], subject)

-- name: set_patrol_rule
UPDATE gis.patrol_rule SET days = :days, source = :source WHERE subject = :subject RETURNING subject
