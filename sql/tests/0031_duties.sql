-- pgTAP for 0031_duties.sql: duties are only added, the newest of an account, kind and place holds.
BEGIN;
SELECT plan(5);
INSERT INTO gis.duty (account, kind, place, name) VALUES ('a', 'grid', '1', '甲'), ('a', 'leader', '1', '甲'), ('b', 'grid', '1', '乙');
INSERT INTO gis.duty (account, kind, place, name, holds) VALUES ('a', 'grid', '1', '甲', false);
SELECT results_eq('SELECT account, kind FROM gis.duty_in_force ORDER BY 1, 2', $$VALUES ('a', 'leader'), ('b', 'grid')$$,
    'what ended holds no longer');
INSERT INTO gis.duty (account, kind, place, name) VALUES ('a', 'grid', '1', '甲');
SELECT is((SELECT count(*) FROM gis.duty_in_force), 3::bigint, 'and may be given again');
SELECT throws_ok('UPDATE gis.duty SET holds = true', '42501', NULL, 'no row is changed');
SELECT throws_ok('DELETE FROM gis.duty', '42501', NULL, 'none is deleted');
SELECT results_eq('SELECT subject, days::integer FROM gis.patrol_rule ORDER BY days',
    $$VALUES ('stopped', 3), ('severe', 7), ('some', 30), ('none_found', 365)$$, 'the days of the defaults, and of a stopped business');
SELECT * FROM finish();
ROLLBACK;
