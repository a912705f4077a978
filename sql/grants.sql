-- Who may do what, all of it, in one place; applied again whenever this file changes.
-- The owner makes and loads; the service reads, and writes only what its users make.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO gis_owner, gis_service;
REVOKE ALL ON SCHEMA gis FROM PUBLIC;
GRANT USAGE ON SCHEMA gis TO gis_service;

REVOKE ALL ON ALL TABLES IN SCHEMA gis FROM gis_service;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA gis FROM gis_service;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA gis FROM PUBLIC, gis_service;

GRANT SELECT ON
    gis.deployment, gis.migration, gis.admin_area, gis.key_zone, gis.building, gis.road, gis.hydrant,
    gis.drawn_area, gis.import, gis.run, gis.selection,
    gis.gap, gis.alley, gis.cluster, gis.building_density, gis.engine_space, gis.burn_cluster, gis.firebreak
TO gis_service;
GRANT SELECT ON SEQUENCE gis.data_version TO gis_service;
-- Whole-map caches are told that an area changed.
GRANT USAGE ON SEQUENCE gis.data_version TO gis_service;

GRANT INSERT, UPDATE (finished_at) ON gis.run TO gis_service;
GRANT INSERT ON gis.selection TO gis_service;
GRANT INSERT, UPDATE (name, note, version, updated_at, geom), DELETE ON gis.drawn_area TO gis_service;
GRANT EXECUTE ON FUNCTION gis.tile_frame TO gis_service;

-- The fire brigade's records: added to, never changed; who and when write themselves.
GRANT SELECT ON gis.fire_site, gis.fire_plan, gis.fire_drill, gis.fire_patrol TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (name, township_codes, village_codes, geom) ON gis.fire_site TO gis_administrator, gis_planner, gis_fire;
GRANT INSERT (site_id, version, number, dated, unit, body, run_id, cluster_id) ON gis.fire_plan TO
    gis_administrator, gis_planner, gis_fire;
GRANT INSERT (site_id, dated, result, note, corrects) ON gis.fire_drill TO gis_administrator, gis_planner, gis_fire;
GRANT INSERT (site_id, dated, unit, found, note, corrects) ON gis.fire_patrol TO
    gis_administrator, gis_planner, gis_fire;
