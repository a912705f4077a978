-- Figures by place and by department. Whoever asks counts only what they may see. A village's houses are on the page of
-- its township for the village itself, also those that report to a unit beside the townships.

-- name: by_place
-- One row a reporting unit of the county (a township, or a unit beside them), or a village of the unit :township; houses
-- with no such code have a row too. A house that is gone is in no figure of today.
WITH counted AS (
    SELECT CASE WHEN CAST(:township AS text) IS NULL THEN b.unit_code ELSE b.village_code END AS code,
           count(*) AS houses,
           count(*) FILTER (WHERE operating) AS operating,
           count(*) FILTER (WHERE hazard_tier = 'severe') AS severe,
           count(*) FILTER (WHERE hazard_tier = 'some') AS some,
           count(*) FILTER (WHERE hazard_tier = 'none_found') AS none_found,
           count(*) FILTER (WHERE hazard_tier = 'unjudged') AS unjudged,
           count(*) FILTER (WHERE operating AND hazard_tier <> 'unjudged') AS operating_judged,
           count(*) FILTER (WHERE operating AND hazard_tier = 'severe') AS operating_severe,
           count(*) FILTER (WHERE operating AND hazard_tier = 'some') AS operating_some,
           count(*) FILTER (WHERE operating AND hazard_tier = 'none_found') AS operating_none_found,
           count(s.building_id) AS priority,
           count(d.cluster_id) AS in_clusters,
           count(*) FILTER (WHERE d.unreached) AS unreached
    FROM (SELECT *, use_class IN ('commercial', 'mixed') AS operating FROM gis.building
          WHERE removed_on IS NULL AND (CAST(:township AS text) IS NULL OR unit_code = :township OR village_code = gis.asker('place'))) AS b
    LEFT JOIN gis.selection AS s ON s.run_id = :selection_run AND s.building_id = b.building_id
    LEFT JOIN gis.building_density AS d ON d.run_id = :density_run AND d.building_id = b.building_id
    GROUP BY 1
), touching AS (
    SELECT touched.code, count(*) AS clusters
    FROM gis.cluster AS c,
         unnest(CASE WHEN CAST(:township AS text) IS NULL THEN c.township_codes ELSE c.village_codes END) AS touched (code)
    WHERE c.run_id = :density_run
    GROUP BY 1
)
SELECT counted.*, a.name, a.level, coalesce(t.clusters, 0) AS clusters,
       ST_Y(m.middle) AS lat, ST_X(m.middle) AS lon
FROM counted
LEFT JOIN gis.admin_area AS a USING (code)
LEFT JOIN touching AS t USING (code)
LEFT JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(a.geom), 4326) AS middle) AS m ON true
ORDER BY counted.code NULLS LAST

-- name: clusters
-- Clusters that touch the township (or any place): one that crosses a border counts once here, and for both there.
SELECT count(*) FROM gis.cluster
WHERE run_id = :density_run AND (CAST(:township AS text) IS NULL OR township_codes @> ARRAY[CAST(:township AS text)])

-- name: by_department
-- Operating houses by the departments in charge of their trade; a house of two departments counts under each.
SELECT department,
       count(*) FILTER (WHERE hazard_tier <> 'unjudged') AS operating_judged,
       count(*) FILTER (WHERE hazard_tier = 'severe') AS operating_severe,
       count(*) FILTER (WHERE hazard_tier = 'some') AS operating_some,
       count(*) FILTER (WHERE hazard_tier = 'none_found') AS operating_none_found
FROM gis.building
LEFT JOIN LATERAL unnest(departments) AS held (department) ON true
WHERE use_class IN ('commercial', 'mixed') AND removed_on IS NULL
GROUP BY 1
ORDER BY 1 NULLS LAST

-- name: shared_houses
-- Operating houses that more than one department is in charge of, and how often they are counted too much.
SELECT count(*) FILTER (WHERE cardinality(departments) > 1) AS houses,
       coalesce(sum(greatest(cardinality(departments) - 1, 0)), 0) AS extra
FROM gis.building WHERE use_class IN ('commercial', 'mixed') AND hazard_tier <> 'unjudged' AND removed_on IS NULL

-- name: house
-- What a click on a house shows; no personal data.
SELECT h.*, s.score, s.reasons, d.cluster_id, d.cluster, d.hose_m, d.unreached, d.depth, d.nearest_gap_m
FROM gis.house_card AS h
LEFT JOIN gis.selection AS s ON s.run_id = :selection_run AND s.building_id = h.building_id
LEFT JOIN gis.reach_card AS d ON d.run_id = :density_run AND d.building_id = h.building_id
WHERE h.building_id = :building_id

-- name: township
SELECT code, name, schematic, source, ST_AsBinary(geom) AS geom FROM gis.admin_area
WHERE code = :township AND level IN ('township', 'unit')

-- name: township_houses
SELECT b.building_id, b.floors, b.structure, b.use_class, b.hazard_tier, ST_AsBinary(b.geom) AS geom
FROM gis.building AS b WHERE (b.unit_code = :township OR b.village_code = gis.asker('place')) AND b.removed_on IS NULL ORDER BY b.building_id

