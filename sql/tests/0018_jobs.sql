-- pgTAP for 0018_jobs.sql: the data's version, what ends with a password, known browsers, the reader's login, jobs.
BEGIN;
SELECT plan(36);
GRANT USAGE ON SCHEMA tap TO PUBLIC;

-- The data's version.
SELECT set_config('tap.before', gis.version_of_data()::text, false) \g /dev/null
UPDATE gis.road SET name = 'x' WHERE false;
SELECT is(gis.version_of_data(), current_setting('tap.before')::bigint, 'a statement that meets no row changes nothing');
SAVEPOINT undone;
INSERT INTO gis.admin_area (code, name, level) VALUES ('451224', '东兰县', 'county');
SELECT is(gis.version_of_data(), current_setting('tap.before')::bigint + 1, 'a change moves the version on');
ROLLBACK TO undone;
SELECT is(gis.version_of_data(), current_setting('tap.before')::bigint, 'and is taken back with the change');
INSERT INTO gis.admin_area (code, name, level) VALUES ('451224', '东兰县', 'county');
INSERT INTO gis.hydrant (hydrant_id, geom) VALUES ('h', ST_SetSRID(ST_MakePoint(436000, 2712000), 4545));
SELECT is(gis.version_of_data(), current_setting('tap.before')::bigint + 1, 'once a transaction');
SELECT set_config('tap.data', gis.version_of_data('data')::text, false) \g /dev/null
INSERT INTO gis.drawn_area (name, geom) VALUES ('x', ST_Multi(ST_MakeEnvelope(436000, 2712000, 436010, 2712010, 4545)));
SELECT is(gis.version_of_data('data'), current_setting('tap.data')::bigint, 'an area changes no house');
SELECT is(gis.version_of_data(), current_setting('tap.before')::bigint + 2, 'and is a change');
SELECT has_trigger('gis', t, 'moves_version', t || ' moves the version')
FROM unnest(ARRAY['building', 'key_zone', 'drawn_area', 'cluster', 'gap']) AS t;

-- Accounts.
INSERT INTO gis.account (name, role) VALUES ('wang', 'planner'), ('li', 'planner');
INSERT INTO gis.session (secret_sha256, account_id, csrf, idle, ends_at)
SELECT sha256('s'), account_id, 'c', '1 hour', now() + interval '1 hour' FROM gis.account WHERE name = 'wang';
INSERT INTO gis.token (secret_sha256, account_id, title, rights, ends_at)
SELECT sha256(t::bytea), account_id, t, '{read}', now() + interval '1 day'
FROM gis.account, unnest(ARRAY['t1', 't2']) AS t WHERE name = 'wang';
SELECT results_eq($$SELECT sessions, tokens FROM gis.account AS a, gis.open_things(a.account_id) WHERE a.name = 'wang'$$,
    'VALUES (1, 2)', 'what is open');
SELECT results_eq($$SELECT sessions, tokens FROM gis.account AS a, gis.store_password(a.account_id, 'h', false)
                    WHERE a.name = 'wang'$$, 'VALUES (0, 0)', 'the same password hashed anew ends nothing');
SELECT results_eq($$SELECT sessions, tokens FROM gis.account AS a, gis.store_password(a.account_id, 'h', true)
                    WHERE a.name = 'wang'$$, 'VALUES (1, 2)', 'a new one ends sessions and tokens, and says how many');
SELECT is((SELECT count(*)::int FROM gis.token WHERE revoked_at IS NULL), 0, 'no token is left');
INSERT INTO gis.token (secret_sha256, account_id, title, rights, ends_at)
SELECT sha256('t3'), account_id, 't3', '{read}', now() + interval '1 day' FROM gis.account WHERE name = 'wang';
UPDATE gis.account SET disabled_at = now() WHERE name = 'wang';
UPDATE gis.account SET disabled_at = NULL WHERE name = 'wang';
SELECT is((SELECT count(*)::int FROM gis.token WHERE revoked_at IS NULL), 0, 'disabling ends tokens for good');

SELECT gis.know_browser(account_id, sha256('b')) FROM gis.account WHERE name = 'wang' \g /dev/null
SELECT ok(gis.knows_browser('Wang', sha256('b')), 'a browser that signed in is known');
SELECT ok(NOT gis.knows_browser('li', sha256('b')), 'to that account alone');
SELECT gis.try_sign_in(ARRAY['n wang', 'p wang 10.1.1.1', 'n wangwu'], ARRAY[1, 1, 1]) \g /dev/null
SELECT is(gis.open_name('WANG'), 2::bigint, 'a name is opened');
SELECT is((SELECT count(*)::int FROM gis.sign_in_attempt), 1, 'and another that begins alike is not');

-- The reader.
SELECT is((SELECT count(*)::int FROM pg_auth_members WHERE member = 'gis_reader'::regrole), 0, 'the reader is nothing else');
SELECT ok(NOT has_any_column_privilege('gis_reader', 'gis.' || t, 'SELECT'), 'the reader does not read ' || t)
FROM unnest(ARRAY['building_person', 'account', 'session', 'token', 'audit_trail', 'reject', 'change']) AS t;
SET LOCAL ROLE gis_reader;
SELECT is((SELECT count(*)::int FROM gis.hydrant), 1, 'and reads the county');
RESET ROLE;

-- Jobs.
SET LOCAL ROLE gis_planner;
SELECT set_config('gis.account', 'wang', true) \g /dev/null
SELECT lives_ok($$INSERT INTO gis.job (kind, parameters, lane) VALUES ('sheet', '{}', 'short')$$, 'a planner asks');
SELECT throws_ok($$INSERT INTO gis.job (kind, parameters, lane, account) VALUES ('sheet', '{}', 'short', 'li')$$, '42501',
    NULL, 'in nobody else''s name');
SELECT throws_ok($$UPDATE gis.job SET state = 'done'$$, '42501', NULL, 'and does not do it');
SELECT set_config('gis.account', 'li', true) \g /dev/null
SELECT is_empty('SELECT 1 FROM gis.job', 'another does not see it');
INSERT INTO gis.job (kind, parameters, lane, key) VALUES ('sheet', '{}', 'short', 'k');
SELECT set_config('gis.account', 'wang', true) \g /dev/null
SELECT is((SELECT count(*)::int FROM gis.job), 2, 'one that is shared is seen by whoever has the same eyes');
RESET ROLE;
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true) \g /dev/null
SELECT is((SELECT count(*)::int FROM gis.job WHERE account <> 'wang'), 0, 'and by nobody with others');
RESET ROLE;
INSERT INTO gis.plan (name) VALUES ('试排');
INSERT INTO gis.plan_version (plan_id, version, state, origin, parameters, data_version, code_version)
SELECT plan_id, 1, 'making', 'made', '{}', 0, 'x' FROM gis.plan;
INSERT INTO gis.job (kind, parameters, lane)
SELECT 'plan', jsonb_build_object('plan_id', plan_id, 'version', 1), 'long' FROM gis.plan;
UPDATE gis.job SET state = 'lost', finished_at = now() WHERE kind = 'plan';
SELECT is((SELECT state FROM gis.plan_version), 'failed', 'a plan whose job was lost is not being made any more');
SELECT * FROM finish();
ROLLBACK;
