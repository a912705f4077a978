-- Inspection plans: made, read, changed.

-- name: houses
-- The houses of a list with what decides a plan: where, how urgent, in which village.
SELECT b.building_id, b.hazard_tier, b.use_class, ST_X(m.p) AS x, ST_Y(m.p) AS y,
       CASE WHEN v.name IS NULL THEN b.village_code ELSE coalesce(t.name, '') || v.name END AS village
FROM gis.selection AS s
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
LEFT JOIN gis.admin_area AS t ON t.code = b.township_code
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(b.geom) AS p) AS m
WHERE s.run_id = :run_id
ORDER BY b.building_id

-- name: some_houses
SELECT b.building_id, b.hazard_tier, b.use_class, ST_X(m.p) AS x, ST_Y(m.p) AS y,
       CASE WHEN v.name IS NULL THEN b.village_code ELSE coalesce(t.name, '') || v.name END AS village
FROM gis.building AS b
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
LEFT JOIN gis.admin_area AS t ON t.code = b.township_code
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(b.geom) AS p) AS m
WHERE b.building_id = ANY (:houses)
ORDER BY b.building_id

-- name: selected_count
SELECT count(*) FROM gis.selection WHERE run_id = :run_id

-- name: roads
SELECT class, ST_AsBinary(geom) AS geom FROM gis.road ORDER BY road_id

-- name: roads_version
-- What tells one state of the roads from another, cheaply.
SELECT count(*), coalesce(max(fid), 0), coalesce(sum(ST_NPoints(geom)), 0) FROM gis.road

-- name: add
INSERT INTO gis.plan (name, run_id) VALUES (:name, :run_id) RETURNING plan_id

-- name: add_version
INSERT INTO gis.plan_version (plan_id, version, state, based_on, origin, parameters, data_version, code_version)
SELECT :plan_id, coalesce(max(version), 0) + 1, :state, :based_on, :origin, CAST(:parameters AS jsonb),
       (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM gis.data_version), :code_version
FROM gis.plan_version WHERE plan_id = :plan_id
RETURNING version

-- name: lock
-- The plan's row, so that of two who change it at once the second waits and is told.
SELECT plan_id FROM gis.plan WHERE plan_id = :plan_id FOR UPDATE

-- name: head
-- A version of a plan; without one the newest that did not fail.
SELECT * FROM gis.plan_head
WHERE plan_id = :plan_id AND (version = :version OR CAST(:version AS integer) IS NULL)
ORDER BY (state = 'failed'), version DESC LIMIT 1

-- name: newest
SELECT * FROM gis.plan_head WHERE plan_id = :plan_id ORDER BY version DESC LIMIT 1

-- name: versions
SELECT version, state, revision, origin, based_on, made_by, made_at, changed_by, changed_at, published_by, published_at,
       in_force, summary, refusal
FROM gis.plan_head WHERE plan_id = :plan_id ORDER BY version DESC

-- name: listed
-- Each plan by the newest version that the asker sees, with that of it which is in force.
SELECT DISTINCT ON (h.plan_id) h.plan_id, h.name, h.account, h.created_at, h.version, h.state, h.revision, h.summary,
       h.refusal, h.parameters, h.changed_by, h.changed_at,
       (SELECT max(v.version) FROM gis.plan_version AS v WHERE v.plan_id = h.plan_id AND v.state = 'published')
           AS published,
       (SELECT count(*) FROM gis.plan_stop AS s WHERE s.plan_id = h.plan_id AND s.version = h.version) AS stops,
       (SELECT count(*) FROM gis.plan_stop AS s WHERE s.plan_id = h.plan_id AND s.version = h.version AND s.done) AS done
FROM gis.plan_head AS h
ORDER BY h.plan_id DESC, h.version DESC
LIMIT :limit

-- name: teams
SELECT team, position, members, per_day, days_off, first_day, last_day, placed, ST_X(geom) AS x, ST_Y(geom) AS y
FROM gis.plan_team WHERE plan_id = :plan_id AND version = :version ORDER BY position

-- name: days
SELECT team, day, stops, minutes, travel_s, travel_m, ends_s
FROM gis.plan_day WHERE plan_id = :plan_id AND version = :version ORDER BY team, day

-- name: stops
-- Every stop with what binds it and where it is; columns of a pure stop.
SELECT s.building_id, s.team, s.day, s.seq, s.arrive, s.leave, s.travel_m, s.minutes, s.urgency, s.due, s.pin_team,
       s.pin_day, s.done, s.unjudged, b.hazard_tier, ST_X(m.p) AS x, ST_Y(m.p) AS y,
       CASE WHEN v.name IS NULL THEN b.village_code ELSE coalesce(w.name, '') || v.name END AS village
