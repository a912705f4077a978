-- The audit trail: append, search, check.

-- name: record
SELECT gis.record(:account, :role, :place, :action, :object, CAST(:details AS jsonb), :request_id, :address)

-- name: search
SELECT entry_id, at, account, role, place, action, object, details, request_id, address, hash
FROM gis.audit_trail
WHERE (CAST(:account AS text) IS NULL OR account = :account)
  AND (CAST(:action AS text) IS NULL OR action = :action)
  AND (CAST(:since AS timestamptz) IS NULL OR at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR at < :until)
  AND (CAST(:before AS bigint) IS NULL OR entry_id < :before)
ORDER BY entry_id DESC
LIMIT :limit

-- name: all
SELECT entry_id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, account, role, place, action,
       object, details::text AS details, request_id, address, previous, hash
FROM gis.audit_trail
ORDER BY entry_id

-- name: head
SELECT entries, hash FROM gis.audit_head
