-- Bulletins: what is counted for a day, and what was frozen.

-- name: count
-- One row a house that a bulletin of :day counts, as of that day's end, by the days of judgements and events, whenever they
-- were entered: operating houses that stood, and every house with a hazard until then, also where it is gone since.
-- A structural hazard that was struck off and came back is counted by its last case.
WITH moved AS (
    SELECT DISTINCT ON (e.case_id) e.case_id, e.to_state
    FROM gis.case_event AS e
    WHERE e.on_day <= :day AND e.from_state IS DISTINCT FROM e.to_state
    ORDER BY e.case_id, e.seq DESC
), measured AS (
    SELECT m.case_id,
           bool_or((m.kind = 'stop_business' OR r.class = 'control') AND (e.on_day IS NULL OR e.on_day > :day)) AS controlled
    FROM gis.case_event AS m JOIN gis.case_rule AS r USING (kind, what)
    LEFT JOIN gis.case_event AS e ON e.refers = m.event_id AND e.kind IN ('measure_end', 'resume_business')
    WHERE m.kind IN ('measure', 'stop_business') AND m.on_day <= :day
    GROUP BY m.case_id
), due AS (
    -- A plan and an extension that was granted set the deadline; before them it is that of the rounds.
    SELECT c.case_id, CASE WHEN bool_or(e.event_id IS NOT NULL) THEN coalesce(
               (array_agg(coalesce(e.until, a.until) ORDER BY e.seq DESC) FILTER (WHERE e.on_day <= :day))[1],
               (SELECT min(d.due_on) FROM gis.round_deadline AS d JOIN gis.round AS r USING (round_id)
                WHERE d.step = 'rectify' AND d.due_on >= c.opened_on
                  AND gis.meets(r.filter, b.use_class, b.unit_code, b.hazard_tier)
                  AND gis.meets(d.filter, b.use_class, b.unit_code, b.hazard_tier))) ELSE c.deadline END AS deadline
    FROM gis.case AS c JOIN gis.building AS b USING (building_id)
    LEFT JOIN gis.case_event AS e ON e.case_id = c.case_id AND e.kind IN ('plan', 'grant_extension')
    LEFT JOIN gis.case_event AS a ON a.event_id = e.refers
    WHERE c.opened_on <= :day
    GROUP BY c.case_id, c.opened_on, c.deadline, b.use_class, b.unit_code, b.hazard_tier
), one AS (
    SELECT c.case_id, c.building_id, c.kind, s.to_state AS state, m.controlled, d.deadline
    FROM gis.case AS c JOIN moved AS s USING (case_id) LEFT JOIN measured AS m USING (case_id) LEFT JOIN due AS d USING (case_id)
), structure AS (
    SELECT DISTINCT ON (o.building_id) o.building_id,
           CASE WHEN o.state IN ('accepted', 'cleared') THEN 'done' WHEN o.state = 'in_progress' THEN 'working'
                WHEN o.controlled IS NOT NULL THEN 'measured' ELSE 'untouched' END AS status,
           coalesce(o.controlled, false) AS controlled,
           coalesce(o.state IN ('pending', 'in_progress') AND o.deadline < :day, false) AS overdue,
           count(*) OVER (PARTITION BY o.building_id) AS hazards
    FROM one AS o WHERE o.kind = 'structure' ORDER BY o.building_id, o.case_id DESC
), other AS (
    SELECT building_id, count(*) AS others FROM one WHERE kind <> 'structure' AND state IN ('pending', 'in_progress')
    GROUP BY building_id
), counted AS (
    SELECT b.building_id, b.unit_code, b.use_class IN ('commercial', 'mixed') AS operating,
           b.removed_on IS NULL OR b.removed_on > :day AS stands
    FROM gis.building AS b
    WHERE b.use_class IN ('commercial', 'mixed') AND (b.removed_on IS NULL OR b.removed_on > :day)
       OR b.building_id IN (SELECT building_id FROM structure UNION ALL SELECT building_id FROM other)
)
SELECT h.building_id, h.unit_code, h.operating, h.stands, nullif(p.tier, 'unjudged') AS judged, nullif(a.grade, 'unknown') AS grade,
       CASE WHEN s.building_id IS NOT NULL THEN coalesce(t.tier, 'unrated') END AS tier, s.status,
       coalesce(s.controlled, false) AS controlled, coalesce(s.overdue, false) AS overdue,
       coalesce(s.hazards, 0) AS hazards, coalesce(o.others, 0) AS others
FROM counted AS h
LEFT JOIN LATERAL gis.in_force(h.building_id, '{preliminary}', :day) AS p ON h.operating
LEFT JOIN LATERAL gis.in_force(h.building_id, '{appraisal}', :day) AS a ON true
LEFT JOIN structure AS s ON s.building_id = h.building_id
LEFT JOIN other AS o ON o.building_id = h.building_id
-- The last tier of a hazard: a review that finds none does not unmake what was rectified.
LEFT JOIN LATERAL (
    SELECT j.tier FROM gis.judgement AS j
    WHERE j.building_id = h.building_id AND j.kind IN ('preliminary', 'review') AND j.tier IN ('severe', 'some')
      AND j.judged_on <= :day
      AND NOT EXISTS (SELECT FROM gis.judgement AS x WHERE x.supersedes = j.judgement_id AND x.judged_on <= :day)
    ORDER BY j.judged_on DESC, j.recorded_at DESC, j.judgement_id DESC LIMIT 1) AS t ON s.building_id IS NOT NULL
