-- The notice's tables by day, from judgements: operating houses by the preliminary judgement in force at the day's end.

-- name: counted
-- One row a house that counts: its unit, its departments, its tier. A house that is gone stays in the figures of the days
-- before. The index on gis.judgement answers each house by itself, however many judgements there are of the others.
SELECT b.unit_code, b.departments, j.tier
FROM gis.building AS b
CROSS JOIN LATERAL gis.in_force(b.building_id, '{preliminary}', :day) AS j
WHERE b.use_class IN ('commercial', 'mixed') AND (b.removed_on IS NULL OR b.removed_on > :day) AND j.tier <> 'unjudged'

-- name: annex1
-- The county first (code null), then its units by code, those without a judged house too, then houses without a unit.
WITH counted AS MATERIALIZED ({counted}), summed AS (
    SELECT GROUPING(unit_code) = 1 AS whole, unit_code AS code, count(*) AS judged,
           count(*) FILTER (WHERE tier = 'severe') AS severe, count(*) FILTER (WHERE tier = 'some') AS some,
           count(*) FILTER (WHERE tier = 'none_found') AS none_found
    FROM counted GROUP BY GROUPING SETS ((), (unit_code))
)
SELECT s.whole, coalesce(s.code, a.code) AS code, a.name, coalesce(s.judged, 0) AS judged, coalesce(s.severe, 0) AS severe,
       coalesce(s.some, 0) AS some, coalesce(s.none_found, 0) AS none_found
FROM summed AS s
FULL JOIN (SELECT code, name FROM gis.admin_area WHERE level IN ('township', 'unit')) AS a ON a.code = s.code AND NOT s.whole
ORDER BY s.whole DESC NULLS LAST, (coalesce(s.code, a.code) IS NULL), coalesce(s.code, a.code) COLLATE "C"

-- name: annex2
-- Every department that has a line in the annex or a house; position null is one without a line, code null none at all.
WITH counted AS MATERIALIZED ({counted}), summed AS (
    SELECT held.department AS code, count(*) AS judged,
           count(*) FILTER (WHERE tier = 'severe') AS severe, count(*) FILTER (WHERE tier = 'some') AS some,
           count(*) FILTER (WHERE tier = 'none_found') AS none_found
    FROM counted LEFT JOIN LATERAL unnest(departments) AS held (department) ON true GROUP BY 1
)
SELECT coalesce(s.code, c.code) AS code, coalesce(c.office, c.zh, s.code) AS name, c.annex,
       coalesce(s.judged, 0) AS judged, coalesce(s.severe, 0) AS severe, coalesce(s.some, 0) AS some,
       coalesce(s.none_found, 0) AS none_found, (SELECT count(*) FROM counted WHERE cardinality(departments) > 1) AS shared
FROM summed AS s
FULL JOIN (SELECT * FROM gis.code WHERE list = 'departments') AS c ON c.code = s.code
WHERE c.annex IS NOT NULL OR s.judged > 0
ORDER BY c.annex NULLS LAST, coalesce(s.code, c.code) COLLATE "C"
