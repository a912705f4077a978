-- Who may do what, all of it, in one place; applied again whenever this file changes.
-- The owner makes and loads. The service connects as gis_service, which may read nothing of the county by itself:
-- each transaction takes the role of whoever asks. Which rows a role sees is said in migration 0009.

-- Until the last line: the keeper's function can be given to it, and spoken of, by its own alone.
GRANT gis_keeper TO CURRENT_USER;
GRANT CREATE ON SCHEMA gis TO gis_keeper;
ALTER FUNCTION gis.keep_judgements() OWNER TO gis_keeper;
ALTER FUNCTION gis.keep_case() OWNER TO gis_keeper;
ALTER FUNCTION gis.open_cases() OWNER TO gis_keeper;
ALTER FUNCTION gis.place_visit() OWNER TO gis_keeper;
ALTER FUNCTION gis.follow_visit() OWNER TO gis_keeper;
ALTER FUNCTION gis.apply_decision() OWNER TO gis_keeper;
ALTER FUNCTION gis.keep_signature() OWNER TO gis_keeper;
ALTER FUNCTION gis.count_cleared() OWNER TO gis_keeper;
ALTER FUNCTION gis.move_cleared() OWNER TO gis_keeper;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA gis FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA gis FROM
    gis_reader, gis_service, gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA gis FROM
    gis_reader, gis_service, gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
REVOKE ALL ON SCHEMA gis FROM gis_keeper;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA gis FROM
    PUBLIC,
    gis_reader, gis_service, gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;

-- Membership: the service may become each of them for a transaction, and nobody else.
GRANT gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor TO gis_service;
-- An account given by DATABASE_URL does the same.
GRANT gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor TO CURRENT_USER;

GRANT USAGE ON SCHEMA public TO
    gis_owner, gis_reader,
    gis_service, gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT USAGE ON SCHEMA gis TO
    gis_reader, gis_keeper, gis_service, gis_administrator, gis_planner, gis_fire,
    gis_department, gis_township, gis_village, gis_auditor;

-- Before anybody has signed in: the work SRID, the day, and a counter that says the database answers.
GRANT SELECT ON gis.deployment TO gis_service;
GRANT EXECUTE ON FUNCTION gis.today TO gis_service;
GRANT SELECT ON SEQUENCE gis.data_version TO gis_service;

-- Reading, everybody: the rows are row-level security's matter.
GRANT SELECT ON
    gis.deployment, gis.admin_area, gis.key_zone, gis.building, gis.road, gis.hydrant, gis.water_area, gis.drawn_area,
    gis.run, gis.selection,
    gis.gap, gis.alley, gis.cluster, gis.building_density, gis.engine_space, gis.burn_cluster, gis.firebreak,
    gis.house_card, gis.reach_card, gis.cluster_card, gis.cluster_record,
    gis.code, gis.round, gis.round_deadline, gis.institution, gis.judgement, gis.judgement_confirmation,
    gis.judgement_in_force, gis.import_row
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT SELECT ON SEQUENCE gis.data_version TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT EXECUTE ON FUNCTION gis.tile_frame, gis.asker, gis.lies_in, gis.misplaced, gis.today,
    gis.in_force, gis.meets TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT SELECT ON gis.import, gis.reject, gis.change TO gis_administrator, gis_planner, gis_auditor;
GRANT SELECT ON gis.migration TO gis_administrator, gis_auditor;
GRANT SELECT ON gis.building_person TO gis_administrator, gis_planner, gis_township, gis_village;

-- Selections: what is asked, never who asked; that writes itself.
GRANT INSERT (kind, name, parameters, data_version, code_version), UPDATE (finished_at) ON gis.run TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township;
GRANT INSERT ON gis.selection TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township;
GRANT EXECUTE ON FUNCTION gis.publish TO gis_administrator, gis_planner;

-- Drawn areas.
GRANT INSERT (name, note, geom), UPDATE (name, note, version, updated_at, geom), DELETE ON gis.drawn_area TO
    gis_administrator, gis_planner, gis_fire;

-- The fire brigade's records: added to, never changed; who and when write themselves.
GRANT SELECT ON gis.fire_site, gis.fire_plan, gis.fire_drill, gis.fire_patrol TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (name, township_codes, village_codes, geom) ON gis.fire_site TO gis_administrator, gis_planner, gis_fire;
GRANT INSERT (site_id, version, number, dated, unit, body, run_id, cluster_id) ON gis.fire_plan TO
    gis_administrator, gis_planner, gis_fire;
