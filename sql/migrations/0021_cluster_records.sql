-- What the brigade has recorded of each cluster, in one line: for the ranked list and for which to walk next.

SET LOCAL ROLE gis_owner;

CREATE VIEW gis.cluster_record WITH (security_invoker) AS
SELECT home.run_id, home.cluster_id, max(p.dated) AS last_patrol, max(l.dated) AS plan_dated,
       max(l.version) AS plan_version, max(d.dated) AS last_drill
FROM gis.fire_site AS s
-- A site belongs to the cluster that covers most of it; of equals to the first.
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (c.run_id) c.run_id, c.cluster_id
    FROM gis.cluster AS c WHERE c.geom && s.geom AND ST_Intersects(c.geom, s.geom)
    ORDER BY c.run_id, ST_Area(ST_Intersection(c.geom, s.geom)) DESC, c.cluster_id) AS home
LEFT JOIN gis.fire_plan AS l USING (site_id)
LEFT JOIN gis.fire_patrol AS p
    ON p.site_id = s.site_id AND NOT EXISTS (SELECT FROM gis.fire_patrol AS n WHERE n.corrects = p.patrol_id)
LEFT JOIN gis.fire_drill AS d
    ON d.site_id = s.site_id AND NOT EXISTS (SELECT FROM gis.fire_drill AS n WHERE n.corrects = d.drill_id)
GROUP BY home.run_id, home.cluster_id;
COMMENT ON VIEW gis.cluster_record IS
    'Of each cluster with records: its last patrol and drill (corrected ones apart) and its plan''s newest version.';
