-- pgTAP for 0016_record.sql: judgements are only added and alone write a tier; a unit is a place of its own; codes are rows.
BEGIN;
SELECT plan(41);
CREATE FUNCTION pg_temp.box(x int) RETURNS geometry LANGUAGE sql AS
$$SELECT ST_Multi(ST_MakeEnvelope(436000 + x, 2712000, 436010 + x, 2712010, work_srid)) FROM gis.deployment$$;
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.admin_area (code, name, level) VALUES ('451224100', '甲镇', 'township'), ('451224U01', '矿区', 'unit');
INSERT INTO gis.building (building_id, township_code, use_class, built_year, geom) VALUES
    ('a', '451224100', 'mixed', 2010, pg_temp.box(0)), ('b', '451224100', 'other', NULL, pg_temp.box(20));
INSERT INTO gis.building (building_id, township_code, unit_code, unit_source, geom) VALUES
    ('u', '451224100', '451224U01', 'given', pg_temp.box(40));

SELECT is(gis.today(), '2022-09-08'::date, 'a demo stands on its day');
SELECT set_config('gis.today', '2022-10-01', true) \g /dev/null
SELECT is(gis.today(), '2022-10-01'::date, 'GIS_TODAY wins');
SELECT set_config('gis.today', '', true) \g /dev/null

-- Units
SELECT results_eq('SELECT unit_code FROM gis.building ORDER BY building_id',
    ARRAY['451224100', '451224100', '451224U01'], 'a house reports to its township, or to its unit');
UPDATE gis.building SET township_code = '451224101' WHERE building_id IN ('b', 'u');
SELECT results_eq('SELECT unit_code FROM gis.building ORDER BY building_id',
    ARRAY['451224100', '451224101', '451224U01'], 'one follows the township, the other was given');
UPDATE gis.building SET township_code = '451224100' WHERE building_id IN ('b', 'u');

-- Codes
SELECT throws_ok($$UPDATE gis.building SET land = 'moon'$$, '23514', NULL, 'a code that is in no list');
SELECT throws_ok($$UPDATE gis.building SET violations = '{land,littering}'$$, '23514', NULL, 'nor in a list of several');
SELECT throws_ok($$INSERT INTO gis.building (building_id, permits, geom) VALUES ('c', '{x}', pg_temp.box(60))$$, '23514',
    NULL, 'nor when a house comes');
INSERT INTO gis.code (list, code, zh, en, position) VALUES ('land', 'forest', '林场用地', 'forest farm', 10);
SELECT lives_ok($$UPDATE gis.building SET land = 'forest' WHERE building_id = 'a'$$, 'a county''s own value is a row');
SELECT is((SELECT violations FROM gis.building WHERE building_id = 'a'), NULL, 'null is not surveyed');
SELECT lives_ok($$UPDATE gis.building SET violations = '{}' WHERE building_id = 'a'$$, 'surveyed and none');

-- Nobody writes a tier
SELECT throws_ok($$UPDATE gis.building SET hazard_tier = 'severe'$$, '42501', NULL, 'not even a superuser');
SELECT throws_ok($$UPDATE gis.building SET appraisal_grade = 'D'$$, '42501', NULL, 'nor a grade');
SELECT throws_ok($$INSERT INTO gis.building (building_id, hazard_tier, geom) VALUES ('c', 'some', pg_temp.box(60))$$,
    '42501', NULL, 'nor with a new house');
SELECT is_empty($$SELECT 1 FROM pg_auth_members WHERE roleid = 'gis_keeper'::regrole$$, 'the keeper is nobody''s role');
SELECT is((SELECT rolcanlogin FROM pg_roles WHERE rolname = 'gis_keeper'), false, 'and cannot sign in');
SELECT function_owner_is('gis', 'keep_judgements', '{}'::text[], 'gis_keeper', 'the trigger is the keeper''s');

-- In force
INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('a', 'preliminary', 'some', '2022-07-01');
SELECT is((SELECT hazard_tier FROM gis.building WHERE building_id = 'a'), 'some', 'a tier follows its judgement');
INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('a', 'preliminary', 'severe', '2022-06-01');
SELECT is((SELECT hazard_tier FROM gis.building WHERE building_id = 'a'), 'some', 'a late entry of an earlier day does not');
INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('a', 'preliminary', 'none_found', '2022-07-01');
SELECT is((SELECT hazard_tier FROM gis.building WHERE building_id = 'a'), 'none_found', 'of one day the one entered last');
INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('a', 'review', 'severe', '2022-08-01');
SELECT is((SELECT hazard_tier FROM gis.building WHERE building_id = 'a'), 'severe', 'a review counts too');
INSERT INTO gis.judgement (building_id, kind, grade, judged_on) VALUES ('a', 'appraisal', 'B', '2022-08-20');
SELECT results_eq($$SELECT hazard_tier, appraisal_grade FROM gis.building WHERE building_id = 'a'$$,
    $$VALUES ('severe', 'B')$$, 'an appraisal sets the grade alone');
