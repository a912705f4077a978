-- pgTAP for 0017_plans.sql: who sees which plan, and that what is published stays as it is.
BEGIN;
SELECT plan(24);
INSERT INTO gis.admin_area (code, name, level) VALUES ('451200001', '甲镇', 'township');
INSERT INTO gis.building (building_id, township_code, geom) VALUES
    ('a1', '451200001', ST_Multi(ST_MakeEnvelope(436000, 2700000, 436010, 2700010, 4545))),
    ('b1', '451200002', ST_Multi(ST_MakeEnvelope(436100, 2700000, 436110, 2700010, 4545)));
GRANT USAGE ON SCHEMA tap TO PUBLIC;

SET LOCAL ROLE gis_planner;
SELECT set_config('gis.account', 'ping', true) \g /dev/null
CREATE FUNCTION pg_temp.add_version() RETURNS integer LANGUAGE sql AS $$
    INSERT INTO gis.plan_version (plan_id, version, state, origin, parameters, data_version, code_version)
    SELECT (SELECT max(plan_id) FROM gis.plan), coalesce(max(version), 0) + 1, 'draft', 'made', '{}', 0, 't'
    FROM gis.plan_version RETURNING version $$;
INSERT INTO gis.plan (name) VALUES ('九月');
SELECT is((SELECT account FROM gis.plan), 'ping', 'a plan says whose it is');
SELECT throws_ok($$INSERT INTO gis.plan (name, account) VALUES ('x', 'anna')$$, '42501', NULL, 'and nobody signs for another');
SELECT is(pg_temp.add_version(), 1, 'the first version');
INSERT INTO gis.plan_team (plan_id, version, team, position)
SELECT plan_id, 1, '一组', 1 FROM gis.plan;
INSERT INTO gis.plan_stop (plan_id, version, building_id, team, day, seq, arrive, leave, travel_m, minutes, urgency, unjudged)
SELECT p.plan_id, 1, b.building_id, '一组', '2022-09-13', row_number() OVER (ORDER BY b.building_id), '08:30', '09:00', 0, 30, 4, true
FROM gis.plan AS p, gis.building AS b;
INSERT INTO gis.plan_unplanned SELECT plan_id, 1, 'b2', '没有道路可达' FROM gis.plan;
INSERT INTO gis.plan_day SELECT plan_id, 1, '一组', '2022-09-13', 2, 60, 0, 0, 34200 FROM gis.plan;
SELECT is((SELECT count(*) FROM gis.plan_stop WHERE pinned), 0::bigint, 'no stop is pinned unless it is said');
UPDATE gis.plan_stop SET pin_day = true WHERE building_id = 'a1';
SELECT ok((SELECT pinned FROM gis.plan_stop WHERE building_id = 'a1'), 'held to its day: pinned');
SELECT throws_ok($$UPDATE gis.plan_version SET state = 'failed'$$, '23514', NULL, 'a failed version says why');
RESET ROLE;

SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451200001', true) \g /dev/null
SELECT is((SELECT count(*) FROM gis.plan), 0::bigint, 'a township sees no draft');
SELECT is((SELECT count(*) FROM gis.plan_stop), 0::bigint, 'and no stop of one');
RESET ROLE;
SET LOCAL ROLE gis_auditor;
SELECT is((SELECT count(*) FROM gis.plan_stop), 2::bigint, 'an auditor sees all of it');
SELECT throws_ok($$UPDATE gis.plan_stop SET seq = 9$$, '42501', NULL, 'and changes nothing');
RESET ROLE;

SET LOCAL ROLE gis_planner;
UPDATE gis.plan_version SET state = 'published', published_at = now(), published_by = 'ping';
UPDATE gis.plan_stop SET seq = 9;
SELECT is((SELECT max(seq) FROM gis.plan_stop), 2, 'a published stop stays where it is');
DELETE FROM gis.plan_stop;
SELECT is((SELECT count(*) FROM gis.plan_stop), 2::bigint, 'and is not removed');
SELECT throws_ok($$INSERT INTO gis.plan_team (plan_id, version, team, position) SELECT plan_id, 1, '二组', 2 FROM gis.plan$$,
    '42501', NULL, 'a published version gets no further team');
UPDATE gis.plan_version SET state = 'draft', published_at = NULL;
SELECT is((SELECT state FROM gis.plan_version), 'published', 'nobody takes back what is published');
SELECT is(pg_temp.add_version(), 2, 'a further version can be made');
DELETE FROM gis.plan;
SELECT is((SELECT count(*) FROM gis.plan), 1::bigint, 'a plan that was published stays');
INSERT INTO gis.plan (name) VALUES ('trial');
DELETE FROM gis.plan WHERE name = 'trial';
SELECT is((SELECT count(*) FROM gis.plan), 1::bigint, 'a trial may go');
SELECT results_eq('SELECT version, state, in_force, newest FROM gis.plan_head ORDER BY version',
    $$VALUES (1, 'published', true, 2), (2, 'draft', false, 2)$$, 'the one published last is in force');
RESET ROLE;

SET LOCAL ROLE gis_township;
SELECT results_eq('SELECT building_id FROM gis.plan_stop', ARRAY['a1'], 'a township: the stops at its own houses');
SELECT is((SELECT count(*) FROM gis.plan_unplanned), 0::bigint, 'of what is left out its own houses too');
SELECT results_eq('SELECT version FROM gis.plan_version', ARRAY[1], 'of the versions the published one');
SELECT throws_ok('SELECT FROM gis.plan_day', '42501', NULL, 'what a team does elsewhere is the county''s affair');
SELECT throws_ok($$INSERT INTO gis.plan (name) VALUES ('x')$$, '42501', NULL, 'a township makes no plan');
RESET ROLE;
SET LOCAL ROLE gis_department;
SELECT set_config('gis.place', '', true) \g /dev/null
SELECT is((SELECT count(*) FROM gis.plan), 0::bigint, 'who has neither place nor department sees none');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