-- name: township_worked
-- The houses that a township works from, besides what they are called: a hazard or a place on the priority list; the
-- most urgent first, and of them those that ``lists.Narrowed`` leaves.
SELECT b.building_id, b.hazard_tier, b.appraisal_grade, b.use_class, s.building_id IS NOT NULL AS listed
FROM gis.building AS b
LEFT JOIN gis.selection AS s ON s.run_id = :selection_run AND s.building_id = b.building_id
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
WHERE (b.unit_code = :township OR b.village_code = gis.asker('place')) AND b.removed_on IS NULL
  AND (s.building_id IS NOT NULL OR b.hazard_tier IN ('severe', 'some'))
  AND (CAST(:village AS text) IS NULL OR b.village_code = :village)
  AND (CAST(:tier AS text) IS NULL OR b.hazard_tier = :tier)
  AND (CAST(:pattern AS text) IS NULL OR b.name ILIKE :pattern OR b.building_id ILIKE :pattern
       OR b.address ILIKE :pattern OR v.name ILIKE :pattern)
ORDER BY CASE b.hazard_tier WHEN 'severe' THEN 0 WHEN 'some' THEN 1 ELSE 2 END, s.score DESC NULLS LAST, b.building_id

-- name: township_listed
-- What is known of houses that a township works from, in the order in which they are named.
SELECT h.*, s.score, s.reasons, d.cluster_id, d.cluster, d.hose_m, d.unreached, d.depth, d.nearest_gap_m,
       ST_X(m.middle) AS lon, ST_Y(m.middle) AS lat
FROM unnest(CAST(:houses AS text[])) WITH ORDINALITY AS named (building_id, position)
JOIN gis.house_card AS h USING (building_id)
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.selection AS s ON s.run_id = :selection_run AND s.building_id = h.building_id
LEFT JOIN gis.reach_card AS d ON d.run_id = :density_run AND d.building_id = h.building_id
CROSS JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS middle) AS m
ORDER BY named.position

-- name: township_clusters
SELECT c.*, cardinality(c.township_codes) > 1 AS crosses
FROM gis.cluster_card AS c
WHERE c.run_id = :density_run
  AND (c.township_codes @> ARRAY[CAST(:township AS text)] OR c.village_codes @> ARRAY[gis.asker('place')])
ORDER BY c.rank

-- name: township_extent
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM (
    SELECT coalesce(
        (SELECT ST_Extent(ST_Transform(geom, 4326)) FROM gis.admin_area WHERE code = :township),
        (SELECT ST_Extent(ST_Transform(geom, 4326)) FROM gis.building
         WHERE unit_code = :township OR village_code = gis.asker('place'))
    ) AS box) AS known
WHERE box IS NOT NULL

-- name: villages
SELECT name, ST_AsBinary(geom) AS geom FROM gis.admin_area
WHERE level = 'village' AND geom IS NOT NULL
  AND (parent_code = :township OR code IN (SELECT village_code FROM gis.building WHERE unit_code = :township))
ORDER BY code

-- name: village_codes
SELECT code, name FROM gis.admin_area
WHERE level = 'village'
  AND (parent_code = :township OR code IN (SELECT village_code FROM gis.building WHERE unit_code = :township))
ORDER BY code

-- name: township_roads
SELECT r.name, r.width_m, ST_AsBinary(r.geom) AS geom FROM gis.road AS r
JOIN gis.admin_area AS a ON a.code = :township AND r.geom && ST_Expand(a.geom, 2000)
ORDER BY coalesce(r.width_m, 0) DESC, r.road_id LIMIT 20000

-- name: hazards_by_unit
-- Structural hazards of operating houses by unit, as their cases stand today; a house without a unit has a row with none.
SELECT b.unit_code AS code, coalesce(a.name, b.unit_code) AS name, count(*) AS hazards,
       count(*) FILTER (WHERE c.state IN ('pending', 'in_progress') AND c.deadline < gis.today()) AS overdue,
       count(*) FILTER (WHERE c.state = 'pending') AS pending, count(*) FILTER (WHERE c.state = 'in_progress') AS working,
       count(*) FILTER (WHERE c.state = 'accepted') AS accepted, count(*) FILTER (WHERE c.state = 'cleared') AS cleared,
       count(*) FILTER (WHERE c.state IN ('accepted', 'cleared')) AS done
FROM gis.case AS c JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS a ON a.code = b.unit_code AND a.level IN ('township', 'unit')
WHERE c.kind = 'structure' AND b.use_class IN ('commercial', 'mixed')
GROUP BY b.unit_code, a.name
ORDER BY overdue DESC, count(*) FILTER (WHERE c.state IN ('accepted', 'cleared'))::numeric / count(*), code NULLS LAST

-- name: worst_clusters
-- Dense clusters with the most hazards (重灾区), then the more hazards a house, then the denser.
SELECT c.cluster_id, c.name, c.buildings, round(100 * c.coverage)::integer AS coverage, count(*) FILTER (WHERE b.hazard_tier = 'severe') AS severe,
       count(*) FILTER (WHERE b.hazard_tier = 'some') AS some, count(*) FILTER (WHERE b.use_class IN ('commercial', 'mixed')) AS operating
FROM gis.cluster_card AS c
JOIN gis.building_density AS d ON d.run_id = c.run_id AND d.cluster_id = c.cluster_id
JOIN gis.building AS b ON b.building_id = d.building_id AND b.removed_on IS NULL
WHERE c.run_id = :density_run
GROUP BY c.cluster_id, c.name, c.buildings, c.coverage
HAVING count(*) FILTER (WHERE b.hazard_tier IN ('severe', 'some')) > 0
ORDER BY count(*) FILTER (WHERE b.hazard_tier IN ('severe', 'some')) DESC,
         count(*) FILTER (WHERE b.hazard_tier IN ('severe', 'some'))::numeric / c.buildings DESC, c.coverage DESC, c.cluster_id
LIMIT :limit