GRANT INSERT (site_id, dated, result, note, corrects) ON gis.fire_drill TO gis_administrator, gis_planner, gis_fire;
GRANT INSERT (site_id, dated, unit, found, note, corrects) ON gis.fire_patrol TO
    gis_administrator, gis_planner, gis_fire;

-- Inspection plans (0017): read like the houses, made and changed by planners; what is published stays as it is.
GRANT SELECT ON gis.plan, gis.plan_version, gis.plan_team, gis.plan_stop, gis.plan_unplanned, gis.plan_head TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT SELECT ON gis.plan_day, gis.plan_edit TO gis_administrator, gis_planner, gis_fire, gis_auditor;
GRANT INSERT (name, run_id), UPDATE (name), DELETE ON gis.plan TO gis_administrator, gis_planner;
GRANT INSERT (plan_id, version, state, based_on, origin, parameters, summary, data_version, code_version),
      UPDATE (state, revision, parameters, summary, refusal, changed_by, changed_at, published_by, published_at)
ON gis.plan_version TO gis_administrator, gis_planner;
GRANT INSERT, UPDATE, DELETE ON gis.plan_team, gis.plan_stop, gis.plan_day, gis.plan_unplanned TO
    gis_administrator, gis_planner;
GRANT INSERT (plan_id, version, revision, kind, what, before), UPDATE (undone) ON gis.plan_edit TO
    gis_administrator, gis_planner;

-- Accounts, sign-in, trail (0010). On its own the service asks these questions and reads no table of them.
GRANT EXECUTE ON FUNCTION
    gis.credential, gis.account_of_subject, gis.try_sign_in, gis.forget_attempts, gis.open_session, gis.session_asker,
    gis.close_session, gis.token_asker, gis.store_password, gis.tokens_of, gis.make_token, gis.revoke_token, gis.record
TO gis_service;
GRANT EXECUTE ON FUNCTION gis.record
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT EXECUTE ON FUNCTION gis.store_password, gis.tokens_of, gis.make_token, gis.revoke_token TO gis_administrator;
-- No password's hash, and nobody is deleted: the trail names them for ever.
GRANT SELECT (account_id, name, role, place, department, person, has_password, oidc_subject, demo, created_at,
              password_changed_at, disabled_at) ON gis.account TO gis_administrator;
GRANT INSERT (name, role, place, department, person, oidc_subject, demo), UPDATE (disabled_at, oidc_subject)
ON gis.account TO gis_administrator;
GRANT SELECT ON gis.audit_trail, gis.audit_head TO gis_administrator, gis_auditor;

-- The data's version moves on by itself; a counter to be read, and a step for whoever changes what has no trigger (0018).
GRANT EXECUTE ON FUNCTION gis.version_of_data TO gis_service, gis_reader,
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT SELECT ON gis.data_step TO gis_administrator;

-- Browsers that signed in before, names that are opened (0018).
GRANT EXECUTE ON FUNCTION gis.knows_browser, gis.know_browser TO gis_service;
GRANT EXECUTE ON FUNCTION gis.open_name, gis.open_things TO gis_administrator;

-- Jobs: asked for and cancelled by who may see them; done by the worker, who is the owner.
GRANT SELECT, INSERT (kind, parameters, key, lane), UPDATE (cancel) ON gis.job TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT SELECT ON gis.job_line TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;

-- The login for QGIS and psql: what an auditor sees of the county, and nothing of people. Named here, table by table: a
-- table that is not in this list is not read. Not the trail, nor what files held (reject, change): they may quote anything.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['deployment', 'admin_area', 'key_zone', 'building', 'road', 'hydrant', 'water_area', 'drawn_area', 'run',
                                'selection', 'gap', 'alley', 'cluster', 'building_density', 'engine_space',
                                'burn_cluster', 'firebreak', 'fire_site', 'fire_plan', 'fire_drill', 'fire_patrol'] LOOP
        EXECUTE format('GRANT SELECT ON gis.%I TO gis_reader', name);
        EXECUTE format('DROP POLICY IF EXISTS reader ON gis.%I', name);
        EXECUTE format('CREATE POLICY reader ON gis.%I FOR SELECT TO gis_reader USING (true)', name);
    END LOOP;
