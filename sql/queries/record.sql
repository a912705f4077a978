-- The record of a house.

-- name: fixed_day
-- The day on which a demo stands; null on the real one.
SELECT today FROM gis.deployment

-- name: set_day
UPDATE gis.deployment SET today = :day

-- name: real_day
-- Houses that are real live on the real day.
UPDATE gis.deployment SET today = NULL
WHERE today IS NOT NULL AND EXISTS (SELECT FROM gis.building WHERE NOT simulated)

-- name: demo_institution
INSERT INTO gis.institution (name, listed, simulated) VALUES (:name, true, true) ON CONFLICT (name) DO NOTHING

-- name: own_codes
SELECT list, code, zh FROM gis.code WHERE own ORDER BY list, position, code

-- name: codes
SELECT list, code, zh, en FROM gis.code ORDER BY list, position, code

-- name: departments
SELECT code, zh, en, office FROM gis.code WHERE list = 'departments' ORDER BY position, code

-- name: add_code
INSERT INTO gis.code (list, code, zh, en, position)
SELECT :list, :code, :zh, :en, coalesce(max(position), 0) + 1 FROM gis.code WHERE list = :list

-- name: find
-- Houses by parts of number, name, address: every word must be in one of them. The number itself first.
SELECT b.building_id, b.name, b.address, u.name AS unit, v.name AS village, b.use_class, b.hazard_tier, b.appraisal_grade,
       b.removed_on, ST_X(m.middle) AS lon, ST_Y(m.middle) AS lat
FROM (
    SELECT * FROM gis.building AS b
    WHERE (SELECT bool_and(coalesce(lower(b.building_id) LIKE lower(w) OR b.name ILIKE w OR b.address ILIKE w, false))
           FROM unnest(CAST(:words AS text[])) AS w)
      AND (lower(b.building_id) LIKE lower(:first) OR b.name ILIKE :first OR b.address ILIKE :first)
    -- What the last word names of a name or an address comes before what is only a part of a number.
    ORDER BY b.building_id = :exact DESC, b.removed_on IS NOT NULL,
             coalesce(b.name ILIKE :last OR b.address ILIKE :last, false) DESC, b.building_id LIMIT :limit
) AS b
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
CROSS JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS middle) AS m
ORDER BY b.building_id = :exact DESC, b.removed_on IS NOT NULL,
         coalesce(b.name ILIKE :last OR b.address ILIKE :last, false) DESC, b.building_id

-- name: house
SELECT b.building_id, b.name, b.address, b.township_code, b.village_code, b.unit_code, t.name AS township, v.name AS village,
       u.name AS unit, u.level AS unit_level, b.floors, b.height_m, b.structure, b.fire_class, b.use_class, b.business_uses,
       b.departments, b.people, b.alterations, b.altered_on, b.declared_areas, b.land, b.built_period, b.built_year,
       b.area_m2, b.design, b.builder, b.permits, b.licences, b.violations, b.geohazards, b.fire_hazards, b.ownership,
       b.removed_on, b.hazard_tier, b.appraisal_grade, b.simulated, round(ST_Area(b.geom)::numeric, 1)::double precision
       AS footprint_m2, ST_X(m.middle) AS lon, ST_Y(m.middle) AS lat, ST_AsBinary(b.geom) AS geom
FROM gis.building AS b
LEFT JOIN gis.admin_area AS t ON t.code = b.township_code
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code
CROSS JOIN LATERAL (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS middle) AS m
WHERE b.building_id = :building_id

-- name: imports_of_house
-- Which rows of which files wrote the house; the file's name and who imported it are read by those who may see imports.
SELECT i.import_id, r.row_number, r.is_new, i.file_name, i.finished_at, i.account, i.fields
FROM gis.import_row AS r JOIN gis.import AS i USING (import_id)
WHERE r.building_id = :building_id ORDER BY i.import_id

-- name: rows_of_house
SELECT r.import_id, r.row_number, r.is_new FROM gis.import_row AS r
WHERE r.building_id = :building_id ORDER BY r.import_id

-- name: changes_of_house
SELECT c.import_id, c.before, c.after, c.changed_at FROM gis.change AS c
WHERE c.table_name = 'building' AND c.key = :building_id ORDER BY c.change_id

