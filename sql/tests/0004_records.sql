-- pgTAP for 0004_records.sql: an import adds up, a selected house has a reason.
BEGIN;
SELECT plan(10);
SELECT lives_ok($$INSERT INTO gis.import (kind, file_name, sha256, read_rows, loaded, unchanged, updated, rejected)
    VALUES ('buildings', 'f', 'x', 10, 4, 3, 2, 1)$$, 'counts that add up');
SELECT throws_ok($$INSERT INTO gis.import (kind, file_name, sha256, read_rows, loaded, unchanged, updated, rejected)
    VALUES ('buildings', 'f', 'x', 10, 4, 3, 2, 0)$$, '23514', NULL, 'counts that do not');
SELECT throws_ok($$INSERT INTO gis.import (kind, file_name, sha256, read_rows, loaded, unchanged, updated, rejected)
    VALUES ('cars', 'f', 'x', 0, 0, 0, 0, 0)$$, '23514', NULL, 'an unknown kind');
SELECT col_not_null('gis', 'reject', 'reason', 'a refused row says why');
SELECT col_not_null('gis', 'reject', 'remedy', 'and what to do');
INSERT INTO gis.run (kind, parameters, data_version, code_version) VALUES ('selection', '{}', 1, '0');
SELECT throws_ok($$INSERT INTO gis.selection SELECT max(run_id), 'b', 10, '[]' FROM gis.run$$, '23514', NULL,
    'no house is selected without a reason');
SELECT throws_ok($$INSERT INTO gis.selection SELECT max(run_id), 'b', 100.5, '[{}]' FROM gis.run$$, '23514', NULL,
    'a score is at most 100');
SELECT lives_ok($$INSERT INTO gis.selection SELECT max(run_id), 'b', 100, '[{}]' FROM gis.run$$, 'and may be 100');
SELECT throws_ok($$INSERT INTO gis.selection SELECT max(run_id), 'b', 1, '[{}]' FROM gis.run$$, '23505', NULL,
    'a house is counted once in a run');
DELETE FROM gis.run;
SELECT is_empty('SELECT * FROM gis.selection', 'a run takes its rows with it');
SELECT * FROM finish();
ROLLBACK;
