-- pgTAP for 0007_result_digest.sql: every table of results has the digest.
BEGIN;
SELECT plan(7);
SELECT has_column('gis', t, 'digest', t) FROM unnest(ARRAY[
    'gap', 'alley', 'cluster', 'building_density', 'engine_space', 'burn_cluster', 'firebreak']) AS t;
SELECT * FROM finish();
ROLLBACK;