END
$$;
GRANT SELECT ON gis.house_card, gis.reach_card, gis.cluster_card TO gis_reader;
GRANT EXECUTE ON FUNCTION gis.asker TO gis_reader;
-- The record of a house (0016). A judgement says itself who entered it, when, and that it was entered.
GRANT INSERT (building_id, round_id, visit_id, kind, tier, grade, judged_on, judge, judge_unit, institution_id, reason,
              supersedes) ON gis.judgement TO gis_administrator, gis_planner, gis_township;
GRANT INSERT (judgement_id) ON gis.judgement_confirmation TO gis_township;
GRANT INSERT (name, credit_code, qualification, listed) ON gis.institution TO
    gis_administrator, gis_planner, gis_township;
GRANT INSERT (name, kind, first_day, last_day, filter, source), UPDATE (closed_on, closed_by) ON gis.round TO
    gis_administrator, gis_planner;
GRANT INSERT ON gis.round_deadline TO gis_administrator, gis_planner;
GRANT INSERT (list, code, zh, en, position, office, annex) ON gis.code TO gis_administrator, gis_planner;
GRANT USAGE ON SEQUENCE gis.data_version TO gis_township;
-- Cases (0022): read like the houses; a step is an event, and who may take which is said in gis.case_rule. An event says
-- itself who entered it, when, and in which place.
GRANT SELECT ON gis.case, gis.case_event, gis.case_rule, gis.control_rule, gis.measure, gis.notice, gis.case_card,
    gis.cleared_count, gis.attachment
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT EXECUTE ON FUNCTION gis.case_refusal TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (case_id, building_id, kind, what, on_day, until, responsible, reason, given, evidence, refers)
ON gis.case_event TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township;
GRANT INSERT (sha256, building_id, media, bytes, width, height) ON gis.attachment TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village;
-- The county's own words, rights and duties: who may take a step, what it must say, which control is due when.
GRANT INSERT, UPDATE (zh, en, position, roles, needs, takes, clause) ON gis.case_rule TO gis_administrator;
GRANT INSERT, UPDATE, DELETE ON gis.control_rule TO gis_administrator;
-- Visits (0023): reported by whoever stands before a house, never changed; what they propose is the township's to decide.
GRANT SELECT ON gis.visit, gis.proposal, gis.proposal_decision
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (visit_id, building_id, round_id, plan_id, visited_at, outcome, found, answers, note, photographs, position,
              position_by, accuracy_m, source, digest)
ON gis.visit TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village;
GRANT INSERT (proposal_id, accepted, reason) ON gis.proposal_decision TO gis_administrator, gis_township;
-- Joint enforcement (0024): planned by the county, found by who goes.
GRANT SELECT ON gis.enforcement, gis.enforcement_house, gis.enforcement_finding
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (on_day, lead, departments, note) ON gis.enforcement TO gis_administrator, gis_planner;
GRANT INSERT ON gis.enforcement_house TO gis_administrator, gis_planner;
GRANT INSERT (enforcement_id, building_id, found, measure, note, photographs) ON gis.enforcement_finding TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township;
-- Sign-off (0026): signed by whom gis.signer names, on paper by the county's office; who and when write themselves.
GRANT SELECT ON gis.signer, gis.signed_content, gis.signature, gis.signature_page
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT EXECUTE ON FUNCTION gis.signature_counts, gis.number_text, gis.in_order
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (unit_code, village_code, step, name, title, account) ON gis.signer TO gis_administrator, gis_planner;
GRANT INSERT (sha256, unit_code, village_code, content) ON gis.signed_content TO
    gis_administrator, gis_planner, gis_township, gis_village;
GRANT INSERT (round_id, unit_code, village_code, step, content, houses, by_paper) ON gis.signature TO
    gis_administrator, gis_planner, gis_township, gis_village;
GRANT INSERT (signature_id, sha256, media, bytes) ON gis.signature_page TO
    gis_administrator, gis_planner, gis_township, gis_village;
