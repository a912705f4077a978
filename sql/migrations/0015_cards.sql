-- What people are told of a house and of a cluster: one list of columns each, for every page, list and sheet.
-- Outlines are WKB in the work SRID, as whoever draws them takes them; what looks for a place asks the table.
-- The views run with the rights of whoever asks, so row-level security holds through them.

SET LOCAL ROLE gis_owner;

CREATE VIEW gis.house_card WITH (security_invoker = true) AS
SELECT b.building_id, b.name, b.address, b.township_code, b.village_code, t.name AS township, v.name AS village,
       b.floors, b.height_m, b.people, b.structure, b.use_class, b.business_uses, b.hazard_tier, b.appraisal_grade,
       b.simulated, ST_AsBinary(b.geom) AS geom
FROM gis.building AS b
LEFT JOIN gis.admin_area AS t ON t.code = b.township_code
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code;

CREATE VIEW gis.reach_card WITH (security_invoker = true) AS
SELECT d.run_id, d.building_id, d.cluster_id, c.name AS cluster, d.hose_m, d.unreached, d.depth, d.nearest_gap_m
FROM gis.building_density AS d
LEFT JOIN gis.cluster AS c ON c.run_id = d.run_id AND c.cluster_id = d.cluster_id;

-- The window's partition lets a condition on the run through; one on the cluster is met after ranking, as it must be.
CREATE VIEW gis.cluster_card WITH (security_invoker = true) AS
SELECT run_id, cluster_id, row_number() OVER (PARTITION BY run_id ORDER BY score DESC, cluster_id) AS rank, name,
       township_codes, village_codes, buildings, footprint_m2, coverage, alley_m, sky_line_m, handshake_m, narrowest_m,
       max_hose_m, unreached, max_depth, burn_largest, score, score_parts, hydrant_share, two_hydrants_share,
       nearest_hydrant_m, farthest_hydrant_m, access_basis,
       ST_AsBinary(geom) AS geom
FROM gis.cluster;
