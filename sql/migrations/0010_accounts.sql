-- People: accounts, sessions, tokens, failed sign-ins, and the trail of what was done.
-- The service's own role reads none of these tables: what signing in needs are the functions below, one question
-- each, which run as the owner with a fixed search_path. Secrets of sessions and tokens are kept as SHA-256 only.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._-]{1,39}$'),
    role text NOT NULL CHECK (role IN (
        'administrator', 'planner', 'fire', 'department', 'township', 'village', 'auditor')),
    place text,
    department text,
    person boolean NOT NULL DEFAULT false,
    -- Null: signs in through the organisation's own sign-in (OIDC) or by token only.
    password_hash text,
    has_password boolean GENERATED ALWAYS AS (password_hash IS NOT NULL) STORED,
    oidc_subject text UNIQUE,
    demo boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    password_changed_at timestamptz,
    disabled_at timestamptz,
    CHECK (CASE role WHEN 'township' THEN coalesce(place ~ '^[0-9]{9}$', false)
                     WHEN 'village' THEN coalesce(place ~ '^[0-9]{12}$', false)
                     ELSE place IS NULL END),
    CHECK ((role = 'department') = (department IS NOT NULL))
);
CREATE UNIQUE INDEX account_name ON gis.account (lower(name));
COMMENT ON COLUMN gis.account.person IS 'May read owner, telephone and identity number of houses in its place.';
COMMENT ON COLUMN gis.account.demo IS 'Made for the simulated county; disabled when real houses come in.';

