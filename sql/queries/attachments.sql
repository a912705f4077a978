-- Photographs of houses.

-- name: add
INSERT INTO gis.attachment (sha256, building_id, media, bytes, width, height)
VALUES (:sha256, :building_id, :media, :bytes, :width, :height) ON CONFLICT DO NOTHING

-- name: one
SELECT sha256, building_id, media, bytes, width, height, state, account, recorded_at FROM gis.attachment
WHERE sha256 = :sha256 AND (CAST(:building_id AS text) IS NULL OR building_id = :building_id)
ORDER BY recorded_at LIMIT 1

-- name: of_house
SELECT sha256, building_id, media, bytes, width, height, state, account, recorded_at FROM gis.attachment
WHERE building_id = :building_id ORDER BY recorded_at, sha256 LIMIT 1000

-- name: house
SELECT building_id FROM gis.building WHERE building_id = :building_id

-- name: waiting
-- What was not looked through yet, after the one that is named; a photograph of several houses is asked for once a house.
SELECT sha256, recorded_at FROM gis.attachment
WHERE state = 'waiting' AND (CAST(:recorded_at AS timestamptz) IS NULL OR (recorded_at, sha256) > (:recorded_at, :sha256))
ORDER BY recorded_at, sha256 LIMIT :limit

-- name: checked
UPDATE gis.attachment SET state = :state, checked_at = clock_timestamp() WHERE sha256 = :sha256 AND state = 'waiting'

-- name: files
-- Every file of the data folder that a row names: photographs, and scans of signed pages.
SELECT sha256 FROM gis.attachment UNION SELECT sha256 FROM gis.signature_page ORDER BY sha256
