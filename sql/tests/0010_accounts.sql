-- pgTAP for 0010_accounts.sql: what the tables refuse, what the service may ask, that the trail only grows.
BEGIN;
SELECT plan(24);
SELECT has_table('gis', 'account', 'people');
SELECT col_is_unique('gis', 'account', 'oidc_subject', 'one account a subject');
INSERT INTO gis.account (name, role) VALUES ('first', 'administrator');
SELECT throws_ok($$INSERT INTO gis.account (name, role) VALUES ('First', 'planner')$$, '23514', NULL, 'names are lower case');
SELECT throws_ok($$INSERT INTO gis.account (name, role) VALUES ('first', 'planner')$$, '23505', NULL, 'a name is one account');
SELECT throws_ok($$INSERT INTO gis.account (name, role) VALUES ('x1', 'king')$$, '23514', NULL, 'roles are a closed list');
SELECT throws_ok($$INSERT INTO gis.account (name, role) VALUES ('x1', 'township')$$, '23514', NULL, 'a township has a place');
SELECT throws_ok($$INSERT INTO gis.account (name, role, place) VALUES ('x1', 'village', '451224100')$$, '23514', NULL,
    'a village has twelve digits');
SELECT throws_ok($$INSERT INTO gis.account (name, role, place) VALUES ('x1', 'planner', '451224100')$$, '23514', NULL,
    'a planner has no place');
SELECT throws_ok($$INSERT INTO gis.account (name, role) VALUES ('x1', 'department')$$, '23514', NULL,
    'a department is named');
SELECT throws_ok($$INSERT INTO gis.token (secret_sha256, account_id, title, rights, ends_at)
    SELECT sha256('t'), account_id, 't', '{read}', now() + interval '2 years' FROM gis.account$$, '23514', NULL,
    'a token lasts a year at most');

SELECT is(gis.record('a', 'planner', NULL, 'selected', 'run 1', '{"n": 1}', NULL, NULL), 1::bigint, 'the first entry');
SELECT is(gis.record('b', NULL, NULL, 'selected', 'run 2', '{}', NULL, NULL), 2::bigint, 'and the second');
SELECT is((SELECT previous FROM gis.audit_trail WHERE entry_id = 2), (SELECT hash FROM gis.audit_trail WHERE entry_id = 1),
    'is chained to it');
SELECT is((SELECT hash FROM gis.audit_head), (SELECT hash FROM gis.audit_trail WHERE entry_id = 2), 'and is the head');
SELECT is(gis.netstring('县'), '3:县,', 'a length is in bytes');
SELECT throws_ok('UPDATE gis.audit_trail SET account = account', '42501', NULL, 'nobody alters an entry, the superuser neither');
SELECT throws_ok('DELETE FROM gis.audit_trail', '42501', NULL, 'nor removes one');
SELECT throws_ok('TRUNCATE gis.audit_trail', '42501', NULL, 'nor all');
SELECT throws_ok('UPDATE gis.audit_head SET entries = 0', '42501', NULL, 'nor winds the head back');
SELECT throws_ok('DELETE FROM gis.audit_head', '42501', NULL, 'nor removes it');
SELECT table_privs_are('gis', 'account', 'gis_service', '{}', 'the service reads no account');
SELECT table_privs_are('gis', 'session', 'gis_service', '{}', 'and no session');
SELECT is((SELECT count(*) FROM gis.credential('FIRST')), 1::bigint, 'it asks for one name, in any case');
SELECT is((SELECT count(*) FROM gis.session_asker(sha256('nothing'))), 0::bigint, 'nobody has that session');
SELECT * FROM finish();
ROLLBACK;
