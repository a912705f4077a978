-- Photographs of houses.

-- name: add
INSERT INTO gis.attachment (sha256, building_id, media, bytes, width, height)
VALUES (:sha256, :building_id, :media, :bytes, :width, :height) ON CONFLICT DO NOTHING

-- name: one
SELECT sha256, building_id, media, bytes, width, height, account, recorded_at FROM gis.attachment
WHERE sha256 = :sha256 AND (CAST(:building_id AS text) IS NULL OR building_id = :building_id)
ORDER BY recorded_at LIMIT 1

-- name: of_house
SELECT sha256, building_id, media, bytes, width, height, account, recorded_at FROM gis.attachment
WHERE building_id = :building_id ORDER BY recorded_at, sha256 LIMIT 1000

-- name: house
SELECT building_id FROM gis.building WHERE building_id = :building_id
