-- Visits, and what they propose.

-- name: house
SELECT building_id FROM gis.building WHERE building_id = :building_id

-- name: codes
SELECT list, code FROM gis.code

-- name: round
SELECT round_id FROM gis.round WHERE name = :name OR CAST(round_id AS text) = :name

-- name: enter
INSERT INTO gis.visit (visit_id, building_id, round_id, plan_id, visited_at, outcome, found, answers, note, photographs,
                       position, position_by, accuracy_m, source, digest)
VALUES (:visit_id, :building_id, :round_id, :plan_id, :visited_at, :outcome, :found, CAST(:answers AS jsonb), :note,
        CAST(:photographs AS text[]),
        (SELECT ST_Transform(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), work_srid) FROM gis.deployment
         WHERE CAST(:lon AS double precision) IS NOT NULL),
        :position_by, :accuracy_m, :source, :digest)
ON CONFLICT (visit_id) DO NOTHING
RETURNING visit_id

-- name: one
SELECT v.visit_id, v.building_id, v.round_id, r.name AS round, v.plan_id, v.visited_at, v.visited_on, v.outcome, v.found,
       v.answers, v.note, v.photographs, v.position_by, v.accuracy_m, v.distance_m, v.source, v.digest, v.account,
       v.recorded_at, ST_X(p.place) AS lon, ST_Y(p.place) AS lat
FROM gis.visit AS v LEFT JOIN gis.round AS r USING (round_id)
CROSS JOIN LATERAL (SELECT ST_Transform(v.position, 4326) AS place) AS p
WHERE v.visit_id = :visit_id

-- name: of_house
SELECT v.visit_id, v.building_id, r.name AS round, v.visited_at, v.visited_on, v.outcome, v.found, v.answers, v.note,
       v.photographs, v.position_by, v.accuracy_m, v.distance_m, v.source, v.account, v.recorded_at,
       a.waiting AS photographs_waiting, a.unreadable AS photographs_unreadable
FROM gis.visit AS v LEFT JOIN gis.round AS r USING (round_id)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE s.state = 'waiting') AS waiting, count(*) FILTER (WHERE s.state = 'unreadable') AS unreadable
    FROM gis.attachment AS s WHERE s.building_id = v.building_id AND s.sha256 = ANY (v.photographs)) AS a
WHERE v.building_id = :building_id ORDER BY v.visited_at, v.recorded_at LIMIT 1000

-- name: proposals
SELECT p.proposal_id, p.visit_id, p.building_id, p.field, p.before, p.after, v.visited_on, v.account AS proposed_by,
       d.accepted, d.reason, d.account AS decided_by, d.decided_on, b.name, b.address, b.unit_code
FROM gis.proposal AS p JOIN gis.visit AS v USING (visit_id) JOIN gis.building AS b ON b.building_id = p.building_id
LEFT JOIN gis.proposal_decision AS d USING (proposal_id)
WHERE (CAST(:building_id AS text) IS NULL OR p.building_id = :building_id)
  AND (CAST(:visit_id AS uuid) IS NULL OR p.visit_id = :visit_id)
  AND (CAST(:proposal_id AS bigint) IS NULL OR p.proposal_id = :proposal_id)
  AND (NOT CAST(:undecided AS boolean) OR d.proposal_id IS NULL)
ORDER BY p.proposal_id LIMIT :limit

-- name: decide
INSERT INTO gis.proposal_decision (proposal_id, accepted, reason) VALUES (:proposal_id, :accepted, :reason)

-- name: around
-- Outlines near a house, in degrees, for the small map of a visit.
SELECT b.building_id = :building_id AS own, ST_AsGeoJSON(ST_Transform(b.geom, 4326), 7) AS geom
FROM (SELECT ST_Expand(geom, 40) AS view FROM gis.building WHERE building_id = :building_id OFFSET 0) AS near
JOIN gis.building AS b ON b.geom && near.view AND (b.removed_on IS NULL OR b.building_id = :building_id)
LIMIT 300
