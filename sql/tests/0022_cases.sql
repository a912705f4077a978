-- pgTAP for 0022_cases.sql: events are only added; a case is what its events say and nobody writes it; a judgement opens one.
BEGIN;
SELECT plan(29);
CREATE FUNCTION pg_temp.box(x int) RETURNS geometry LANGUAGE sql AS
$$SELECT ST_Multi(ST_MakeEnvelope(436000 + x, 2712000, 436010 + x, 2712010, work_srid)) FROM gis.deployment$$;
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.building (building_id, township_code, use_class, geom) VALUES
    ('a', '451224100', 'mixed', pg_temp.box(0)), ('b', '451224101', 'other', pg_temp.box(20)),
    ('c', '451224100', 'mixed', pg_temp.box(40)), ('d', '451224100', 'other', pg_temp.box(60));
INSERT INTO gis.round (name, kind, first_day, last_day) VALUES ('r', 'campaign', '2022-06-01', '2025-06-30');
INSERT INTO gis.round_deadline (round_id, step, due_on, filter)
SELECT round_id, 'rectify', v.due::date, v.filter::jsonb FROM gis.round,
    (VALUES ('2022-09-30', '{"use_class": ["mixed", "commercial"]}'), ('2025-06-30', '{}')) AS v (due, filter);

-- Opened by what is found
INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES
    ('a', 'preliminary', 'severe', '2022-07-01'), ('b', 'preliminary', 'some', '2022-07-02'),
    ('c', 'preliminary', 'none_found', '2022-07-03');
SELECT results_eq('SELECT building_id, kind, state, deadline, opened_on, seq FROM gis.case ORDER BY 1',
    $$VALUES ('a', 'structure', 'pending', '2022-09-30'::date, '2022-07-01'::date, 1),
             ('b', 'structure', 'pending', '2025-06-30'::date, '2022-07-02'::date, 1)$$,
    'a tier of severe or some opens a case with the deadline of its round');
INSERT INTO gis.judgement (building_id, kind, grade, judged_on) VALUES ('c', 'appraisal', 'C', '2022-08-01');
SELECT is((SELECT count(*) FROM gis.case WHERE building_id = 'c'), 1::bigint, 'so does a grade of C, of a house judged none_found');
INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('a', 'review', 'some', '2022-08-01');
SELECT is((SELECT count(*) FROM gis.case WHERE building_id = 'a'), 1::bigint, 'one that is open is not opened again');
INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('d', 'review', 'none_found', '2022-08-01'),
    ('d', 'preliminary', 'severe', '2022-07-01');
SELECT is((SELECT count(*) FROM gis.case WHERE building_id = 'd'), 0::bigint, 'what is not in force opens nothing');
SELECT results_eq($$SELECT kind, what, role, from_state, to_state FROM gis.case_event WHERE building_id = 'a'$$,
    $$VALUES ('open', 'structure', 'gis_keeper', NULL, 'pending')$$, 'creation is event 1');

-- Nobody writes a case or changes an event
SELECT throws_ok($$UPDATE gis.case SET state = 'cleared', basis = 'works'$$, '42501', NULL, 'not even a superuser moves a case');
SELECT throws_ok($$DELETE FROM gis.case$$, '42501', NULL, 'or takes it away');
SELECT throws_ok($$INSERT INTO gis.case (building_id, kind, state, opened_on, moved_on, seq)
    VALUES ('d', 'fire', 'pending', '2022-09-01', '2022-09-01', 1)$$, '42501', NULL, 'or makes one without an event');
SELECT throws_ok($$UPDATE gis.case_event SET reason = 'x'$$, '42501', NULL, 'no event is changed');
SELECT throws_ok($$DELETE FROM gis.case_event$$, '42501', NULL, 'or taken away');
SELECT throws_ok($$DELETE FROM gis.attachment$$, '42501', NULL, 'nor a photograph');
SELECT function_owner_is('gis', 'keep_case', '{}'::text[], 'gis_keeper', 'the trigger is the keeper''s');
SELECT function_owner_is('gis', 'open_cases', '{}'::text[], 'gis_keeper', 'and the one that opens');

-- As an account
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
CREATE FUNCTION pg_temp.of(house text) RETURNS bigint LANGUAGE sql AS $$SELECT case_id FROM gis.case WHERE building_id = house$$;
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true), set_config('gis.account', 'zhen', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.case ORDER BY 1', ARRAY['a', 'c'], 'a township sees its own cases');
SELECT results_eq('SELECT DISTINCT building_id FROM gis.case_event ORDER BY 1', ARRAY['a', 'c'], 'and their events');
SELECT lives_ok($$INSERT INTO gis.case_event (case_id, kind) VALUES (pg_temp.of('a'), 'start')$$, 'and takes a step');
SELECT is((SELECT state FROM gis.case WHERE building_id = 'a'), 'in_progress', 'which the case follows');
SELECT throws_ok($$INSERT INTO gis.case_event (case_id, kind) VALUES (pg_temp.of('a'), 'start')$$, 'GC001', 'state',
    'a moving event that moves nothing is refused');
SELECT throws_ok($$INSERT INTO gis.case_event (case_id, kind, reason) VALUES (pg_temp.of('a'), 'memo', 'x')$$, 'GC001', 'role',
    'a step of another role');
SELECT throws_ok($$INSERT INTO gis.case_event (case_id, kind, account) VALUES (pg_temp.of('a'), 'start', 'other')$$, '42501', NULL,
    'nobody signs for another');
SELECT throws_ok($$INSERT INTO gis.case_event (case_id, kind, to_state) VALUES (pg_temp.of('a'), 'start', 'cleared')$$, '42501',
    NULL, 'or says where it leads');
SELECT throws_ok($$INSERT INTO gis.case_event (building_id, kind, what, judgement_id) VALUES ('a', 'open', 'fire', 1)$$, '42501',
    NULL, 'or that a judgement opened it');
SELECT throws_ok($$UPDATE gis.case SET state = 'accepted'$$, '42501', NULL, 'or writes the state');
SELECT throws_ok($$INSERT INTO gis.case_event (building_id, kind, what, reason) VALUES ('b', 'open', 'legality', 'x')$$, '42501',
    NULL, 'a house of another township');
SELECT lives_ok($$INSERT INTO gis.case_event (case_id, kind, what, given) VALUES (pg_temp.of('a'), 'measure', 'stop_use',
    '{"scope": "all"}')$$, 'a measure is an event');
INSERT INTO gis.case_event (case_id, kind, refers)
SELECT case_id, 'measure_end', measure_id FROM gis.measure WHERE kind = 'stop_use';
SELECT results_eq('SELECT kind, class, ended_on FROM gis.measure', $$VALUES ('stop_use', 'control', '2022-09-08'::date)$$,
    'and over where another ends it');
SELECT results_eq('SELECT unnest(missing) FROM gis.case_card WHERE building_id = ''a'' ORDER BY 1',
    ARRAY['evacuate', 'stop_use'], 'the controls that its tier and use need are missing again');
SET LOCAL ROLE gis_village;
SELECT set_config('gis.place', '451224100001', true) \g /dev/null
SELECT throws_ok($$INSERT INTO gis.case_event (building_id, kind, what, reason) VALUES ('a', 'open', 'fire', 'x')$$, '42501', NULL,
    'a village opens nothing');
SELECT is_empty('SELECT FROM gis.case', 'and sees the cases of its own houses alone');
SELECT * FROM finish();
ROLLBACK;
