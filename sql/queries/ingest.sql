-- Statements of an import, in the order in which they run; all in one transaction.

-- name: lock
LOCK TABLE gis.{table} IN {mode} MODE;

-- name: srid
SELECT work_srid FROM gis.deployment;

-- name: stage
-- The columns of the table that this file speaks of, without constraints on what is missing.
CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {columns} FROM gis.{table} WITH NO DATA;

-- name: stage_person
ALTER TABLE staged ADD COLUMN {column} text;

-- name: copy
COPY {table} ({columns}) FROM STDIN (FORMAT csv);

-- name: arrive
CREATE TEMP TABLE arriving ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA;

-- name: settle
INSERT INTO {table} ({columns}) SELECT {columns} FROM arriving;

-- name: arrived
DROP TABLE arriving;

-- name: stage_index
ALTER TABLE staged ADD PRIMARY KEY ({key});

-- name: keep_found
UPDATE staged AS s SET {code} = b.{code}, {source} = b.{source}
FROM gis.building AS b
WHERE b.building_id = s.building_id AND s.{code} IS NULL AND b.{source} = 'found';

-- name: count_staged
SELECT count(*) FROM staged;

-- name: record_changes
-- PostGIS's = on geometries compares every coordinate, so a moved wall is a change.
INSERT INTO gis.change (table_name, key, before, after)
SELECT {table_name}, t.{key}, {objects_before}, {objects_after}
FROM gis.{table} AS t JOIN staged AS s USING ({key})
WHERE ({stored}) IS DISTINCT FROM ({staged});

-- name: update_changed
UPDATE gis.{table} AS t SET {assignments}
FROM staged AS s
WHERE s.{key} = t.{key} AND ({stored}) IS DISTINCT FROM ({staged})
RETURNING t.fid;

-- name: insert_new
INSERT INTO gis.{table} ({key}, {columns})
SELECT s.{key}, {staged} FROM staged AS s
WHERE NOT EXISTS (SELECT FROM gis.{table} AS t WHERE t.{key} = s.{key})
-- Neighbours in space become neighbours on disk and in the index.
ORDER BY s.geom
RETURNING fid;

-- name: is_empty
SELECT NOT EXISTS (SELECT FROM gis.{table});

-- name: secondary_indexes
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index AS i WHERE i.indrelid = {table_name}::regclass AND NOT i.indisunique
  AND i.indexrelid IS DISTINCT FROM to_regclass('gis.building_judged');

-- name: drop_index
DROP INDEX {index};

-- name: stage_all
-- What follows looks at the rows of this file: after a first load, all of them.
CREATE TEMP VIEW staged AS SELECT * FROM {table};

-- name: unstage
DROP VIEW IF EXISTS staged;

-- name: merge_persons
INSERT INTO gis.building_person (building_id, {columns})
SELECT s.building_id, {staged} FROM staged AS s
ON CONFLICT (building_id) DO UPDATE SET {assignments};

-- name: houses_of_file
SELECT array_agg(b.fid) FROM gis.building AS b JOIN staged AS s USING (building_id);

-- name: find_places
-- How many houses were given a place, another one, and none.
WITH houses AS MATERIALIZED (
    SELECT fid, {code} AS before FROM gis.building
    WHERE ({source} = 'found' OR {code} IS NULL)
      AND (%(houses)s::bigint[] IS NULL OR fid IN (SELECT unnest(%(houses)s::bigint[])))
), found AS (
    UPDATE gis.building AS b SET {code} = f.code, {source} = CASE WHEN f.code IS NOT NULL THEN 'found' END
    FROM houses AS h LEFT JOIN gis.lies_in(%(level)s, ARRAY(SELECT fid FROM houses)) AS f USING (fid)
    WHERE b.fid = h.fid AND h.before IS DISTINCT FROM f.code
    RETURNING h.before, f.code AS after
)
SELECT count(*) FILTER (WHERE before IS NULL),
       count(*) FILTER (WHERE before IS NOT NULL AND after IS NOT NULL),
       count(*) FILTER (WHERE after IS NULL)
FROM found;

