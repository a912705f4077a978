-- Statements of gis-service analyze.

-- name: buildings
SELECT building_id, floors, height_m, structure, fire_class, township_code, hazard_tier, use_class,
       ST_AsBinary(geom) AS geom
FROM gis.building WHERE removed_on IS NULL AND (%(fids)s::bigint[] IS NULL OR fid = ANY (%(fids)s)) ORDER BY building_id COLLATE "C"

-- name: roads
SELECT ST_AsBinary(geom) AS geom FROM gis.road
WHERE %(window)s::text IS NULL OR geom && ST_GeomFromText(%(window)s, ST_SRID(geom)) ORDER BY road_id

-- name: hydrants
SELECT kind, ST_AsBinary(geom) AS geom FROM gis.hydrant ORDER BY hydrant_id

-- name: house_boxes
SELECT fid, ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM gis.building WHERE removed_on IS NULL

-- name: edits
SELECT kind, id, n.west, n.south, n.east, n.north, o.west, o.south, o.east, o.north
FROM gis.analysable AS n FULL JOIN gis.analysed AS o USING (kind, id)
WHERE n.digest IS DISTINCT FROM o.digest

-- name: seen_origin
SELECT min(west), min(south), max(east), max(north) FROM gis.analysed WHERE kind = 'building'

-- name: seen_roads
SELECT id, west, south, east, north FROM gis.analysed WHERE kind = 'road'

-- name: remember
INSERT INTO gis.analysed (run_id, kind, id, digest, west, south, east, north)
SELECT %(run_id)s, kind, id, digest, west, south, east, north FROM gis.analysable
WHERE %(kinds)s::text[] IS NULL OR (kind, id) IN (SELECT * FROM unnest(%(kinds)s::text[], %(ids)s::text[]))

-- name: forget_seen
DELETE FROM gis.analysed
WHERE %(kinds)s::text[] IS NULL OR (kind, id) IN (SELECT * FROM unnest(%(kinds)s::text[], %(ids)s::text[]))

-- name: start
INSERT INTO gis.run (kind, parameters, data_version, code_version)
VALUES ('density', %(parameters)s, %(data_version)s, %(code_version)s)
RETURNING run_id

-- name: finish
-- A run is new data for maps, and carries the version that it makes, unless others made one while it ran.
UPDATE gis.run SET finished_at = clock_timestamp(),
       -- The numbers of steps are given out as they come, whoever's snapshot sees them.
       data_version = %(data_version)s + CASE WHEN made.step_id = made.newest THEN 1 ELSE 0 END
FROM (SELECT (SELECT max(step_id) FROM gis.data_step) AS step_id,
             (SELECT last_value FROM gis.data_step_step_id_seq) AS newest) AS made
WHERE run_id = %(run_id)s

-- name: alone
-- Two analyses at once would each write what the other is about to remove.
SELECT pg_advisory_lock(%(lock)s)

-- name: not_alone
SELECT pg_advisory_unlock(%(lock)s)

-- name: houses_of_run
SELECT building_id, cluster_id, burn_cluster_id FROM gis.building_density
WHERE run_id = %(run_id)s AND (%(ids)s::text[] IS NULL OR building_id = ANY (%(ids)s))

-- name: numbers
-- The highest numbers given so far.
SELECT (SELECT coalesce(max(cluster_id), 0) FROM gis.cluster WHERE run_id = %(run_id)s),
       (SELECT coalesce(max(burn_cluster_id), 0) FROM gis.burn_cluster WHERE run_id = %(run_id)s),
       (SELECT coalesce(max(alley_id), 0) FROM gis.alley WHERE run_id = %(run_id)s)

-- name: counts
SELECT (SELECT count(*) FROM gis.building_density WHERE run_id = %(run_id)s) AS buildings,
       (SELECT count(*) FROM gis.gap WHERE run_id = %(run_id)s) AS pairs,
       (SELECT count(*) FROM gis.alley WHERE run_id = %(run_id)s) AS alleys,
       (SELECT count(*) FROM gis.cluster WHERE run_id = %(run_id)s) AS clusters

-- name: held_of_houses
SELECT ctid::text, digest FROM gis.{table}
WHERE run_id = %(run_id)s AND (%(ids)s::text[] IS NULL OR {column} = ANY (%(ids)s))

-- name: held_of_numbers
SELECT ctid::text, digest FROM gis.{table} WHERE run_id = %(run_id)s AND {column} = ANY (%(numbers)s)

-- name: alleys_beside
-- Alleys of a run by the houses beside them, as the run knows these.
SELECT a.fid
FROM gis.building_density AS d JOIN gis.alley AS a ON a.run_id = d.run_id AND ST_DWithin(d.geom, a.geom, %(beside_m)s)
WHERE d.run_id = %(run_id)s AND d.building_id = ANY (%(ids)s)
UNION
SELECT fid FROM gis.alley WHERE run_id = %(run_id)s AND %(ids)s::text[] IS NULL

-- name: remove
DELETE FROM gis.{table} WHERE ctid = ANY (%(rows)s::tid[])