ORDER BY h.building_id COLLATE "C"

-- name: units
SELECT code, coalesce(name, code) AS name, level FROM gis.admin_area WHERE level IN ('township', 'unit') ORDER BY code COLLATE "C"

-- name: deadlines
-- Last days of the steps of operating houses, of the rounds that had begun by :day.
SELECT d.step, r.first_day, d.due_on, d.clause, r.name AS round, r.source
FROM gis.round_deadline AS d JOIN gis.round AS r USING (round_id)
WHERE r.first_day <= :day AND (r.closed_on IS NULL OR r.closed_on >= :day)
  AND coalesce(r.filter -> 'use_class' ?| ARRAY['commercial', 'mixed'], true)
  AND coalesce(d.filter -> 'use_class' ?| ARRAY['commercial', 'mixed'], true)
ORDER BY d.step, d.due_on, r.first_day DESC, r.round_id

-- name: reminders
-- Letters to units, and talks with them, about a step in which they are slow.
SELECT l.letter_id, l.unit_code, l.step, l.kind, l.issued_on AS on_day, l.number, l.reason AS note, l.account, a.name AS unit
FROM gis.letter AS l LEFT JOIN gis.admin_area AS a ON a.code = l.unit_code AND a.level IN ('township', 'unit')
WHERE l.step IS NOT NULL AND l.issued_on <= :day ORDER BY l.issued_on DESC, l.letter_id DESC LIMIT 2000

-- name: points
SELECT measure, zh, en, points FROM gis.assessment_item ORDER BY position, measure

-- name: set_points
UPDATE gis.assessment_item SET points = :points WHERE measure = :measure

-- name: list
SELECT snapshot_id, kind, day, sha256, account, made_at, body ->> 'title' AS title FROM gis.snapshot
ORDER BY day DESC, kind, snapshot_id LIMIT 1000

-- name: kept
SELECT snapshot_id, kind, day, body, sha256, account, made_at FROM gis.snapshot WHERE kind = :kind AND day = :day

-- name: last
-- The one before, of the same kind.
SELECT snapshot_id, day, sha256, body FROM gis.snapshot WHERE kind = :kind AND day < :day ORDER BY day DESC LIMIT 1

-- name: lock
SELECT pg_advisory_xact_lock(:lock)

-- name: add
INSERT INTO gis.snapshot (kind, day, body, sha256) VALUES (:kind, :day, CAST(:body AS jsonb), :sha256)
RETURNING snapshot_id, account, made_at

-- name: add_houses
INSERT INTO gis.snapshot_house (snapshot_id, building_id, unit_code, operating, stands, judged, grade, tier, status, controlled,
                                overdue, hazards, others, before, late)
SELECT :snapshot_id, r.building_id, r.unit_code, r.operating, r.stands, r.judged, r.grade, r.tier, r.status, r.controlled, r.overdue,
       r.hazards, r.others, r.before, r.late
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    building_id text, unit_code text, operating boolean, stands boolean, judged text, grade text, tier text, status text,
    controlled boolean, overdue boolean, hazards integer, others integer, before text, late boolean)

-- name: houses
SELECT building_id, unit_code, operating, stands, judged, grade, tier, status, controlled, overdue, hazards, others, before,
       late
FROM gis.snapshot_house WHERE snapshot_id = :snapshot_id ORDER BY building_id COLLATE "C"

-- name: named
-- What a list says of its houses besides what was counted.
SELECT b.building_id, b.name, b.address, u.name AS unit, v.name AS village
FROM gis.building AS b
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code AND u.level IN ('township', 'unit')
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code AND v.level = 'village'
WHERE b.building_id = ANY (CAST(:ids AS text[]))

-- name: course
-- Day by day, of operating houses: first judgements, structural hazards found, first dealt with (a measure or works), and
-- rectified, less those that were sent back to work.
WITH hazard AS (
    SELECT c.case_id, c.opened_on FROM gis.case AS c JOIN gis.building AS b USING (building_id)
    WHERE c.kind = 'structure' AND b.use_class IN ('commercial', 'mixed')
), dated AS (
    SELECT 'judged' AS what, min(j.judged_on) AS on_day, 1 AS n
    FROM gis.judgement AS j JOIN gis.building AS b USING (building_id)
    WHERE b.use_class IN ('commercial', 'mixed') AND j.kind = 'preliminary' AND j.tier <> 'unjudged' GROUP BY j.building_id
    UNION ALL SELECT 'found', opened_on, 1 FROM hazard
    UNION ALL SELECT 'acted', min(e.on_day), 1 FROM gis.case_event AS e JOIN hazard USING (case_id)
    WHERE e.kind IN ('measure', 'stop_business', 'start') OR e.to_state IN ('accepted', 'cleared') GROUP BY e.case_id
    UNION ALL SELECT 'done', e.on_day, CASE WHEN e.to_state IN ('accepted', 'cleared') THEN 1 ELSE -1 END
    FROM gis.case_event AS e JOIN hazard USING (case_id)
    WHERE (e.to_state IN ('accepted', 'cleared')) <> coalesce(e.from_state IN ('accepted', 'cleared'), false)
)
SELECT what, on_day, sum(n)::integer AS n FROM dated WHERE on_day <= :day GROUP BY what, on_day ORDER BY on_day, what
