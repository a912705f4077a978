-- QR plates.

-- name: there
SELECT building_id FROM gis.building WHERE building_id = ANY (CAST(:houses AS text[])) AND removed_on IS NULL

-- name: make
INSERT INTO gis.plate (building_id, body) VALUES (:building_id, :body) ON CONFLICT (building_id) DO NOTHING

-- name: of_houses
SELECT building_id, body FROM gis.plate WHERE building_id = ANY (CAST(:houses AS text[]))

-- name: setting
SELECT enabled, telephone FROM gis.plate_setting ORDER BY setting_id DESC LIMIT 1

-- name: switch
INSERT INTO gis.plate_setting (enabled, telephone) VALUES (:enabled, :telephone)

-- name: scan
SELECT building_id, zh, en, telephone FROM gis.scan_plate(:code)

-- name: counted
SELECT p.building_id, sum(s.scans) AS scans, max(s.on_day) AS last_on
FROM gis.plate_scan AS s JOIN gis.plate AS p USING (plate_id)
WHERE s.on_day > gis.today() - 30 GROUP BY p.building_id ORDER BY scans DESC, p.building_id LIMIT 100

-- name: total
SELECT count(*) FROM gis.plate
