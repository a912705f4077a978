-- Statements of gis-service analyze.

-- name: buildings
SELECT building_id, floors, height_m, structure, fire_class, township_code, hazard_tier, use_class,
       ST_AsBinary(geom) AS geom
FROM gis.building ORDER BY building_id COLLATE "C"

-- name: roads
SELECT ST_AsBinary(geom) AS geom FROM gis.road ORDER BY road_id

-- name: hydrants
SELECT kind, ST_AsBinary(geom) AS geom FROM gis.hydrant ORDER BY hydrant_id

-- name: start
INSERT INTO gis.run (kind, parameters, data_version, code_version)
VALUES ('density', %(parameters)s, (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM gis.data_version),
        %(code_version)s)
RETURNING run_id

-- name: finish
UPDATE gis.run SET finished_at = clock_timestamp() WHERE run_id = %(run_id)s
RETURNING extract(epoch FROM finished_at)::text

-- name: lock
-- Two analyses at once would each write what the other is about to remove.
SELECT pg_advisory_xact_lock(4545002)

-- name: place_clusters
-- A cluster belongs to every township and village in which it has a house, the one with most houses first.
WITH member AS (
    SELECT d.cluster_id, b.township_code, b.village_code, b.departments
    FROM gis.building_density AS d JOIN gis.building AS b USING (building_id)
    WHERE d.run_id = %(run_id)s AND d.cluster_id IS NOT NULL
), township AS (
    SELECT cluster_id, array_agg(code ORDER BY houses DESC, code) AS codes
    FROM (SELECT cluster_id, township_code AS code, count(*) AS houses FROM member
          WHERE township_code IS NOT NULL GROUP BY 1, 2) AS counted
    GROUP BY cluster_id
), village AS (
    SELECT cluster_id, array_agg(code ORDER BY houses DESC, code) AS codes
    FROM (SELECT cluster_id, village_code AS code, count(*) AS houses FROM member
          WHERE village_code IS NOT NULL GROUP BY 1, 2) AS counted
    GROUP BY cluster_id
), department AS (
    SELECT m.cluster_id, array_agg(DISTINCT one ORDER BY one) AS codes
    FROM member AS m, unnest(m.departments) AS one GROUP BY m.cluster_id
), named AS (
    SELECT c.fid, t.codes AS townships, coalesce(v.codes, '{}') AS villages, coalesce(d.codes, '{}') AS departments,
           row_number() OVER (PARTITION BY t.codes[1], v.codes[1] ORDER BY c.cluster_id) AS number
    FROM gis.cluster AS c JOIN township AS t USING (cluster_id) LEFT JOIN village AS v USING (cluster_id)
    LEFT JOIN department AS d USING (cluster_id)
    WHERE c.run_id = %(run_id)s
)
UPDATE gis.cluster AS c
SET township_codes = n.townships, village_codes = n.villages, departments = n.departments,
    name = concat_ws('·', (SELECT string_agg(a.name, '／' ORDER BY array_position(n.townships, a.code))
                           FROM gis.admin_area AS a WHERE a.code = ANY (n.townships)),
                     (SELECT a.name FROM gis.admin_area AS a WHERE a.code = n.villages[1]))
           || ' ' || n.number || '号'
FROM named AS n WHERE c.fid = n.fid

-- name: place_alleys
-- An alley belongs to every place and department that has a house beside it, which is at most half of max_width_m from
-- its centreline, or in its cluster. Who has none of these does not see it (migration 0009).
WITH place AS (
    SELECT a.fid, b.township_code, b.village_code, b.departments
    FROM gis.alley AS a JOIN gis.building AS b ON ST_DWithin(b.geom, a.geom, %(beside_m)s)
    WHERE a.run_id = %(run_id)s
    UNION ALL
    SELECT a.fid, t.code, NULL, c.departments
    FROM gis.alley AS a JOIN gis.cluster AS c USING (run_id, cluster_id), unnest(c.township_codes) AS t (code)
    WHERE a.run_id = %(run_id)s
    UNION ALL
    SELECT a.fid, NULL, v.code, c.departments
    FROM gis.alley AS a JOIN gis.cluster AS c USING (run_id, cluster_id), unnest(c.village_codes) AS v (code)
    WHERE a.run_id = %(run_id)s
), placed AS (
    SELECT fid, coalesce(array_agg(DISTINCT township_code) FILTER (WHERE township_code IS NOT NULL), '{}') AS townships,
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

-- name: number_clusters
-- Where no area is known a cluster is called by its number.
UPDATE gis.cluster SET name = cluster_id || '号' WHERE run_id = %(run_id)s AND name IS NULL

-- name: forget
-- The bulk of runs older than the last three goes; what was asked and of which data stays in gis.run.
DELETE FROM gis.{table} WHERE run_id < (
    SELECT min(run_id) FROM (SELECT run_id FROM gis.run WHERE kind = 'density' AND finished_at IS NOT NULL
                             ORDER BY run_id DESC LIMIT 2) AS kept)

-- name: latest
SELECT run_id, extract(epoch FROM finished_at)::text FROM gis.run
WHERE kind = 'density' AND finished_at IS NOT NULL ORDER BY run_id DESC LIMIT 1

-- name: analyse
ANALYZE gis.{table}

-- name: stale
-- Whether anything was imported or edited since the newest run.
SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM gis.data_version)
     > coalesce((SELECT max(data_version) FROM gis.run WHERE kind = 'density' AND finished_at IS NOT NULL), -1)

-- name: remove_stale
DELETE FROM gis.{table} WHERE run_id = {run_id} AND digest = ANY (%(stale)s)

-- name: amend
UPDATE gis.run SET finished_at = clock_timestamp(), code_version = %(code_version)s,
       data_version = (SELECT last_value FROM gis.data_version)
WHERE run_id = %(run_id)s
RETURNING extract(epoch FROM finished_at)::text