INSERT INTO gis.judgement (building_id, kind, grade, judged_on, supersedes)
SELECT 'a', 'appraisal', 'unknown', '2022-08-25', judgement_id FROM gis.judgement WHERE grade = 'B';
SELECT is((SELECT appraisal_grade FROM gis.building WHERE building_id = 'a'), 'unknown', 'a report that was taken back');
INSERT INTO gis.judgement (building_id, kind, tier, judged_on, supersedes)
SELECT 'a', 'review', 'some', '2022-08-01', judgement_id FROM gis.judgement WHERE kind = 'review';
SELECT results_eq($$SELECT kind, coalesce(tier, grade) FROM gis.judgement_in_force WHERE building_id = 'a' ORDER BY 1$$,
    $$VALUES ('appraisal', 'unknown'), ('preliminary', 'none_found'), ('review', 'some')$$, 'one of each kind');
SELECT is((SELECT tier FROM gis.in_force('a', '{preliminary,review}', '2022-06-30')), 'severe',
    'on a day what was judged until then, whenever it was entered');
SELECT is((SELECT grade FROM gis.in_force('a', '{appraisal}', '2022-08-24')), 'B',
    'what takes it back later does not reach into that day');
SELECT is_empty($$SELECT 1 FROM gis.in_force('a', '{preliminary}', '2022-05-31')$$, 'before the first there is none');

-- What is refused
SELECT throws_ok($$INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('a', 'preliminary', 'some',
    '2022-09-09')$$, '23514', NULL, 'the future');
SELECT throws_ok($$INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('a', 'preliminary', 'some',
    '2009-12-31')$$, '23514', NULL, 'before it was built');
SELECT throws_ok($$INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('a', 'preliminary', 'unjudged',
    '2022-09-01')$$, '23514', NULL, 'nothing is no judgement');
SELECT throws_ok($$INSERT INTO gis.judgement (building_id, kind, tier, grade, judged_on) VALUES ('a', 'appraisal', 'some',
    'C', '2022-09-01')$$, '23514', NULL, 'an appraisal has no tier');
SELECT throws_ok($$INSERT INTO gis.judgement (building_id, kind, tier, judged_on, supersedes) SELECT 'b', 'preliminary',
    'some', '2022-09-01', max(judgement_id) FROM gis.judgement$$, '23514', NULL, 'of another house');
SELECT throws_ok($$INSERT INTO gis.judgement (building_id, kind, grade, judged_on, supersedes) SELECT 'a', 'appraisal',
    'C', '2022-09-01', judgement_id FROM gis.judgement WHERE grade = 'B'$$, '23505', NULL, 'one correction a row');
SELECT throws_ok('UPDATE gis.judgement SET reason = NULL', '42501', NULL, 'no row is changed');
SELECT throws_ok('DELETE FROM gis.judgement', '42501', NULL, 'or taken away');
SELECT throws_ok($$INSERT INTO gis.round (name, kind, first_day, last_day) VALUES ('r', 'campaign', '2022-09-02',
    '2022-09-01')$$, '23514', NULL, 'a round that ends before it begins');

-- Who sees and adds what
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('u', 'preliminary', 'some', '2022-08-01');
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224U01', true), set_config('gis.account', 'unit', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.building', ARRAY['u'], 'a unit sees its own houses');
SELECT results_eq('SELECT building_id FROM gis.judgement', ARRAY['u'], 'and their judgements');
SELECT set_config('gis.place', '451224100', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.building ORDER BY 1', ARRAY['a', 'b'], 'the township round it does not');
SELECT lives_ok($$INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('b', 'preliminary', 'some',
    '2022-09-01')$$, 'a township judges its own');
SELECT throws_ok($$INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('u', 'preliminary', 'some',
    '2022-09-01')$$, '42501', NULL, 'and no other house');
SET LOCAL ROLE gis_village;
SELECT throws_ok($$INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('b', 'preliminary', 'some',
    '2022-09-01')$$, '42501', NULL, 'a village judges nothing');
SELECT * FROM finish();
ROLLBACK;