-- name: keep_unit
-- A house whose file says no unit keeps what it has, unless a file gave that.
UPDATE staged AS s SET unit_code = b.unit_code, unit_source = b.unit_source
FROM gis.building AS b
WHERE b.building_id = s.building_id AND s.unit_code IS NULL AND b.unit_source IS DISTINCT FROM 'given';

-- name: has_units
SELECT EXISTS (SELECT FROM gis.admin_area WHERE level = 'unit' AND geom IS NOT NULL)
    OR EXISTS (SELECT FROM gis.building WHERE unit_source = 'found');

-- name: find_units
-- Houses within a reporting unit report to it, all others to their township, unless their file says to whom.
WITH houses AS MATERIALIZED (
    SELECT fid, township_code FROM gis.building
    WHERE unit_source IS DISTINCT FROM 'given'
      AND (%(houses)s::bigint[] IS NULL OR fid IN (SELECT unnest(%(houses)s::bigint[])))
), found AS (
    UPDATE gis.building AS b
    SET unit_code = coalesce(f.code, h.township_code), unit_source = CASE WHEN f.code IS NOT NULL THEN 'found' END
    FROM houses AS h LEFT JOIN gis.lies_in('unit', ARRAY(SELECT fid FROM houses)) AS f USING (fid)
    WHERE b.fid = h.fid AND (b.unit_code, b.unit_source) IS DISTINCT FROM
                            (coalesce(f.code, h.township_code), CASE WHEN f.code IS NOT NULL THEN 'found' END)
    RETURNING b.unit_source
)
SELECT count(*) FILTER (WHERE unit_source = 'found') FROM found;

-- name: misplaced
SELECT level, count(*), (array_agg(building_id ORDER BY building_id))[:%(named)s]
FROM gis.misplaced(%(houses)s::bigint[]) GROUP BY level ORDER BY level;

-- name: record_import
INSERT INTO gis.import (
    import_id, account, fields, kind, file_name, sha256, crs, datum, encoding, started_at, finished_at,
    read_rows, loaded, unchanged, updated, rejected, notes)
OVERRIDING SYSTEM VALUE
VALUES (
    %(import_id)s, %(account)s, %(fields)s, %(kind)s, %(file_name)s, %(sha256)s, %(crs)s, %(datum)s, %(encoding)s, %(started_at)s, clock_timestamp(),
    %(read_rows)s, %(loaded)s, %(unchanged)s, %(updated)s, %(rejected)s, %(notes)s)
RETURNING import_id;

-- name: next_import
-- Known before the import is over: a judgement says which one it came by.
SELECT nextval(pg_get_serial_sequence('gis.import', 'import_id'));

-- name: claim_changes
-- The changes were written before the import's own row; both belong to this transaction.
UPDATE gis.change SET import_id = %(import_id)s WHERE import_id IS NULL AND changed_at = now();

-- name: record_rejects
INSERT INTO gis.reject (import_id, row_number, key, code, reason, remedy) VALUES %s;

-- name: bump_version
SELECT gis.step_data();

-- name: analyse
ANALYZE gis.{table};

-- name: county_bounds
-- West, south, east, north in degrees of what is known of the county. Where its own outline is not, its other townships
-- may lie half a degree beyond those that are: few counties are wider.
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
FROM (SELECT CASE WHEN bool_or(level = 'county') THEN ST_Extent(ST_Transform(geom, 4490))::geometry
                  ELSE ST_Expand(ST_Extent(ST_Transform(geom, 4490))::geometry, 0.5) END AS box
      FROM gis.admin_area WHERE geom IS NOT NULL) AS known
WHERE box IS NOT NULL;

-- name: known_outlines
SELECT code, ST_AsBinary(ST_Transform(geom, 4490)) FROM gis.admin_area
WHERE code = ANY(%(codes)s) AND geom IS NOT NULL;

-- name: known_middles
SELECT {key}, ST_X(middle), ST_Y(middle)
FROM (SELECT {key}, ST_Transform(ST_Centroid(geom), 4490) AS middle FROM gis.{table}
      WHERE {key} = ANY(%(keys)s) AND geom IS NOT NULL) AS known;