-- name: list_of_house
-- Whether the list that is shown now has the house, and why.
SELECT s.run_id, s.score, s.reasons, r.started_at FROM gis.selection AS s JOIN gis.run AS r USING (run_id)
WHERE s.run_id = :run_id AND s.building_id = :building_id

-- name: reach_of_house
SELECT d.cluster_id, d.cluster, d.hose_m, d.unreached, d.depth, d.nearest_gap_m, r.started_at
FROM gis.reach_card AS d JOIN gis.run AS r USING (run_id)
WHERE d.run_id = :run_id AND d.building_id = :building_id

-- name: alleys_of_house
-- Alleys whose centreline is at most half of the widest gap from the house.
SELECT a.alley_id, a.class, a.mean_width_m, a.length_m
FROM gis.building AS b JOIN gis.alley AS a ON a.geom && ST_Expand(b.geom, 2.1) AND ST_DWithin(a.geom, b.geom, 2.1)
WHERE b.building_id = :building_id AND a.run_id = :run_id
ORDER BY a.mean_width_m, a.alley_id LIMIT 20

-- name: gaps_of_house
SELECT g.class, g.min_width_m, g.mean_width_m, o.building_id AS neighbour
FROM gis.gap AS g
LEFT JOIN gis.building AS o
    ON o.building_id = CASE WHEN g.building_a = :building_id THEN g.building_b ELSE g.building_a END
WHERE g.run_id = :run_id AND (g.building_a = :building_id OR g.building_b = :building_id)
ORDER BY g.min_width_m, o.building_id LIMIT 12

-- name: around_house
-- Outlines near the house, for its plan.
SELECT b.building_id, b.building_id = :building_id AS own, ST_AsBinary(b.geom) AS geom
FROM (SELECT ST_Expand(geom, 60) AS view FROM gis.building WHERE building_id = :building_id OFFSET 0) AS near
JOIN gis.building AS b ON b.geom && near.view AND (b.removed_on IS NULL OR b.building_id = :building_id)
LIMIT 400

-- name: roads_near_house
SELECT r.name, r.width_m, ST_AsBinary(r.geom) AS geom
FROM (SELECT ST_Expand(geom, 60) AS view FROM gis.building WHERE building_id = :building_id OFFSET 0) AS near
JOIN gis.road AS r ON r.geom && near.view LIMIT 100

-- name: business
-- What the rule of use for business needs of each operating house, or of one house of any use.
SELECT b.building_id, b.name, b.address, b.unit_code, u.name AS unit, v.name AS village, b.use_class, b.business_uses,
       coalesce(t.tier, 'unjudged') AS hazard_tier, coalesce(g.grade, 'unknown') AS appraisal_grade, b.alterations,
       b.altered_on, b.violations, b.removed_on, b.simulated, t.judged_on AS tier_on, g.judged_on AS grade_on, g.institution_id IS NOT NULL AS by_institution,
       d.due_on AS appraise_by, ST_AsBinary(b.geom) AS geom, coalesce(m.controls, '{}') AS controls
FROM gis.building AS b
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT m.zh ORDER BY m.zh) AS controls FROM gis.measure AS m
    WHERE m.building_id = b.building_id AND m.class = 'control' AND m.began_on <= :day AND coalesce(m.ended_on > :day, true)
    ) AS m ON true
LEFT JOIN LATERAL gis.in_force(b.building_id, '{preliminary,review}', :day) AS t ON true
LEFT JOIN LATERAL gis.in_force(b.building_id, '{appraisal}', :day) AS g ON true
LEFT JOIN LATERAL (
    SELECT min(d.due_on) AS due_on FROM gis.round_deadline AS d JOIN gis.round AS r USING (round_id)
    WHERE d.step = 'appraise' AND r.first_day <= :day
      AND gis.meets(r.filter, b.use_class, b.unit_code, b.hazard_tier)
      AND gis.meets(d.filter, b.use_class, b.unit_code, b.hazard_tier)) AS d ON true
WHERE CASE WHEN CAST(:building_id AS text) IS NULL
           THEN b.use_class IN ('commercial', 'mixed') AND b.removed_on IS NULL
           ELSE b.building_id = :building_id END
  AND (CAST(:unit AS text) IS NULL OR b.unit_code = :unit)
ORDER BY b.unit_code, b.building_id

-- name: sees_imports
SELECT has_table_privilege(current_user, 'gis.import', 'SELECT')
