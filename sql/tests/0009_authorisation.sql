-- pgTAP for 0009_authorisation.sql: who sees and writes what, on a handful of rows.
BEGIN;
SELECT plan(30);

SELECT has_role(role, role) FROM unnest(ARRAY['gis_administrator', 'gis_planner', 'gis_fire', 'gis_department',
                                              'gis_township', 'gis_village', 'gis_auditor']) AS role;
SELECT is_empty($$SELECT relname FROM pg_class WHERE relnamespace = 'gis'::regnamespace AND relkind = 'r'
                  AND NOT (relrowsecurity AND relforcerowsecurity)$$, 'every table is under forced policies');
SELECT is(gis.asker('place'), NULL, 'nothing is told to begin with');

INSERT INTO gis.building (building_id, township_code, village_code, departments, geom)
SELECT 'b' || n, CASE WHEN n < 3 THEN 't1' ELSE 't2' END, CASE n WHEN 1 THEN 'v1' ELSE 'v2' END,
       CASE n WHEN 3 THEN ARRAY['police'] ELSE '{}' END,
       ST_Multi(ST_MakeEnvelope(436000 + 3 * n, 2712000, 436001 + 3 * n, 2712001, 4545))
FROM generate_series(1, 4) AS n;
INSERT INTO gis.building_person SELECT building_id, 'owner' FROM gis.building;
INSERT INTO gis.admin_area (code, name, level, geom)
VALUES ('t1', 'one', 'township', ST_Multi(ST_MakeEnvelope(436000, 2711000, 436008, 2713000, 4545)));
INSERT INTO gis.drawn_area (name, geom) VALUES
    ('in t1', ST_Multi(ST_MakeEnvelope(436000, 2712000, 436004, 2712004, 4545))),
    ('far', ST_Multi(ST_MakeEnvelope(439000, 2712000, 439004, 2712004, 4545)));
INSERT INTO gis.run (kind, parameters, data_version, code_version) VALUES ('density', '{}', 0, '0');
INSERT INTO gis.gap (run_id, building_a, building_b, class, min_width_m, length_m, geom)
SELECT max(run_id), 'b' || n, 'b' || n + 1, 'narrow', 2, 1, 'SRID=4545;MULTILINESTRING((0 0,1 1))'
FROM gis.run, generate_series(1, 3) AS n GROUP BY n;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;

SET LOCAL ROLE gis_township;
SELECT is_empty('SELECT * FROM gis.building', 'a township with no place sees nothing');
SELECT set_config('gis.place', 't1', true), set_config('gis.account', 'town', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.building ORDER BY 1', ARRAY['b1', 'b2'], 'its own houses');
SELECT results_eq($$SELECT building_a || building_b FROM gis.gap ORDER BY 1$$, ARRAY['b1b2', 'b2b3'],
    'gaps of its own houses, across the border too');
SELECT results_eq('SELECT name FROM gis.drawn_area', ARRAY['in t1'], 'areas that reach into it');
SELECT is_empty('SELECT * FROM gis.building_person', 'no person without the privilege');
SELECT set_config('gis.person', 'on', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.building_person ORDER BY 1', ARRAY['b1', 'b2'], 'with it, its own');
SELECT throws_ok('SELECT * FROM gis.change', '42501', NULL, 'no records of changes');
SELECT throws_ok('DELETE FROM gis.drawn_area', '42501', NULL, 'it draws nothing');
SELECT lives_ok($$INSERT INTO gis.run (kind, parameters, data_version, code_version)
    VALUES ('selection', '{}', 0, '0')$$, 'it selects');
SELECT results_eq('SELECT account, place FROM gis.run WHERE account IS NOT NULL', $$VALUES ('town', 't1')$$,
    'in its own name, by itself');
SELECT throws_ok($$INSERT INTO gis.run (kind, parameters, data_version, code_version)
    VALUES ('density', '{}', 0, '0')$$, '42501', NULL, 'it analyses nothing');
SELECT lives_ok($$INSERT INTO gis.selection SELECT max(run_id), 'b1', 1, '[{}]' FROM gis.run$$, 'its house on its list');
SELECT throws_ok($$INSERT INTO gis.selection SELECT max(run_id), 'b3', 1, '[{}]' FROM gis.run$$, '42501', NULL,
    'no other house');

SET LOCAL ROLE gis_village;
SELECT set_config('gis.place', 'v1', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.building', ARRAY['b1'], 'a village sees its own');
SELECT is_empty('SELECT * FROM gis.selection', 'and not its township''s list');
SELECT throws_ok($$INSERT INTO gis.run (kind, parameters, data_version, code_version)
    VALUES ('selection', '{}', 0, '0')$$, '42501', NULL, 'it selects nothing');

SET LOCAL ROLE gis_department;
SELECT is_empty('SELECT * FROM gis.building', 'a department that is not told sees nothing, whatever its place');
SELECT set_config('gis.department', 'police', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.building', ARRAY['b3'], 'a department sees the houses of its trade');
SELECT throws_ok('SELECT * FROM gis.building_person', '42501', NULL, 'and no persons, whatever is set');

SET LOCAL ROLE gis_auditor;
SELECT is((SELECT count(*) FROM gis.building), 4::bigint, 'an auditor sees all');
SELECT throws_ok('UPDATE gis.run SET finished_at = now()', '42501', NULL, 'and changes nothing');
SELECT * FROM finish();
ROLLBACK;
