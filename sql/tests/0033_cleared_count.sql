-- pgTAP for 0033_cleared_count.sql: what was struck off is counted as it happens, and follows its house.
BEGIN;
SELECT plan(5);
INSERT INTO gis.building (building_id, township_code, use_class, geom)
SELECT id, '451224100', 'mixed', ST_Multi(ST_MakeEnvelope(x, 2712000, x + 10, 2712010, work_srid))
FROM gis.deployment, (VALUES ('a', 436000), ('b', 436020)) AS v (id, x);
SET LOCAL session_replication_role = replica;
INSERT INTO gis.case (building_id, kind, state, opened_on, moved_on, seq)
SELECT building_id, 'structure', 'accepted', '2022-06-01', '2022-06-01', 1 FROM gis.building;
SET LOCAL session_replication_role = origin;
SELECT is_empty('SELECT FROM gis.cleared_count', 'what is open is not counted');
GRANT gis_keeper TO CURRENT_USER;
SET LOCAL ROLE gis_keeper;
UPDATE gis.case SET state = 'cleared', basis = 'works';
RESET ROLE;
SELECT is((SELECT sum(cases) FROM gis.cleared_count WHERE use_class = 'mixed' AND kind = 'structure'), 2::numeric,
    'each that is struck off counts');
UPDATE gis.building SET use_class = 'other', departments = '{police}' WHERE building_id = 'a';
SELECT results_eq($$SELECT use_class, departments, sum(cases)::integer FROM gis.cleared_count GROUP BY 1, 2 HAVING sum(cases) <> 0
    ORDER BY 1$$, $$SELECT v.use_class, b.departments, 1 FROM (VALUES ('mixed', 'b'), ('other', 'a')) AS v (use_class, id)
    JOIN gis.building AS b ON b.building_id = v.id ORDER BY 1$$, 'and moves with its house');
SELECT is((SELECT count(*) FROM gis.cleared_count), 4::bigint, 'by rows that are added');
UPDATE gis.building SET name = 'x';
SELECT is((SELECT count(*) FROM gis.cleared_count), 4::bigint, 'other columns change nothing');
SELECT * FROM finish();
ROLLBACK;
