-- pgTAP for 0021_cluster_records.sql: the last of each kind, without what was corrected.
BEGIN;
SELECT plan(2);
INSERT INTO gis.run (kind, parameters, finished_at, data_version, code_version) VALUES ('density', '{}', now(), 0, 'x');
CREATE FUNCTION pg_temp.box(x float, size float) RETURNS geometry LANGUAGE sql AS
    'SELECT ST_Multi(ST_MakeEnvelope(x, 0, x + size, size, work_srid)) FROM gis.deployment';
INSERT INTO gis.fire_site (name, township_codes, village_codes, geom) SELECT 'site', '{}', '{}', pg_temp.box(0, 100);
INSERT INTO gis.fire_patrol (site_id, dated, unit) SELECT site_id, d::date, 'u'
FROM gis.fire_site, unnest(ARRAY['2022-08-01', '2022-09-01']) AS d;
INSERT INTO gis.fire_patrol (site_id, dated, unit, corrects)
SELECT site_id, '2022-08-20', 'u', patrol_id FROM gis.fire_patrol WHERE dated = '2022-09-01';
INSERT INTO gis.fire_plan (site_id, version, dated, unit, body, run_id, cluster_id)
SELECT site_id, 1, '2022-07-01', 'u', 'b', 1, 1 FROM gis.fire_site;
SELECT is_empty('SELECT FROM gis.cluster_record', 'a site that no cluster covers has no line');
SET LOCAL session_replication_role = replica;
INSERT INTO gis.cluster (run_id, cluster_id, buildings, footprint_m2, coverage, alley_m, sky_line_m, handshake_m,
                         score, score_parts, name, geom)
SELECT r.run_id, k, 10, 1, 1, 0, 0, 0, 1, '{}', 'c', pg_temp.box(k * 60 - 60, 100)
FROM gis.run AS r, generate_series(1, 2) AS k;
SELECT results_eq(
    'SELECT cluster_id, last_patrol, plan_dated, plan_version, last_drill FROM gis.cluster_record',
    $$VALUES (1, date '2022-08-20', date '2022-07-01', 1, NULL::date)$$, 'it belongs to the one that covers most of it');
SELECT * FROM finish();
ROLLBACK;
