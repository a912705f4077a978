-- pgTAP for 0023_visits.sql: visits are only added; they propose and never write; what the township accepts is the record.
BEGIN;
SELECT plan(21);
CREATE FUNCTION pg_temp.box(x int) RETURNS geometry LANGUAGE sql AS
$$SELECT ST_Multi(ST_MakeEnvelope(436000 + x, 2712000, 436010 + x, 2712010, work_srid)) FROM gis.deployment$$;
CREATE FUNCTION pg_temp.at(x int) RETURNS geometry LANGUAGE sql AS
$$SELECT ST_SetSRID(ST_MakePoint(436000 + x, 2712005), work_srid) FROM gis.deployment$$;
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.building (building_id, township_code, floors, business_uses, removed_on, built_year, geom) VALUES
    ('a', '451224100', 3, '{retail,catering}', NULL, NULL, pg_temp.box(0)),
    ('b', '451224101', 2, '{}', NULL, NULL, pg_temp.box(20)), ('gone', '451224100', 1, '{}', '2022-08-01', NULL, pg_temp.box(40));
INSERT INTO gis.round (name, kind, first_day, last_day) VALUES ('long', 'campaign', '2022-06-01', '2025-06-30'),
    ('late', 'look_back', '2022-09-08', '2022-09-16');
INSERT INTO gis.plan (name) VALUES ('p');
INSERT INTO gis.plan_version (plan_id, version, state, origin, parameters, data_version, code_version, published_at)
SELECT plan_id, v, 'published', 'made', '{}', 0, 'x', now() FROM gis.plan, generate_series(1, 2) AS v;
INSERT INTO gis.plan_team (plan_id, version, team, position) SELECT plan_id, version, 't', 1 FROM gis.plan_version;
INSERT INTO gis.plan_stop (plan_id, version, building_id, team, day, seq, arrive, leave, travel_m, minutes, urgency, unjudged)
SELECT v.plan_id, v.version, b.id, 't', '2022-09-08', b.n, '9:00', '9:30', 0, 30, 1, true
FROM gis.plan_version AS v, (VALUES ('a', 1), ('b', 2)) AS b (id, n);

GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
PREPARE visit (uuid, text, timestamptz, text, jsonb, geometry) AS INSERT INTO gis.visit (visit_id, building_id, visited_at, outcome, answers, position, position_by, digest)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $6 IS NULL THEN NULL ELSE 'device' END, repeat('0', 64));
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true), set_config('gis.account', 'zhen', true) \g /dev/null

SELECT lives_ok($$EXECUTE visit('00000000-0000-0000-0000-000000000001', 'a', '2022-09-08 09:30+08', 'absent', '{}', NULL)$$,
    'a visit');
SELECT results_eq('SELECT visited_on, account, distance_m FROM gis.visit', $$VALUES ('2022-09-08'::date, 'zhen', NULL::float)$$,
    'says itself by whom and on which day');
SELECT is((SELECT name FROM gis.round JOIN gis.visit USING (round_id)), 'late', 'is of the open round that began last');
SELECT is((SELECT count(*) FROM gis.plan_stop WHERE done), 0::bigint, 'nobody at home is to be visited again');
SELECT lives_ok($$EXECUTE visit('00000000-0000-0000-0000-000000000002', 'a', '2022-09-08 10:00+08', 'visited',
    '{"floors": 4, "business_uses": ["catering", "retail"], "people": 12}', pg_temp.at(40))$$, 'a visit with answers');
SELECT is((SELECT distance_m FROM gis.visit WHERE outcome = 'visited'), 30::float, 'knows how far from the house it was');
SELECT results_eq('SELECT field, before, after FROM gis.proposal ORDER BY field',
    $$VALUES ('floors', '3'::jsonb, '4'::jsonb), ('people', 'null'::jsonb, '12'::jsonb)$$,
    'proposes what differs; a list in another order does not');
SELECT is((SELECT floors::int FROM gis.building WHERE building_id = 'a'), 3, 'and writes nothing');
SELECT results_eq('SELECT version, building_id FROM gis.plan_stop WHERE done', $$VALUES (2, 'a')$$,
    'a stop of the version in force is done');
SELECT throws_ok($$EXECUTE visit('00000000-0000-0000-0000-000000000003', 'a', '2022-09-09 00:30+08', 'visited', '{}', NULL)$$,
    'GC001', 'future', 'tomorrow');
SELECT throws_ok($$EXECUTE visit('00000000-0000-0000-0000-000000000003', 'gone', '2022-09-01 00:30+08', 'visited', '{}', NULL)$$,
    'GC001', 'removed', 'a house that is gone');
SELECT throws_ok($$EXECUTE visit('00000000-0000-0000-0000-000000000003', 'a', '2022-09-01 00:30+08', 'visited', '{}',
    pg_temp.at(5010))$$, 'GC001', 'far', '5 km away');
SELECT throws_ok($$EXECUTE visit('00000000-0000-0000-0000-000000000003', 'b', '2022-09-01 00:30+08', 'visited', '{}', NULL)$$,
    '42501', NULL, 'another township''s');
SELECT throws_ok($$UPDATE gis.building SET floors = 4 WHERE building_id = 'a'$$, '42501', NULL, 'a township writes no house');
SELECT lives_ok($$INSERT INTO gis.proposal_decision (proposal_id, accepted) SELECT proposal_id, field = 'floors' FROM gis.proposal$$,
    'but says what becomes of proposals');
SELECT results_eq('SELECT floors::int, people FROM gis.building WHERE building_id = ''a''', $$VALUES (4, NULL::int)$$,
    'what it accepts is the record');
RESET ROLE;
SELECT throws_ok('UPDATE gis.visit SET note = ''x''', '42501', NULL, 'no visit is changed');
SELECT throws_ok('DELETE FROM gis.visit', '42501', NULL, 'or taken away');
SELECT throws_ok('UPDATE gis.proposal SET after = ''5''', '42501', NULL, 'nor a proposal');
UPDATE gis.building SET floors = 9 WHERE building_id = 'a';
SET LOCAL ROLE gis_township;
EXECUTE visit('00000000-0000-0000-0000-000000000004', 'a', '2022-09-08 11:00+08', 'visited', '{"floors": 5}', NULL);
RESET ROLE;
UPDATE gis.building SET floors = 6 WHERE building_id = 'a';
SET LOCAL ROLE gis_township;
SELECT throws_ok($$INSERT INTO gis.proposal_decision (proposal_id, accepted) SELECT max(proposal_id), true FROM gis.proposal$$,
    'GC001', 'stale', 'a record that was changed since the visit');
SELECT lives_ok($$INSERT INTO gis.proposal_decision (proposal_id, accepted) SELECT max(proposal_id), false FROM gis.proposal$$,
    'whose proposal can be rejected');
SELECT * FROM finish();
ROLLBACK;
