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

-- Accounts, sign-in, trail (0010). On its own the service asks these questions and reads no table of them.
GRANT EXECUTE ON FUNCTION
    gis.credential, gis.account_of_subject, gis.try_sign_in, gis.forget_attempts, gis.open_session, gis.session_asker,
    gis.close_session, gis.token_asker, gis.store_password, gis.tokens_of, gis.make_token, gis.revoke_token, gis.record
TO gis_service;
GRANT EXECUTE ON FUNCTION gis.record
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT EXECUTE ON FUNCTION gis.store_password, gis.tokens_of, gis.make_token, gis.revoke_token TO gis_administrator;
REVOKE ALL ON gis.account, gis.session, gis.token, gis.sign_in_attempt, gis.audit_trail, gis.audit_head
FROM gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
-- No password's hash, and nobody is deleted: the trail names them for ever.
GRANT SELECT (account_id, name, role, place, department, person, has_password, oidc_subject, demo, created_at,
              password_changed_at, disabled_at) ON gis.account TO gis_administrator;
GRANT INSERT (name, role, place, department, person, oidc_subject, demo), UPDATE (disabled_at, oidc_subject)
ON gis.account TO gis_administrator;
GRANT SELECT ON gis.audit_trail, gis.audit_head TO gis_administrator, gis_auditor;
