-- The fire brigade's records of a dense cluster.

-- name: sites
-- The sites that belong to a cluster of a run: those that no other cluster of the run covers more of.
SELECT s.site_id, s.name, ST_Area(ST_Intersection(s.geom, c.geom)) / ST_Area(s.geom) AS share
FROM gis.cluster AS c
JOIN gis.fire_site AS s ON s.geom && c.geom AND ST_Intersects(s.geom, c.geom)
WHERE c.run_id = :run_id AND c.cluster_id = :cluster_id AND NOT EXISTS (
    SELECT FROM gis.cluster AS o
    WHERE o.run_id = c.run_id AND o.cluster_id <> c.cluster_id AND o.geom && s.geom
      AND (ST_Area(ST_Intersection(o.geom, s.geom)), -o.cluster_id)
        > (ST_Area(ST_Intersection(c.geom, s.geom)), -c.cluster_id))
ORDER BY share DESC, s.site_id

-- name: homeless
-- Sites that touch no cluster of the run: their records are kept and belong to nothing that is drawn.
SELECT s.site_id, s.name FROM gis.fire_site AS s
WHERE NOT EXISTS (SELECT FROM gis.cluster AS c
                  WHERE c.run_id = :run_id AND c.geom && s.geom AND ST_Intersects(c.geom, s.geom))
ORDER BY s.site_id LIMIT :limit

-- name: new_site
INSERT INTO gis.fire_site (name, township_codes, village_codes, geom)
SELECT name, township_codes, village_codes, geom FROM gis.cluster WHERE run_id = :run_id AND cluster_id = :cluster_id
RETURNING site_id

-- name: plans
SELECT plan_id, site_id, version, number, dated, unit, body, run_id, cluster_id, account, recorded_at
FROM gis.fire_plan WHERE site_id = ANY (:sites) ORDER BY dated DESC, version DESC, plan_id DESC LIMIT :limit

-- name: latest_plan
SELECT coalesce(max(version), 0) FROM gis.fire_plan WHERE site_id = :site_id

-- name: drills
SELECT drill_id, site_id, dated, result, note, corrects, account, recorded_at,
       EXISTS (SELECT FROM gis.fire_drill AS l WHERE l.corrects = d.drill_id) AS corrected
FROM gis.fire_drill AS d WHERE site_id = ANY (:sites) ORDER BY dated DESC, drill_id DESC LIMIT :limit

-- name: patrols
SELECT patrol_id, site_id, dated, unit, found, note, corrects, account, recorded_at,
       EXISTS (SELECT FROM gis.fire_patrol AS l WHERE l.corrects = p.patrol_id) AS corrected
FROM gis.fire_patrol AS p WHERE site_id = ANY (:sites) ORDER BY dated DESC, patrol_id DESC LIMIT :limit

-- name: add_plan
INSERT INTO gis.fire_plan (site_id, version, number, dated, unit, body, run_id, cluster_id)
VALUES (:site_id, :version, :number, :dated, :unit, :body, :run_id, :cluster_id) RETURNING plan_id

-- name: add_drill
INSERT INTO gis.fire_drill (site_id, dated, result, note, corrects)
VALUES (:site_id, :dated, :result, :note, :corrects) RETURNING drill_id

-- name: add_patrol
INSERT INTO gis.fire_patrol (site_id, dated, unit, found, note, corrects)
VALUES (:site_id, :dated, :unit, :found, :note, :corrects) RETURNING patrol_id
