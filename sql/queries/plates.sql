-- QR plates.

-- name: there
SELECT building_id FROM gis.building WHERE building_id = ANY (CAST(:houses AS text[])) AND removed_on IS NULL

-- name: make
-- The next of a house is made where every one before is withdrawn; two who make it at once make one.
INSERT INTO gis.plate (building_id, issue, body)
SELECT :building_id, 1 + count(*), :body
FROM gis.plate_withdrawal AS w JOIN gis.plate AS p USING (plate_id) WHERE p.building_id = :building_id
ON CONFLICT (building_id, issue) DO NOTHING

-- name: of_houses
SELECT p.building_id, p.body FROM gis.plate AS p WHERE p.building_id = ANY (CAST(:houses AS text[]))
  AND NOT EXISTS (SELECT FROM gis.plate_withdrawal AS w WHERE w.plate_id = p.plate_id)

-- name: withdraw
INSERT INTO gis.plate_withdrawal (plate_id, reason)
SELECT p.plate_id, :reason FROM gis.plate AS p
WHERE p.building_id = :building_id AND NOT EXISTS (SELECT FROM gis.plate_withdrawal AS w WHERE w.plate_id = p.plate_id)
ON CONFLICT (plate_id) DO NOTHING
RETURNING plate_id

-- name: withdrawn
-- The newest first.
SELECT p.building_id, w.reason, w.account, w.recorded_at FROM gis.plate_withdrawal AS w JOIN gis.plate AS p USING (plate_id)
ORDER BY w.recorded_at DESC, w.plate_id DESC LIMIT 100

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
SELECT count(*) FROM gis.plate AS p
WHERE NOT EXISTS (SELECT FROM gis.plate_withdrawal AS w WHERE w.plate_id = p.plate_id)