-- name: place_clusters
-- A cluster belongs to every reporting unit (township_codes) and village in which it has a house, the one with most first. It is called
-- by them and by its number, which is the same on every page, map and sheet of a run, whatever is edited elsewhere.
WITH member AS (
    SELECT d.cluster_id, b.unit_code, b.village_code, b.departments
    FROM gis.building_density AS d JOIN gis.building AS b USING (building_id)
    WHERE d.run_id = %(run_id)s AND d.cluster_id IS NOT NULL
          AND (%(clusters)s::integer[] IS NULL OR d.cluster_id = ANY (%(clusters)s))
), township AS (
    SELECT cluster_id, array_agg(code ORDER BY houses DESC, code) AS codes
    FROM (SELECT cluster_id, unit_code AS code, count(*) AS houses FROM member
          WHERE unit_code IS NOT NULL GROUP BY 1, 2) AS counted
    GROUP BY cluster_id
), village AS (
    SELECT cluster_id, array_agg(code ORDER BY houses DESC, code) AS codes
    FROM (SELECT cluster_id, village_code AS code, count(*) AS houses FROM member
          WHERE village_code IS NOT NULL GROUP BY 1, 2) AS counted
    GROUP BY cluster_id
), department AS (
    SELECT m.cluster_id, array_agg(DISTINCT one ORDER BY one) AS codes
    FROM member AS m, unnest(m.departments) AS one GROUP BY m.cluster_id
), placed AS (
    SELECT c.fid, coalesce(t.codes, '{}') AS townships, coalesce(v.codes, '{}') AS villages,
           coalesce(d.codes, '{}') AS departments
    FROM gis.cluster AS c LEFT JOIN township AS t USING (cluster_id) LEFT JOIN village AS v USING (cluster_id)
    LEFT JOIN department AS d USING (cluster_id)
    WHERE c.run_id = %(run_id)s AND (%(clusters)s::integer[] IS NULL OR c.cluster_id = ANY (%(clusters)s))
)
UPDATE gis.cluster AS c
SET township_codes = n.townships, village_codes = n.villages, departments = n.departments,
    name = concat_ws(' ', nullif(concat_ws(
        '·', (SELECT string_agg(a.name, '／' ORDER BY array_position(n.townships, a.code))
              FROM gis.admin_area AS a WHERE a.code = ANY (n.townships)),
        (SELECT a.name FROM gis.admin_area AS a WHERE a.code = n.villages[1])), ''), c.cluster_id || '号')
FROM placed AS n WHERE c.fid = n.fid

-- name: place_alleys
-- An alley belongs to every place and department that has a house beside it, which is at most half of max_width_m from
-- its centreline, or in its cluster. Who has none of these does not see it (migration 0009).
WITH place AS (
    SELECT a.fid, b.unit_code, b.village_code, b.departments
    FROM gis.alley AS a JOIN gis.building AS b ON ST_DWithin(b.geom, a.geom, %(beside_m)s)
    WHERE a.run_id = %(run_id)s AND (%(fids)s::bigint[] IS NULL OR a.fid = ANY (%(fids)s))
    UNION ALL
    SELECT a.fid, t.code, NULL, c.departments
    FROM gis.alley AS a JOIN gis.cluster AS c USING (run_id, cluster_id), unnest(c.township_codes) AS t (code)
    WHERE a.run_id = %(run_id)s AND (%(fids)s::bigint[] IS NULL OR a.fid = ANY (%(fids)s))
    UNION ALL
    SELECT a.fid, NULL, v.code, c.departments
    FROM gis.alley AS a JOIN gis.cluster AS c USING (run_id, cluster_id), unnest(c.village_codes) AS v (code)
    WHERE a.run_id = %(run_id)s AND (%(fids)s::bigint[] IS NULL OR a.fid = ANY (%(fids)s))
), placed AS (
    SELECT fid, coalesce(array_agg(DISTINCT unit_code) FILTER (WHERE unit_code IS NOT NULL), '{}') AS townships,
           coalesce(array_agg(DISTINCT village_code) FILTER (WHERE village_code IS NOT NULL), '{}') AS villages,
           coalesce(array_agg(DISTINCT one) FILTER (WHERE one IS NOT NULL), '{}') AS departments
    FROM place LEFT JOIN LATERAL unnest(departments) AS one ON true
    GROUP BY fid
)
UPDATE gis.alley AS a
SET township_codes = p.townships, village_codes = p.villages, departments = p.departments
FROM placed AS p
WHERE p.fid = a.fid AND (a.township_codes, a.village_codes, a.departments)
                        IS DISTINCT FROM (p.townships, p.villages, p.departments)

-- name: forget
-- The bulk of runs older than the last three goes; what was asked and of which data stays in gis.run.
DELETE FROM gis.{table} WHERE run_id < (
    SELECT min(run_id) FROM (SELECT run_id FROM gis.run WHERE kind = 'density' AND finished_at IS NOT NULL
                             ORDER BY run_id DESC LIMIT 2) AS kept)

-- name: newest
-- Whether it can be brought up to date: what it was made with, and whether what it saw is known.
SELECT run_id, parameters, code_version, EXISTS (SELECT FROM gis.analysed AS s WHERE s.run_id = r.run_id)
FROM gis.run AS r WHERE kind = 'density' AND finished_at IS NOT NULL ORDER BY run_id DESC LIMIT 1

-- name: analyse
ANALYZE gis.{table}
