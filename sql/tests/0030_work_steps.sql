-- pgTAP for 0030_work_steps.sql: a unit says what it has done of the six steps, with its proof; nothing is changed.
BEGIN;
SELECT plan(9);
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.admin_area (code, name, level) VALUES ('451224100', '东兰镇', 'township'), ('451224101', '隘洞镇', 'township');
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true), set_config('gis.account', 'zhen', true) \g /dev/null
SELECT lives_ok($$INSERT INTO gis.work_step (unit_code, step, done_on, proof) VALUES ('451224100', 'team', '2022-06-10', '东镇发〔2022〕5号')$$,
    'a township says what it has done');
SELECT throws_ok($$INSERT INTO gis.work_step (unit_code, step, done_on, proof) VALUES ('451224101', 'team', '2022-06-10', 'x')$$,
    '42501', NULL, 'not for another');
SELECT throws_ok($$INSERT INTO gis.work_step (unit_code, step, done_on, proof) VALUES ('451224100', 'team', '2022-09-09', 'x')$$,
    'GC001', 'future', 'nor for tomorrow');
SELECT throws_ok($$INSERT INTO gis.work_step (unit_code, step, done_on, proof) VALUES ('451224100', 'team', '2022-06-10', '')$$,
    '23514', NULL, 'nor without proof');
SELECT throws_ok('UPDATE gis.work_step SET done_on = ''2022-06-11''', '42501', NULL, 'nothing is changed');
SELECT is((SELECT account FROM gis.work_step), 'zhen', 'it is said who');
SELECT set_config('gis.place', '451224101', true) \g /dev/null
SELECT is_empty('SELECT FROM gis.work_step', 'another township does not read it');
SET LOCAL ROLE gis_planner;
SELECT throws_ok($$INSERT INTO gis.work_step (unit_code, step, done_on, proof) VALUES ('999', 'team', '2022-06-10', 'x')$$,
    'GC001', 'unit', 'a unit that is not there');
SET LOCAL ROLE gis_department;
SELECT is_empty('SELECT FROM gis.work_step', 'nor does a department');
SELECT * FROM finish();
ROLLBACK;
