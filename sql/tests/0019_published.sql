-- pgTAP for 0019_published.sql: one list is the county's; who sees the others; who may publish.
BEGIN;
SELECT plan(16);
INSERT INTO gis.run (kind, parameters, finished_at, data_version, code_version, account, place, role) VALUES
    ('selection', '{}', now(), 0, 'first', 'ping', NULL, 'gis_planner'),
    ('selection', '{}', now(), 0, 'second', 'ping', NULL, 'gis_planner'),
    ('selection', '{}', now(), 0, 'town', 'town', 't1', 'gis_township'),
    ('selection', '{}', now(), 0, 'other', 'other', 't2', 'gis_township'),
    ('selection', '{}', NULL, 0, 'unfinished', 'ping', NULL, 'gis_planner'),
    ('density', '{}', now(), 0, 'analysis', NULL, NULL, NULL);
CREATE FUNCTION pg_temp.number(which text) RETURNS bigint LANGUAGE sql AS
    'SELECT run_id FROM gis.run WHERE code_version = which';
CREATE FUNCTION pg_temp.shown() RETURNS SETOF text LANGUAGE sql AS
    'SELECT code_version FROM gis.run WHERE published_at IS NOT NULL';
GRANT USAGE ON SCHEMA tap TO PUBLIC;

SELECT is_empty('SELECT pg_temp.shown()', 'nothing is published until somebody does it');
SET LOCAL ROLE gis_planner;
SELECT set_config('gis.account', 'ping', true) \g /dev/null
SELECT results_eq('SELECT code_version FROM gis.run ORDER BY run_id',
    ARRAY['first', 'second', 'town', 'other', 'unfinished', 'analysis'], 'who works on the county sees all lists');
SELECT lives_ok('SELECT gis.publish(pg_temp.number(''first''))', 'a planner publishes a list');
SELECT results_eq('SELECT pg_temp.shown()', ARRAY['first'], 'that is the county''s');
SELECT results_eq('SELECT published_by FROM gis.run WHERE published_at IS NOT NULL', ARRAY['ping'], 'and says by whom');
SELECT lives_ok('SELECT gis.publish(pg_temp.number(''second''))', 'another in its place');
SELECT results_eq('SELECT pg_temp.shown()', ARRAY['second'], 'at most one at a time');
SELECT results_eq('SELECT code_version FROM gis.run WHERE withdrawn_at IS NOT NULL', ARRAY['first'],
    'the former is kept, and when it ceased');
SELECT throws_ok('SELECT gis.publish(pg_temp.number(''town''))', 'P0002', NULL, 'a township''s list is not the county''s');
SELECT throws_ok('SELECT gis.publish(pg_temp.number(''unfinished''))', 'P0002', NULL, 'nor one that is not finished');
SELECT throws_ok('SELECT gis.publish(pg_temp.number(''analysis''))', 'P0002', NULL, 'nor an analysis');
SELECT throws_ok('UPDATE gis.run SET published_at = now(), published_by = ''me''', '42501', NULL,
    'there is no other way to publish');
RESET ROLE;
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', 't1', true), set_config('gis.account', 'town', true) \g /dev/null
SELECT results_eq('SELECT code_version FROM gis.run ORDER BY run_id', ARRAY['second', 'town', 'analysis'],
    'a township: the published list, its own, and what analyses found');
SELECT throws_ok('SELECT gis.publish(NULL)', '42501', NULL, 'a township publishes and withdraws nothing');
RESET ROLE;
SET LOCAL ROLE gis_administrator;
SELECT lives_ok('SELECT gis.publish(NULL)', 'withdrawn');
SELECT is_empty('SELECT pg_temp.shown()', 'leaves none');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
