-- Statements of an import, in the order in which they run; all in one transaction.

-- name: lock
LOCK TABLE gis.{table} IN SHARE ROW EXCLUSIVE MODE;

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

-- name: place_staged
UPDATE staged AS s SET {column} = a.code
FROM gis.admin_area AS a
WHERE s.{column} IS NULL AND a.level = %(level)s AND a.geom IS NOT NULL
  AND ST_Intersects(a.geom, ST_PointOnSurface(s.geom));

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
WHERE s.{key} = t.{key} AND ({stored}) IS DISTINCT FROM ({staged});

-- name: insert_new
INSERT INTO gis.{table} ({key}, {columns})
SELECT s.{key}, {staged} FROM staged AS s
WHERE NOT EXISTS (SELECT FROM gis.{table} AS t WHERE t.{key} = s.{key})
-- Neighbours in space become neighbours on disk and in the index.
ORDER BY s.geom;

-- name: is_empty
SELECT NOT EXISTS (SELECT FROM gis.{table});

-- name: secondary_indexes
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index AS i WHERE i.indrelid = {table_name}::regclass AND NOT i.indisunique;

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

-- name: has_areas
SELECT EXISTS (SELECT FROM gis.admin_area WHERE level IN ('township', 'village') AND geom IS NOT NULL);

-- name: place_townships
UPDATE gis.building AS b SET township_code = a.code
FROM gis.admin_area AS a
WHERE b.township_code IS NULL AND a.level = 'township' AND a.geom IS NOT NULL
  AND ST_Intersects(a.geom, ST_PointOnSurface(b.geom));

-- name: place_villages
UPDATE gis.building AS b SET village_code = a.code
FROM gis.admin_area AS a
WHERE b.village_code IS NULL AND a.level = 'village' AND a.geom IS NOT NULL
  AND ST_Intersects(a.geom, ST_PointOnSurface(b.geom));

-- name: misplaced
SELECT count(*)
FROM gis.building AS b JOIN staged AS s USING (building_id)
JOIN gis.admin_area AS a ON a.code = b.township_code AND a.level = 'township' AND a.geom IS NOT NULL
WHERE NOT ST_Intersects(a.geom, b.geom);

-- name: record_import
INSERT INTO gis.import (
    kind, file_name, sha256, crs, datum, encoding, started_at, finished_at,
    read_rows, loaded, unchanged, updated, rejected, notes)
VALUES (
    %(kind)s, %(file_name)s, %(sha256)s, %(crs)s, %(datum)s, %(encoding)s, %(started_at)s, clock_timestamp(),
    %(read_rows)s, %(loaded)s, %(unchanged)s, %(updated)s, %(rejected)s, %(notes)s)
RETURNING import_id;

-- name: claim_changes
-- The changes were written before the import's own row; both belong to this transaction.
UPDATE gis.change SET import_id = %(import_id)s WHERE import_id IS NULL AND changed_at = now();

-- name: record_rejects
INSERT INTO gis.reject (import_id, row_number, key, code, reason, remedy) VALUES %s;

-- name: bump_version
SELECT nextval('gis.data_version');

-- name: analyse
ANALYZE gis.{table};

-- name: county_bounds
-- West, south, east, north in degrees of what is known of the county.
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
FROM (SELECT ST_Extent(ST_Transform(geom, 4490)) AS box FROM gis.admin_area
      WHERE level = 'county' AND geom IS NOT NULL) AS known
WHERE box IS NOT NULL;

-- name: known_outlines
SELECT code, ST_AsBinary(ST_Transform(geom, 4490)) FROM gis.admin_area
WHERE code = ANY(%(codes)s) AND geom IS NOT NULL;

-- name: known_middles
SELECT {key}, ST_X(middle), ST_Y(middle)
FROM (SELECT {key}, ST_Transform(ST_Centroid(geom), 4490) AS middle FROM gis.{table}
      WHERE {key} = ANY(%(keys)s) AND geom IS NOT NULL) AS known;