FROM gis.plan_stop AS s
JOIN gis.plan_team AS t USING (plan_id, version, team)
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
LEFT JOIN gis.admin_area AS w ON w.code = b.township_code
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(b.geom) AS p) AS m
WHERE s.plan_id = :plan_id AND s.version = :version
ORDER BY t.position, s.day, s.seq

-- name: state
-- What tells one state of a version's stops from another of the same revision: a row that is written has a new xmin, which
-- is above all that were there. With the data's version, for a stop shows its house.
SELECT (SELECT sum(xmin::text::bigint) FROM gis.plan_stop WHERE plan_id = :plan_id AND version = :version) AS stops,
       gis.version_of_data('data') AS data

-- name: counted
SELECT count(*) FROM gis.plan_stop WHERE plan_id = :plan_id AND version = :version

-- name: told
-- Stops as people are told of them: the house, and why it is on the list. Of one team or day, or of all.
SELECT s.team, s.day, s.seq, s.arrive, s.leave, s.travel_m, s.minutes, s.urgency, s.due, s.pin_team, s.pin_day, s.pinned,
       s.done, l.score, l.reasons, h.*
FROM gis.plan_stop AS s
JOIN gis.plan AS p USING (plan_id)
JOIN gis.plan_team AS t ON t.plan_id = s.plan_id AND t.version = s.version AND t.team = s.team
JOIN gis.house_card AS h USING (building_id)
LEFT JOIN gis.selection AS l ON l.run_id = p.run_id AND l.building_id = s.building_id
WHERE s.plan_id = :plan_id AND s.version = :version
  AND (CAST(:team AS text) IS NULL OR s.team = :team) AND (CAST(:day AS date) IS NULL OR s.day = :day)
ORDER BY t.position, s.day, s.seq
LIMIT :limit

-- name: unplanned
SELECT u.building_id, u.reason, b.name FROM gis.plan_unplanned AS u LEFT JOIN gis.building AS b USING (building_id)
WHERE u.plan_id = :plan_id AND u.version = :version ORDER BY u.building_id LIMIT :limit

-- name: lost
-- Houses of a version that are no longer in the data.
SELECT s.building_id FROM gis.plan_stop AS s
WHERE s.plan_id = :plan_id AND s.version = :version AND NOT s.done
  AND NOT EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = s.building_id)
ORDER BY s.building_id

-- name: drop
DELETE FROM gis.plan WHERE plan_id = :plan_id

-- name: put_teams
INSERT INTO gis.plan_team (plan_id, version, team, position, members, per_day, days_off, first_day, last_day, placed, geom)
SELECT :plan_id, :version, r.team, r.position, r.members, r.per_day,
       coalesce((SELECT array_agg(d::date) FROM jsonb_array_elements_text(r.days_off) AS d), '{}'), r.first_day,
       r.last_day, r.placed,
       CASE WHEN r.x IS NULL THEN NULL ELSE ST_SetSRID(ST_MakePoint(r.x, r.y), CAST(:srid AS integer)) END
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    team text, position integer, members text, per_day integer, days_off jsonb, first_day date, last_day date,
    placed boolean, x float8, y float8)

-- name: put_stops
INSERT INTO gis.plan_stop (plan_id, version, building_id, team, day, seq, arrive, leave, travel_m, minutes, urgency, due,
                           pin_team, pin_day, done, unjudged)
SELECT :plan_id, :version, r.building_id, r.team, r.day, r.seq, r.arrive, r.leave, r.travel_m, r.minutes, r.urgency,
       r.due, r.pin_team, r.pin_day, r.done, r.unjudged
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    building_id text, team text, day date, seq integer, arrive time, leave time, travel_m float8, minutes integer,
    urgency smallint, due date, pin_team boolean, pin_day boolean, done boolean, unjudged boolean)

-- name: change_stops
UPDATE gis.plan_stop AS s
SET team = r.team, day = r.day, seq = r.seq, arrive = r.arrive, leave = r.leave, travel_m = r.travel_m,
    pin_team = r.pin_team, pin_day = r.pin_day, done = r.done
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    building_id text, team text, day date, seq integer, arrive time, leave time, travel_m float8, pin_team boolean,
    pin_day boolean, done boolean)
WHERE s.plan_id = :plan_id AND s.version = :version AND s.building_id = r.building_id

-- name: drop_days
DELETE FROM gis.plan_day AS d USING jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (team text, day date)
WHERE d.plan_id = :plan_id AND d.version = :version AND d.team = r.team AND d.day = r.day

-- name: put_days
INSERT INTO gis.plan_day (plan_id, version, team, day, stops, minutes, travel_s, travel_m, ends_s)
SELECT :plan_id, :version, r.team, r.day, r.stops, r.minutes, r.travel_s, r.travel_m, r.ends_s
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
    team text, day date, stops integer, minutes integer, travel_s integer, travel_m float8, ends_s integer)

