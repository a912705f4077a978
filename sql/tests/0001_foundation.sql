-- pgTAP for 0001_foundation.sql; run by tests/db/test_pgtap.py in a database of its own.
BEGIN;
SELECT plan(12);
SELECT has_schema('gis');
SELECT has_extension('postgis');
SELECT has_extension('pg_trgm');
SELECT has_role('gis_owner');
SELECT has_role('gis_service');
SELECT schema_owner_is('gis', 'gis_owner');
SELECT has_table('gis', 'deployment', 'what this database is');
SELECT results_eq('SELECT work_srid FROM gis.deployment', ARRAY[4545], 'the work SRID is stored');
SELECT throws_ok('INSERT INTO gis.deployment (work_srid) VALUES (4546)', '23505', NULL, 'there is one row only');
SELECT throws_ok('INSERT INTO gis.deployment (only_row, work_srid) VALUES (false, 4546)', '23514', NULL,
    'nor can a second kind of row be made');
SELECT has_sequence('gis', 'data_version', 'the version of the data');
SELECT col_is_pk('gis', 'migration', 'name', 'a migration is recorded once');
SELECT * FROM finish();
ROLLBACK;
