-- Accounts, sign-in, sessions, tokens. The functions are those of migration 0010.

-- name: credential
SELECT account_id, name, password_hash, disabled FROM gis.credential(:name)

-- name: of_subject
SELECT account_id, name, disabled FROM gis.account_of_subject(:subject)

-- name: try_sign_in
SELECT wait, follows FROM gis.try_sign_in(CAST(:keys AS text[]), CAST(:free AS integer[]))

-- name: forget_attempts
SELECT gis.forget_attempts(CAST(:own AS text[]), CAST(:shared AS text[]))

-- name: open_session
SELECT gis.open_session(:account_id, :secret, :csrf, make_interval(mins => :idle_min), make_interval(hours => :hours))

-- name: session_principal
SELECT account_id, name, role, place, department, person, csrf FROM gis.session_asker(%(secret)s)

-- name: close_session
SELECT gis.close_session(:secret)

-- name: token_principal
SELECT account_id, name, role, place, department, person, rights FROM gis.token_asker(%(secret)s)

-- name: store_password
SELECT sessions, tokens FROM gis.store_password(:account_id, :hashed, :is_new)

-- name: open_things
SELECT sessions, tokens FROM gis.open_things(:account_id)

-- name: open_name
SELECT gis.open_name(:name)

-- name: knows_browser
SELECT gis.knows_browser(:name, :secret)

-- name: know_browser
SELECT gis.know_browser(:account_id, :secret)

-- name: tokens
SELECT token_id, title, rights, created_at, ends_at, revoked_at, used_at FROM gis.tokens_of(:account_id)

-- name: make_token
SELECT gis.make_token(:account_id, :secret, :title, CAST(:rights AS text[]), make_interval(days => :days))

-- name: revoke_token
SELECT gis.revoke_token(:account_id, :token_id)

-- name: add
INSERT INTO gis.account (name, role, place, department, person, oidc_subject, demo)
VALUES (:name, :role, :place, :department, :person, :oidc_subject, :demo)
RETURNING account_id

-- name: list
SELECT account_id, name, role, place, department, person, has_password, oidc_subject, demo, created_at,
       password_changed_at, disabled_at
FROM gis.account
WHERE CAST(:name AS text) IS NULL OR lower(name) = lower(:name)
ORDER BY name
LIMIT 5000

-- name: place
SELECT level, name FROM gis.admin_area WHERE code = :code

-- name: able_administrators
SELECT count(*) FROM gis.account WHERE role = 'administrator' AND disabled_at IS NULL

-- name: set_disabled
UPDATE gis.account SET disabled_at = CASE WHEN :disabled THEN coalesce(disabled_at, now()) END
WHERE account_id = :account_id

-- name: only_simulated
SELECT EXISTS (SELECT FROM gis.building) AND NOT EXISTS (SELECT FROM gis.building WHERE NOT simulated)

-- name: demo_places
SELECT t.code AS township, t.name AS township_name, v.code AS village, v.name AS village_name
FROM gis.admin_area AS t
LEFT JOIN LATERAL (
    SELECT v.code, v.name FROM gis.admin_area AS v
    WHERE v.level = 'village' AND v.parent_code = t.code AND v.code ~ '^[0-9]{12}$' ORDER BY v.code LIMIT 1) AS v ON true
WHERE t.level = 'township' AND t.code ~ '^[0-9]{9}$'
ORDER BY v.code IS NULL, t.code
LIMIT 1

-- name: person
SELECT b.building_id, p.owner_name, p.telephone, p.identity_number
FROM gis.building AS b LEFT JOIN gis.building_person AS p USING (building_id)
WHERE b.building_id = :building_id

-- name: places
SELECT code, name, level FROM gis.admin_area
WHERE (level = 'township' AND code ~ '^[0-9]{9}$') OR (level = 'unit' AND code ~ '^([0-9]{9}|[0-9]{0,11}[A-Z][0-9A-Z]{0,11})$') OR (level = 'village' AND code ~ '^[0-9]{12}$')
ORDER BY code
LIMIT 2000