CREATE TABLE gis.session (
    secret_sha256 bytea PRIMARY KEY CHECK (length(secret_sha256) = 32),
    account_id bigint NOT NULL REFERENCES gis.account ON DELETE CASCADE,
    csrf text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    idle interval NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX session_account ON gis.session (account_id);

CREATE TABLE gis.token (
    token_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    secret_sha256 bytea NOT NULL UNIQUE CHECK (length(secret_sha256) = 32),
    account_id bigint NOT NULL REFERENCES gis.account ON DELETE CASCADE,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
    rights text[] NOT NULL CHECK (cardinality(rights) BETWEEN 1 AND 20),
    created_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz,
    used_at timestamptz,
    CHECK (ends_at <= created_at + interval '366 days')
);
CREATE INDEX token_account ON gis.token (account_id);

-- Failed sign-ins by name and address, by name, and by address. Whoever counts here need not exist.
CREATE TABLE gis.sign_in_attempt (
    key text PRIMARY KEY CHECK (length(key) <= 200),
    failures integer NOT NULL,
    last_at timestamptz NOT NULL,
    open_at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempt_last ON gis.sign_in_attempt (last_at);

CREATE TABLE gis.audit_trail (
    entry_id bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    account text NOT NULL,
    role text,
    place text,
    action text NOT NULL,
    object text,
    details jsonb NOT NULL,
    request_id text,
    address text,
    previous text NOT NULL,
    hash text NOT NULL
);
CREATE INDEX audit_trail_at ON gis.audit_trail (at);
CREATE INDEX audit_trail_account ON gis.audit_trail (account, entry_id);
CREATE INDEX audit_trail_action ON gis.audit_trail (action, entry_id);
COMMENT ON TABLE gis.audit_trail IS 'Append-only; hash = SHA-256 over all other fields, the previous hash among them.';

-- How many entries there are and the last one's hash: without it a cut-off end would not be missed.
CREATE TABLE gis.audit_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    entries bigint NOT NULL,
    hash text NOT NULL
);
INSERT INTO gis.audit_head (entries, hash) VALUES (0, repeat('0', 64));

-- The owner too: a slip of the hand cannot rewrite the trail, only somebody who first removes this on purpose.
CREATE FUNCTION gis.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'gis.% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON gis.audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();

CREATE FUNCTION gis.head_moves_on() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.entries <> OLD.entries + 1 OR NEW.hash = OLD.hash THEN
        RAISE EXCEPTION 'gis.audit_head moves on by one' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER moves_on BEFORE UPDATE ON gis.audit_head FOR EACH ROW EXECUTE FUNCTION gis.head_moves_on();

-- A field as text that no other field can imitate: its length in bytes, a colon, itself.
CREATE FUNCTION gis.netstring(field text) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(octet_length(field) || ':' || field, '-') || ','
$$;

-- Append one entry. The head's row lock makes one chain of entries that come at once; it is held until the
-- transaction ends, so an action and its entry are stored together or not at all.
CREATE FUNCTION gis.record(
    who text, their_role text, their_place text, done text, what text, facts jsonb, request text, from_address text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    head gis.audit_head;
    moment timestamptz;
    digest text;
BEGIN
    SELECT * INTO STRICT head FROM gis.audit_head FOR UPDATE;
    moment := clock_timestamp();
    digest := encode(sha256(convert_to(
        gis.netstring((head.entries + 1)::text)
        || gis.netstring(to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || gis.netstring(who) || gis.netstring(their_role) || gis.netstring(their_place) || gis.netstring(done)
        || gis.netstring(what) || gis.netstring(facts::text) || gis.netstring(request) || gis.netstring(from_address)
        || gis.netstring(head.hash), 'UTF8')), 'hex');
    INSERT INTO gis.audit_trail
    VALUES (head.entries + 1, moment, who, their_role, their_place, done, what, facts, request, from_address,
            head.hash, digest);
    UPDATE gis.audit_head SET entries = head.entries + 1, hash = digest;
    RETURN head.entries + 1;
END
$$;

-- What is needed to hold a password against a name.
CREATE FUNCTION gis.credential(given text)
RETURNS TABLE (account_id bigint, name text, password_hash text, disabled boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.account_id, a.name, a.password_hash, a.disabled_at IS NOT NULL
    FROM gis.account AS a WHERE lower(a.name) = lower(given)
$$;

-- Whose subject the organisation's sign-in vouches for.
CREATE FUNCTION gis.account_of_subject(subject text) RETURNS TABLE (account_id bigint, name text, disabled boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.account_id, a.name, a.disabled_at IS NOT NULL FROM gis.account AS a WHERE a.oidc_subject = subject
$$;

-- Ask to try a password. With wait 0 the try counts as failed until gis.forget_attempts takes it back, so that many
-- at once cannot slip through, and follows says how many seconds are closed if it fails; otherwise wait is how many
-- seconds it is still closed, and nothing is counted. After the free tries of a key each failure doubles the time,
-- from 2 seconds up to a quarter of an hour; after an hour without one all is forgotten.
CREATE FUNCTION gis.try_sign_in(keys text[], free integer[], OUT wait integer, OUT follows integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    follows := 0;
    -- The rows first, then their locks, in one order: tries that come at once wait for one another here.
    INSERT INTO gis.sign_in_attempt (key, failures, last_at, open_at)
    SELECT k.key, 0, clock_timestamp(), clock_timestamp() FROM unnest(keys) AS k (key) ORDER BY k.key
    ON CONFLICT (key) DO NOTHING;
    PERFORM 1 FROM gis.sign_in_attempt WHERE key = ANY (keys) ORDER BY key FOR UPDATE;
    SELECT greatest(coalesce(ceil(extract(epoch FROM max(open_at) - clock_timestamp())), 0), 0)::integer INTO wait
    FROM gis.sign_in_attempt WHERE key = ANY (keys) AND last_at > clock_timestamp() - interval '1 hour';
    IF wait > 0 THEN
        RETURN;
    END IF;
    UPDATE gis.sign_in_attempt
    SET failures = CASE WHEN last_at > clock_timestamp() - interval '1 hour' THEN failures + 1 ELSE 1 END,
        last_at = clock_timestamp()
    WHERE key = ANY (keys);
    UPDATE gis.sign_in_attempt AS t
    SET open_at = clock_timestamp() + least(900, 2 ^ least(t.failures - k.free + 1, 20)) * interval '1 second'
    FROM unnest(keys, free) AS k (key, free) WHERE t.key = k.key AND t.failures >= k.free;
    -- Bounded, whatever names are tried: the oldest go first.
    DELETE FROM gis.sign_in_attempt WHERE last_at < clock_timestamp() - interval '1 hour';
    DELETE FROM gis.sign_in_attempt WHERE key IN (
        SELECT key FROM gis.sign_in_attempt ORDER BY last_at DESC OFFSET 10000);
    SELECT greatest(coalesce(ceil(extract(epoch FROM max(open_at) - clock_timestamp())), 0), 0)::integer INTO follows
    FROM gis.sign_in_attempt WHERE key = ANY (keys);
END
$$;

-- A sign-in succeeded: what its own name failed before is forgotten, its address has one failure less.
CREATE FUNCTION gis.forget_attempts(own text[], shared text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    DELETE FROM gis.sign_in_attempt WHERE key = ANY (own);
    UPDATE gis.sign_in_attempt SET failures = greatest(failures - 1, 0), open_at = clock_timestamp()
    WHERE key = ANY (shared);
$$;

CREATE FUNCTION gis.open_session(
    whose bigint, secret bytea, csrf_secret text, idle_for interval, lasts interval)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    DELETE FROM gis.session WHERE ends_at < now() OR seen_at + idle < now();
    -- At most twenty of one account: the one that slept longest goes.
    DELETE FROM gis.session WHERE secret_sha256 IN (
        SELECT s.secret_sha256 FROM gis.session AS s WHERE s.account_id = whose ORDER BY s.seen_at DESC OFFSET 19);
    INSERT INTO gis.session (secret_sha256, account_id, csrf, idle, ends_at)
    SELECT secret, a.account_id, csrf_secret, idle_for, now() + lasts
    FROM gis.account AS a WHERE a.account_id = whose AND a.disabled_at IS NULL;
$$;

-- Who a session's secret belongs to; nobody when it is over. Being seen is written once a minute.
CREATE FUNCTION gis.session_asker(secret bytea)
RETURNS TABLE (account_id bigint, name text, role text, place text, department text, person boolean, csrf text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE gis.session AS s SET seen_at = now()
    WHERE s.secret_sha256 = secret AND s.ends_at > now() AND s.seen_at + s.idle > now()
      AND s.seen_at < now() - least(interval '1 minute', s.idle / 4);
    RETURN QUERY
    SELECT a.account_id, a.name, a.role, a.place, a.department, a.person, s.csrf
    FROM gis.session AS s JOIN gis.account AS a USING (account_id)
    WHERE s.secret_sha256 = secret AND s.ends_at > now() AND s.seen_at + s.idle > now() AND a.disabled_at IS NULL;
END
$$;

CREATE FUNCTION gis.close_session(secret bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    DELETE FROM gis.session WHERE secret_sha256 = secret
$$;

-- Who a token belongs to and what it is limited to; nobody when it is over or revoked.
CREATE FUNCTION gis.token_asker(secret bytea)
RETURNS TABLE (account_id bigint, name text, role text, place text, department text, person boolean, rights text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE gis.token AS t SET used_at = now()
    WHERE t.secret_sha256 = secret AND t.ends_at > now() AND t.revoked_at IS NULL
      AND (t.used_at IS NULL OR t.used_at < now() - interval '1 minute');
    RETURN QUERY
    SELECT a.account_id, a.name, a.role, a.place, a.department, a.person, t.rights
    FROM gis.token AS t JOIN gis.account AS a USING (account_id)
    WHERE t.secret_sha256 = secret AND t.ends_at > now() AND t.revoked_at IS NULL AND a.disabled_at IS NULL;
END
$$;

-- A new password, or the same one hashed anew (which ends no session).
CREATE FUNCTION gis.store_password(whose bigint, hashed text, is_new boolean) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE gis.account
    SET password_hash = hashed, password_changed_at = CASE WHEN is_new THEN now() ELSE password_changed_at END
    WHERE account_id = whose;
    DELETE FROM gis.session WHERE account_id = whose AND is_new;
$$;

CREATE FUNCTION gis.tokens_of(whose bigint)
RETURNS TABLE (token_id bigint, title text, rights text[], created_at timestamptz, ends_at timestamptz,
               revoked_at timestamptz, used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.token_id, t.title, t.rights, t.created_at, t.ends_at, t.revoked_at, t.used_at
    FROM gis.token AS t WHERE t.account_id = whose ORDER BY t.token_id DESC LIMIT 200
$$;

CREATE FUNCTION gis.make_token(whose bigint, secret bytea, called text, may text[], lasts interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO gis.token (secret_sha256, account_id, title, rights, ends_at)
    VALUES (secret, whose, called, may, now() + lasts) RETURNING token_id
$$;

-- Revoke a token of that account; false when it has no such live token.
CREATE FUNCTION gis.revoke_token(whose bigint, which bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH revoked AS (
        UPDATE gis.token SET revoked_at = now()
        WHERE token_id = which AND account_id = whose AND revoked_at IS NULL RETURNING 1)
    SELECT EXISTS (SELECT FROM revoked)
$$;

-- Disabling ends what is open; enabling opens nothing by itself.
CREATE FUNCTION gis.end_sessions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM gis.session WHERE account_id = NEW.account_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER ends_sessions AFTER UPDATE OF disabled_at, role, place, department, person ON gis.account
    FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION gis.end_sessions();

ALTER TABLE gis.account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE gis.session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE gis.token ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE gis.sign_in_attempt ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE gis.audit_trail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE gis.audit_head ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY owner ON gis.account TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY owner ON gis.session TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY owner ON gis.token TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY owner ON gis.sign_in_attempt TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY owner ON gis.audit_trail TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY owner ON gis.audit_head TO gis_owner USING (true) WITH CHECK (true);

CREATE POLICY administrator ON gis.account TO gis_administrator USING (true) WITH CHECK (true);
CREATE POLICY readers ON gis.audit_trail FOR SELECT TO gis_administrator, gis_auditor USING (true);
CREATE POLICY readers ON gis.audit_head FOR SELECT TO gis_administrator, gis_auditor USING (true);