-- name: put_unplanned
INSERT INTO gis.plan_unplanned (plan_id, version, building_id, reason)
SELECT :plan_id, :version, r.building_id, r.reason
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (building_id text, reason text)

-- name: finish
UPDATE gis.plan_version
SET state = 'draft', summary = CAST(:summary AS jsonb), changed_by = gis.asker('account'), changed_at = now()
WHERE plan_id = :plan_id AND version = :version AND state = 'making'

-- name: fail
UPDATE gis.plan_version
SET state = 'failed', refusal = CAST(:refusal AS jsonb), changed_by = gis.asker('account'), changed_at = now()
WHERE plan_id = :plan_id AND version = :version AND state = 'making'

-- name: revise
UPDATE gis.plan_version
SET revision = revision + 1, summary = summary || CAST(:summary AS jsonb), changed_by = gis.asker('account'),
    changed_at = now()
WHERE plan_id = :plan_id AND version = :version AND state = 'draft'
RETURNING revision, changed_at, changed_by, summary

-- name: publish
UPDATE gis.plan_version
SET state = 'published', published_at = now(), published_by = gis.asker('account'), changed_by = gis.asker('account'),
    changed_at = now()
WHERE plan_id = :plan_id AND version = :version AND state = 'draft'

-- name: copy_teams
INSERT INTO gis.plan_team (plan_id, version, team, position, members, per_day, days_off, first_day, last_day, placed, geom)
SELECT plan_id, :version, team, position, members, per_day, days_off, first_day, last_day, placed, geom
FROM gis.plan_team WHERE plan_id = :plan_id AND version = :based_on

-- name: copy_stops
INSERT INTO gis.plan_stop (plan_id, version, building_id, team, day, seq, arrive, leave, travel_m, minutes, urgency, due,
                           pin_team, pin_day, done, unjudged)
SELECT plan_id, :version, building_id, team, day, seq, arrive, leave, travel_m, minutes, urgency, due, pin_team, pin_day,
       done, unjudged
FROM gis.plan_stop WHERE plan_id = :plan_id AND version = :based_on

-- name: copy_days
INSERT INTO gis.plan_day
SELECT plan_id, :version, team, day, stops, minutes, travel_s, travel_m, ends_s
FROM gis.plan_day WHERE plan_id = :plan_id AND version = :based_on

-- name: copy_unplanned
INSERT INTO gis.plan_unplanned
SELECT plan_id, :version, building_id, reason
FROM gis.plan_unplanned WHERE plan_id = :plan_id AND version = :based_on

-- name: note_edit
INSERT INTO gis.plan_edit (plan_id, version, revision, kind, what, before)
VALUES (:plan_id, :version, :revision, :kind, CAST(:what AS jsonb), CAST(:before AS jsonb))

-- name: last_edit
SELECT revision, kind, what, before, account FROM gis.plan_edit
WHERE plan_id = :plan_id AND version = :version AND NOT undone ORDER BY revision DESC LIMIT 1

-- name: undo_edit
UPDATE gis.plan_edit SET undone = true WHERE plan_id = :plan_id AND version = :version AND revision = :revision

-- name: edits
SELECT revision, kind, what, undone, account, made_at FROM gis.plan_edit
WHERE plan_id = :plan_id AND version = :version ORDER BY revision DESC LIMIT :limit

-- name: compare
-- Stops that are new, gone, moved to another team or day, or only at another hour, from one version to another.
SELECT building_id, a.team AS team_before, b.team AS team_after, a.day AS day_before, b.day AS day_after,
       CASE WHEN a.building_id IS NULL THEN 'new' WHEN b.building_id IS NULL THEN 'gone'
            WHEN (a.team, a.day) IS DISTINCT FROM (b.team, b.day) THEN 'moved' ELSE 'same' END AS change
FROM (SELECT * FROM gis.plan_stop WHERE plan_id = :plan_id AND version = :before) AS a
FULL JOIN (SELECT * FROM gis.plan_stop WHERE plan_id = :plan_id AND version = :after) AS b USING (building_id)
ORDER BY building_id

-- name: sheet_roads
SELECT ST_AsBinary(geom) FROM gis.road
WHERE geom && ST_MakeEnvelope(:west, :south, :east, :north, (SELECT work_srid FROM gis.deployment)) ORDER BY road_id LIMIT 3000

-- name: sheet_houses
SELECT ST_AsBinary(geom) FROM gis.building
WHERE geom && ST_MakeEnvelope(:west, :south, :east, :north, (SELECT work_srid FROM gis.deployment)) ORDER BY building_id LIMIT 5000
