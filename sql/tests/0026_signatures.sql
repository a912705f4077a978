-- pgTAP for 0026_signatures.sql: nobody signs who is not named, in another place, or out of order; rows are only added.
BEGIN;
SELECT plan(17);
UPDATE gis.deployment SET today = '2022-09-08';
INSERT INTO gis.round (name, kind, first_day) VALUES ('r', 'campaign', '2022-06-01'), ('later', 'campaign', '2022-10-01');
INSERT INTO gis.signer (unit_code, village_code, step, name, title, account) VALUES
    ('451224100', '451224100001', 'team', '甲', '组长', 'dui'), ('451224100', '451224100001', 'secretary', '乙', '支书', 'cun'),
    ('451224101', '451224101001', 'team', '丙', '组长', 'dui');
INSERT INTO gis.signed_content (sha256, unit_code, village_code, content) VALUES
    (encode(sha256('[1]'), 'hex'), '451224100', '451224100001', '[1]'),
    (repeat('a', 64), '451224100', '451224100001', 'not its hash');
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
SELECT is(gis.number_text(x)::text, t, 'a number as ECMAScript writes it: ' || t)
FROM (VALUES (9::float8, '9'), (120.5, '120.5'), (5e-05, '0.00005'), (1e-07, '1e-7')) AS v (x, t);
SELECT is(gis.in_order('{b,a,_c,B}'), '{B,_c,a,b}'::text[], 'codes in the order of their code points');
PREPARE sign AS INSERT INTO gis.signature (round_id, unit_code, village_code, step, content, houses, by_paper)
    SELECT round_id, '451224100', '451224100001', $1, $2, 1, $3 FROM gis.round WHERE name = $4;
SET LOCAL ROLE gis_village;
SELECT set_config('gis.place', '451224100001', true), set_config('gis.account', 'cun', true) \g /dev/null
SELECT throws_ok(format('EXECUTE sign(''team'', %L, false, ''r'')', encode(sha256('[1]'), 'hex')), 'GC001', 'not_yours', 'another is named');
SELECT throws_ok(format('EXECUTE sign(''secretary'', %L, false, ''r'')', encode(sha256('[1]'), 'hex')), 'GC001', 'order', 'not before the team');
SELECT throws_ok(format('EXECUTE sign(''leader'', %L, false, ''r'')', encode(sha256('[1]'), 'hex')), 'GC001', 'nobody', 'nobody is named');
SELECT throws_ok(format('EXECUTE sign(''secretary'', %L, true, ''r'')', encode(sha256('[1]'), 'hex')), 'GC001', 'paper', 'paper is the county''s');
SELECT throws_ok($$INSERT INTO gis.signer (unit_code, village_code, step, name, title) VALUES ('451224100', '451224100001', 'team', 'x', 'y')$$,
    '42501', NULL, 'a village names nobody');
SET LOCAL ROLE gis_township;
SELECT set_config('gis.place', '451224100', true), set_config('gis.account', 'dui', true) \g /dev/null
SELECT throws_ok(format('EXECUTE sign(''team'', %L, false, ''later'')', encode(sha256('[1]'), 'hex')), 'GC001', 'early', 'not before the round');
SELECT throws_ok(format('EXECUTE sign(''team'', %L, false, ''r'')', repeat('a', 64)), 'GC001', 'content', 'a text is what its hash says');
SELECT lives_ok(format('EXECUTE sign(''team'', %L, false, ''r'')', encode(sha256('[1]'), 'hex')), 'who is named signs');
SELECT is((SELECT count(*) FROM gis.signer), 2::bigint, 'a township sees its own signers');
RESET ROLE;
SELECT is((SELECT encode(sha256(convert_to(gis.signature_text(s), 'UTF8')), 'hex') = s.digest AND s.name = '甲' FROM gis.signature AS s),
    true, 'by the name that was told, under a digest of it all');
SELECT throws_ok('UPDATE gis.signature SET name = ''x''', '42501', NULL, 'no signature is changed');
SELECT throws_ok('DELETE FROM gis.signed_content', '42501', NULL, 'nothing that was signed is taken away');
SELECT * FROM finish();
ROLLBACK;
