-- pgTAP for 0014_drafts.sql: whose a draft is.
BEGIN;
SELECT plan(6);
SELECT col_default_is('gis', 'run', 'draft', 'false', 'a run is no draft unless it says so');
SELECT col_not_null('gis', 'run', 'draft', 'it is one or it is not');
INSERT INTO gis.run (kind, parameters, draft, finished_at, data_version, code_version, account, place, role) VALUES
    ('selection', '{}', false, now(), 0, 'county', 'ping', NULL, 'gis_planner'),
    ('selection', '{}', true, now(), 0, 'draft', 'ping', NULL, 'gis_planner'),
    ('selection', '{}', true, now(), 0, 'town', 'town', 't1', 'gis_township'),
    ('selection', '{}', true, now(), 0, 'other', 'other', 't2', 'gis_township');
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET LOCAL ROLE gis_planner;
SELECT results_eq('SELECT code_version FROM gis.run ORDER BY run_id', ARRAY['county', 'draft', 'town', 'other'],
    'who works on the county may look at all of them');
RESET ROLE;
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', 't1', true), set_config('gis.account', 'town', true) \g /dev/null
SELECT results_eq('SELECT code_version FROM gis.run ORDER BY run_id', ARRAY['county', 'town'],
    'a township: the county''s list and its own drafts');
RESET ROLE;
SET LOCAL ROLE gis_department;
SELECT set_config('gis.place', '', true), set_config('gis.department', 'health', true) \g /dev/null
SELECT results_eq('SELECT code_version FROM gis.run', ARRAY['county'], 'a department: the county''s');
SELECT throws_ok($$UPDATE gis.run SET draft = true$$, '42501', NULL, 'nobody makes a draft of what is none');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
