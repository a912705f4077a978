-- pgTAP for 0015_cards.sql: the cards show what the asker may see, and rank among it.
BEGIN;
SELECT plan(10);
SELECT is(array_agg(relname::text ORDER BY relname), ARRAY['case_card', 'cluster_card', 'house_card', 'reach_card'],
    'each card runs with the rights of whoever asks')
FROM pg_class WHERE relname LIKE '%\_card' AND reloptions @> ARRAY['security_invoker=true'];

INSERT INTO gis.admin_area (code, name, level, parent_code, source) VALUES
    ('451200', '甲市县', 'county', NULL, 't'), ('451200001', '甲镇', 'township', '451200', 't'),
    ('451200002', '乙镇', 'township', '451200', 't');
INSERT INTO gis.run (kind, parameters, finished_at, data_version, code_version) VALUES ('density', '{}', now(), 0, 't');
CREATE FUNCTION pg_temp.square(x float) RETURNS geometry LANGUAGE sql AS $$
    SELECT ST_Multi(ST_MakeEnvelope(500000 + x, 2700000, 500010 + x, 2700010, 4545)) $$;
INSERT INTO gis.building (building_id, township_code, geom) VALUES
    ('h1', '451200001', pg_temp.square(0)), ('h2', '451200002', pg_temp.square(20)), ('h3', NULL, pg_temp.square(40));
SELECT results_eq('SELECT building_id, township FROM gis.house_card ORDER BY 1',
    $$VALUES ('h1', '甲镇'), ('h2', '乙镇'), ('h3', NULL)$$, 'a house has its township''s name, and a row without one');
SELECT is((SELECT count(*) FROM gis.house_card), (SELECT count(*) FROM gis.building), 'one row a house');
SELECT hasnt_column('gis', 'house_card', 'owner_name', 'no personal data');
SELECT has_column('gis', 'reach_card', 'cluster', 'the cluster by its name');
SELECT has_column('gis', 'cluster_card', 'rank', 'a rank');
SELECT is((SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute
           WHERE attrelid = 'gis.cluster'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN
               (SELECT attname FROM pg_attribute WHERE attrelid = 'gis.cluster_card'::regclass AND attnum > 0)),
    ARRAY['departments', 'digest', 'fid'], 'the cluster''s card lacks of the cluster what is told to nobody');
GRANT USAGE ON SCHEMA tap TO PUBLIC;
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451200001', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.house_card', ARRAY['h1'], 'a township: its own houses');
SELECT set_config('gis.place', '451200002', true) \g /dev/null
SELECT results_eq('SELECT building_id FROM gis.house_card', ARRAY['h2'], 'another: its own');
RESET ROLE;
SET LOCAL ROLE gis_service;
SELECT throws_ok('SELECT FROM gis.house_card', '42501', NULL, 'the service itself reads none');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
