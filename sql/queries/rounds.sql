-- Rounds over houses, with their deadlines.

-- name: list
SELECT r.round_id, r.name, r.kind, r.first_day, r.last_day, r.filter, r.source, r.closed_on, r.opened_by,
       coalesce(d.deadlines, '[]') AS deadlines,
       (SELECT count(*) FROM gis.judgement AS j WHERE j.round_id = r.round_id) AS judgements
FROM gis.round AS r
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('step', d.step, 'due_on', d.due_on, 'filter', d.filter, 'clause', d.clause)
                     ORDER BY d.due_on, d.step) AS deadlines
    FROM gis.round_deadline AS d WHERE d.round_id = r.round_id) AS d ON true
WHERE CAST(:round_id AS bigint) IS NULL OR r.round_id = :round_id
ORDER BY r.first_day DESC, r.round_id DESC
LIMIT 500

-- name: find
SELECT round_id FROM gis.round WHERE name = :name OR CAST(round_id AS text) = :name

-- name: open
INSERT INTO gis.round (name, kind, first_day, last_day, filter, source)
VALUES (:name, :kind, :first_day, :last_day, CAST(:filter AS jsonb), :source) RETURNING round_id

-- name: add_deadline
INSERT INTO gis.round_deadline (round_id, step, due_on, filter, clause)
VALUES (:round_id, :step, :due_on, CAST(:filter AS jsonb), :clause)

-- name: close
UPDATE gis.round SET closed_on = :day, closed_by = gis.asker('account') WHERE round_id = :round_id

-- name: of_house
-- The round of a house on a day: of those that it is in, the one that began last.
SELECT r.round_id FROM gis.round AS r JOIN gis.building AS b ON b.building_id = :building_id
WHERE :day BETWEEN r.first_day AND coalesce(r.closed_on, r.last_day, 'infinity')
  AND gis.meets(r.filter, b.use_class, b.unit_code, b.hazard_tier)
ORDER BY r.first_day DESC, r.round_id DESC LIMIT 1

-- name: houses
-- How many houses of the asker's a round is of.
SELECT count(*) FROM gis.building AS b JOIN gis.round AS r ON r.round_id = :round_id
WHERE gis.meets(r.filter, b.use_class, b.unit_code, b.hazard_tier) AND b.removed_on IS NULL

-- name: deadlines_of_house
SELECT r.name, r.round_id, d.step, d.due_on, d.clause, r.source
FROM gis.round_deadline AS d JOIN gis.round AS r USING (round_id) JOIN gis.building AS b ON b.building_id = :building_id
WHERE gis.meets(r.filter, b.use_class, b.unit_code, b.hazard_tier)
  AND gis.meets(d.filter, b.use_class, b.unit_code, b.hazard_tier)
ORDER BY d.due_on, d.step