GRANT SELECT ON gis.signer, gis.signed_content, gis.signature, gis.signature_page TO gis_keeper;
GRANT EXECUTE ON FUNCTION gis.signature_counts, gis.signature_text TO gis_keeper;
-- Bulletins (0029): frozen by the county's office, read by all to whom they go; a snapshot says itself who made it and when.
GRANT SELECT ON gis.snapshot, gis.snapshot_house, gis.assessment_item
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (kind, day, body, sha256) ON gis.snapshot TO gis_administrator, gis_planner;
GRANT INSERT ON gis.snapshot_house TO gis_administrator, gis_planner;
GRANT UPDATE (points) ON gis.assessment_item TO gis_administrator, gis_planner;
-- The six steps (0030): said by the unit itself, or by the county for it.
GRANT SELECT ON gis.work_step
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (unit_code, step, done_on, proof) ON gis.work_step TO gis_administrator, gis_planner, gis_township;
-- Duties (0031): who works where, set by the county, and by a township for its own; what is to be done.
GRANT SELECT ON gis.duty, gis.duty_in_force, gis.patrol_rule, gis.reward
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (account, kind, place, name, title, holds) ON gis.duty TO gis_administrator, gis_planner, gis_township;
GRANT UPDATE (days, source) ON gis.patrol_rule TO gis_administrator;
GRANT EXECUTE ON FUNCTION gis.has_charge_of, gis.work
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT EXECUTE ON FUNCTION gis.is_account TO gis_administrator, gis_planner, gis_township;
-- Notices and letters (0027). A county's templates are read by whoever prints.
GRANT SELECT ON gis.house_notice, gis.house_service, gis.notice_due, gis.paper_template, gis.letter, gis.letter_done
TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT INSERT (building_id, kind, number, due_on) ON gis.house_notice TO gis_administrator, gis_department, gis_township;
GRANT INSERT (notice_id, building_id, served_on, method, reason, receipt) ON gis.house_service TO
    gis_administrator, gis_department, gis_township;
GRANT USAGE ON SEQUENCE gis.case_event_event_id_seq TO gis_administrator, gis_department, gis_township;
GRANT INSERT (kind, content) ON gis.paper_template TO gis_administrator, gis_planner;
GRANT INSERT (kind, unit_code, step, number, reason, issued_on, due_on, meeting) ON gis.letter TO gis_administrator, gis_planner;
GRANT INSERT (letter_id, done_on, note) ON gis.letter_done TO gis_administrator, gis_planner;
-- QR plates (0028): what one tells a stranger is what its function returns.
GRANT EXECUTE ON FUNCTION gis.scan_plate TO gis_service;
GRANT SELECT ON gis.plate, gis.plate_setting, gis.plate_withdrawal TO
    gis_administrator, gis_planner, gis_fire, gis_department, gis_township, gis_village, gis_auditor;
GRANT SELECT ON gis.plate_scan TO gis_administrator, gis_planner, gis_auditor;
GRANT INSERT (building_id, issue, body) ON gis.plate TO gis_administrator, gis_planner, gis_township;
GRANT INSERT (plate_id, reason) ON gis.plate_withdrawal TO gis_administrator, gis_planner, gis_township;
GRANT INSERT (enabled, telephone) ON gis.plate_setting TO gis_administrator, gis_planner;
-- Whom nobody can be: it keeps a house's tier and grade in step with the judgements, a case with its events, and a house
-- with what its township accepted, by the functions that it owns.
GRANT SELECT ON gis.building, gis.judgement, gis.deployment, gis.round, gis.round_deadline, gis.attachment, gis.case,
    gis.case_event, gis.case_rule, gis.control_rule, gis.measure TO gis_keeper;
GRANT UPDATE (hazard_tier, appraisal_grade, name, address, floors, structure, use_class, business_uses, people, built_year,
              alterations, altered_on, licences, permits, violations, geohazards, fire_hazards, declared_areas, land, design,
              builder, ownership, removed_on) ON gis.building TO gis_keeper;
GRANT SELECT ON gis.plan_version, gis.plan_stop, gis.visit, gis.proposal TO gis_keeper;
GRANT UPDATE (done) ON gis.plan_stop TO gis_keeper;
GRANT INSERT ON gis.proposal TO gis_keeper;
GRANT USAGE ON SCHEMA public TO gis_keeper;
GRANT EXECUTE ON FUNCTION gis.sorted, gis.surveyed_fields TO gis_keeper;
GRANT INSERT ON gis.case, gis.cleared_count TO gis_keeper;
GRANT UPDATE (state, deadline, responsible, moved_on, seq, submission, basis) ON gis.case TO gis_keeper;
GRANT INSERT (building_id, kind, what, on_day, judgement_id) ON gis.case_event TO gis_keeper;
GRANT USAGE ON SEQUENCE gis.case_case_id_seq TO gis_keeper;
GRANT EXECUTE ON FUNCTION gis.in_force, gis.today, gis.meets, gis.asker, gis.case_refusal, gis.case_fault TO gis_keeper;
REVOKE gis_keeper FROM CURRENT_USER;
