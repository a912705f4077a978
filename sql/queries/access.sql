-- What row-level security needs of the server.

-- name: unmarked
-- The function of geometry's && where nothing says yet that it gives nothing of a row away.
SELECT p.oid::regprocedure::text
FROM pg_operator AS o JOIN pg_proc AS p ON p.oid = o.oprcode
WHERE o.oprname = '&&' AND o.oprleft = to_regtype('geometry') AND o.oprright = to_regtype('geometry') AND NOT p.proleakproof

-- name: superuser
SELECT rolsuper FROM pg_roles WHERE rolname = current_user

-- name: mark
ALTER FUNCTION {function} LEAKPROOF

-- name: asker
-- Whose eyes the rows were seen with: part of the key of what is kept.
SELECT current_user::text, coalesce(gis.asker('place'), ''), coalesce(gis.asker('department'), '')
