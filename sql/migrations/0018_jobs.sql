-- Doors that hold: the data's version moves on with the change itself, tokens end with a password, browsers that signed
-- in before are not locked out by strangers, a login for readers, and long work as jobs.

-- A login that can be nothing else: member of no role. What it reads is said in grants.sql.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gis_reader') THEN
        CREATE ROLE gis_reader LOGIN NOINHERIT;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

SET LOCAL ROLE gis_owner;

-- The data's version. A sequence moves at once and for everybody: between its step and the commit a tile of the old data
-- was kept under the new version. A row is seen when its transaction is, and rows of others do not wait for one another.
-- The version is their sum, over what the sequence had reached.
CREATE TABLE gis.data_step (
    step_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what text NOT NULL DEFAULT 'data' CHECK (what IN ('data', 'area', 'record')),
    steps bigint NOT NULL DEFAULT 1 CHECK (steps > 0),
    at timestamptz NOT NULL DEFAULT now()
);

-- Of everything, or of one kind of data: an area that is drawn changes no house's tile, and a drill no map of the county.
CREATE FUNCTION gis.version_of_data(of text DEFAULT NULL) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM gis.data_version)
         + coalesce((SELECT sum(steps) FROM gis.data_step WHERE of IS NULL OR what = of), 0)::bigint
$$;

-- Move the version on, once a transaction and kind; whoever listens is told at its commit.
CREATE FUNCTION gis.step_data(of text DEFAULT 'data') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    this text := pg_current_xact_id()::text;
    mark text := 'gis.stepped_' || of;
BEGIN
    -- Undone with a savepoint that is undone, as the row is.
    IF current_setting(mark, true) IS NOT DISTINCT FROM this THEN
        RETURN;
    END IF;
    INSERT INTO gis.data_step (what) VALUES (of);
    PERFORM set_config(mark, this, true), pg_notify('gis_data', '');
    -- Many rows become one, when nobody else is at it.
    IF current_setting('transaction_isolation') = 'read committed'
       AND (SELECT count(*) FROM gis.data_step) > 500 AND pg_try_advisory_xact_lock(4545004) THEN
        WITH gone AS (DELETE FROM gis.data_step RETURNING what, steps)
        INSERT INTO gis.data_step (what, steps) SELECT what, sum(steps)::bigint FROM gone GROUP BY what;
    END IF;
END
$$;

-- A statement that meets no row changes nothing: what is counted of the table is looked at before and after it.
CREATE FUNCTION gis.rows_written(of oid) RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT pg_stat_get_xact_tuples_inserted(of) + pg_stat_get_xact_tuples_updated(of)
         + pg_stat_get_xact_tuples_deleted(of)
$$;

CREATE FUNCTION gis.data_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('gis.written', gis.rows_written(TG_RELID)::text, true);
    RETURN NULL;
END
$$;

CREATE FUNCTION gis.data_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' OR NOT current_setting('track_counts')::boolean
       OR gis.rows_written(TG_RELID)::text IS DISTINCT FROM current_setting('gis.written', true) THEN
        PERFORM gis.step_data(coalesce(TG_ARGV[0], 'data'));
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['admin_area', 'key_zone', 'building', 'road', 'hydrant', 'drawn_area', 'gap', 'alley',
                                'cluster', 'building_density', 'engine_space', 'burn_cluster', 'firebreak',
                                'fire_site', 'fire_plan', 'fire_drill', 'fire_patrol'] LOOP
        EXECUTE format('CREATE TRIGGER counts_rows BEFORE INSERT OR UPDATE OR DELETE ON gis.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION gis.data_changes()', name);
        EXECUTE format('CREATE TRIGGER moves_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON gis.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION gis.data_changed(%L)', name,
                       CASE WHEN name = 'drawn_area' THEN 'area' WHEN name LIKE 'fire\_%' THEN 'record' ELSE 'data' END);
    END LOOP;
END
$$;

-- Accounts. A new password and disabling end tokens as they end sessions; how many is said.
DROP FUNCTION gis.store_password(bigint, text, boolean);
CREATE FUNCTION gis.store_password(
    whose bigint, hashed text, is_new boolean, OUT sessions integer, OUT tokens integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE gis.account
    SET password_hash = hashed, password_changed_at = CASE WHEN is_new THEN now() ELSE password_changed_at END
    WHERE account_id = whose;
    sessions := 0;
    tokens := 0;
    IF is_new THEN
        DELETE FROM gis.session WHERE account_id = whose;
        GET DIAGNOSTICS sessions = ROW_COUNT;
        UPDATE gis.token SET revoked_at = now() WHERE account_id = whose AND revoked_at IS NULL AND ends_at > now();
        GET DIAGNOSTICS tokens = ROW_COUNT;
    END IF;
END
$$;

-- What disabling an account would end.
CREATE FUNCTION gis.open_things(whose bigint, OUT sessions integer, OUT tokens integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (SELECT count(*)::integer FROM gis.session AS s
            WHERE s.account_id = whose AND s.ends_at > now() AND s.seen_at + s.idle > now()),
           (SELECT count(*)::integer FROM gis.token AS t
            WHERE t.account_id = whose AND t.revoked_at IS NULL AND t.ends_at > now())
$$;

CREATE OR REPLACE FUNCTION gis.end_sessions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM gis.session WHERE account_id = NEW.account_id;
    IF NEW.disabled_at IS NOT NULL AND OLD.disabled_at IS NULL THEN
        UPDATE gis.token SET revoked_at = now() WHERE account_id = NEW.account_id AND revoked_at IS NULL;
        DELETE FROM gis.known_browser WHERE account_id = NEW.account_id;
    END IF;
    RETURN NULL;
END
$$;

-- Browsers from which an account signed in: each has failed tries of its own, which no stranger can use up.
CREATE TABLE gis.known_browser (
    secret_sha256 bytea PRIMARY KEY CHECK (length(secret_sha256) = 32),
    account_id bigint NOT NULL REFERENCES gis.account ON DELETE CASCADE,
    used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX known_browser_account ON gis.known_browser (account_id, used_at);

CREATE FUNCTION gis.knows_browser(given text, secret bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM gis.known_browser AS k JOIN gis.account AS a USING (account_id)
                   WHERE k.secret_sha256 = secret AND lower(a.name) = lower(given) AND a.disabled_at IS NULL
                     AND k.used_at > now() - interval '180 days')
$$;

-- At most twenty of an account: the one that was used longest ago goes.
CREATE FUNCTION gis.know_browser(whose bigint, secret bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    DELETE FROM gis.known_browser WHERE used_at < now() - interval '180 days';
    DELETE FROM gis.known_browser WHERE secret_sha256 IN (
        SELECT k.secret_sha256 FROM gis.known_browser AS k WHERE k.account_id = whose AND k.secret_sha256 <> secret
        ORDER BY k.used_at DESC OFFSET 19);
    INSERT INTO gis.known_browser (secret_sha256, account_id) VALUES (secret, whose)
    ON CONFLICT (secret_sha256) DO UPDATE SET account_id = excluded.account_id, used_at = now()
$$;

-- Forget what was tried on a name, from wherever; how many counts that were.
CREATE FUNCTION gis.open_name(given text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM gis.sign_in_attempt
        WHERE key = 'n ' || lower(given) OR starts_with(key, 'p ' || lower(given) || ' ')
           OR starts_with(key, 'b ' || lower(given) || ' ')
        RETURNING failures)
    SELECT count(*) FROM gone WHERE failures > 0
$$;

-- Other processes of the service are told what is no longer so.
CREATE FUNCTION gis.people_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_notify('gis_people', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER told AFTER DELETE ON gis.session FOR EACH STATEMENT EXECUTE FUNCTION gis.people_changed();
CREATE TRIGGER told AFTER UPDATE OF revoked_at ON gis.token FOR EACH STATEMENT EXECUTE FUNCTION gis.people_changed();
CREATE TRIGGER told AFTER UPDATE OF disabled_at, role, place, department, person ON gis.account
    FOR EACH STATEMENT EXECUTE FUNCTION gis.people_changed();

-- Long work. Who asked signs by default values, as of a run; a worker does it in that asker's name.
CREATE TABLE gis.job (
    job_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    parameters jsonb NOT NULL CHECK (jsonb_typeof(parameters) = 'object'),
    -- Whoever asks for the same (kind, parameters, what they see, the data's version) shares one job while it is good.
    key text,
    lane text NOT NULL CHECK (lane IN ('short', 'long')),
    account text DEFAULT gis.asker('account'),
    role text DEFAULT current_user,
    place text DEFAULT gis.asker('place'),
    department text DEFAULT gis.asker('department'),
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'lost')),
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    seen_at timestamptz,
    finished_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    worker text,
    cancel boolean NOT NULL DEFAULT false,
    done double precision NOT NULL DEFAULT 0 CHECK (done BETWEEN 0 AND 1),
    stage_zh text NOT NULL DEFAULT '',
    stage_en text NOT NULL DEFAULT '',
    result jsonb,
    file text,
    error_zh text,
    error_en text,
    CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled', 'lost')))
);
CREATE INDEX job_waiting ON gis.job (lane, job_id) WHERE state IN ('waiting', 'running');
CREATE INDEX job_key ON gis.job (key) WHERE key IS NOT NULL;
CREATE INDEX job_account ON gis.job (account, job_id);

-- A plan whose job ended without making it says so; else it would be "being made" for ever, and hold up others.
CREATE FUNCTION gis.plan_unmade() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE gis.plan_version
    SET state = 'failed', changed_at = now(), changed_by = NEW.account,
        refusal = jsonb_build_object(
            'zh', coalesce(NEW.error_zh, CASE NEW.state WHEN 'cancelled' THEN '任务已取消。' ELSE '编排中断，请重新编排。' END),
            'en', coalesce(NEW.error_en, CASE NEW.state WHEN 'cancelled' THEN 'The job was cancelled.'
                                                        ELSE 'Planning broke off; make the plan again.' END))
    WHERE plan_id = (NEW.parameters ->> 'plan_id')::bigint AND version = (NEW.parameters ->> 'version')::integer
      AND state = 'making';
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_unmade AFTER UPDATE OF state ON gis.job
    FOR EACH ROW WHEN (NEW.kind = 'plan' AND NEW.state IN ('failed', 'cancelled', 'lost'))
    EXECUTE FUNCTION gis.plan_unmade();

CREATE TABLE gis.job_line (
    job_id bigint NOT NULL REFERENCES gis.job ON DELETE CASCADE,
    line integer NOT NULL CHECK (line > 0),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    zh text NOT NULL,
    en text NOT NULL,
    PRIMARY KEY (job_id, line)
);

CREATE FUNCTION gis.job_asked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_notify('gis_job', '');
    RETURN NULL;
END
$$;
-- Of a row: a statement that takes no job must wake nobody, or an idle worker would wake itself without end.
CREATE TRIGGER told AFTER INSERT OR UPDATE OF state, cancel ON gis.job
    FOR EACH ROW WHEN (NEW.state = 'waiting' OR NEW.cancel) EXECUTE FUNCTION gis.job_asked();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['data_step', 'known_browser', 'job', 'job_line'] LOOP
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;

-- One's own jobs, and those shared with everybody of the same eyes; the administrator sees all.
CREATE POLICY administrator ON gis.job FOR SELECT TO gis_administrator USING (true);
CREATE POLICY own ON gis.job FOR SELECT TO
    gis_planner, gis_fire, gis_auditor, gis_department, gis_township, gis_village
    USING (account = (SELECT gis.asker('account'))
           OR key IS NOT NULL AND role = current_user AND place IS NOT DISTINCT FROM (SELECT gis.asker('place'))
              AND department IS NOT DISTINCT FROM (SELECT gis.asker('department')));
CREATE POLICY ask ON gis.job FOR INSERT TO
    gis_administrator, gis_planner, gis_fire, gis_auditor, gis_department, gis_township, gis_village
    WITH CHECK (state = 'waiting');
CREATE POLICY cancel ON gis.job FOR UPDATE TO
    gis_planner, gis_fire, gis_auditor, gis_department, gis_township, gis_village
    USING (account = (SELECT gis.asker('account')) AND finished_at IS NULL)
    WITH CHECK (account = (SELECT gis.asker('account')));
CREATE POLICY cancel_any ON gis.job FOR UPDATE TO gis_administrator USING (finished_at IS NULL) WITH CHECK (true);
CREATE POLICY of_job ON gis.job_line FOR SELECT TO
    gis_administrator, gis_planner, gis_fire, gis_auditor, gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.job AS j WHERE j.job_id = job_line.job_id));
CREATE POLICY machine ON gis.data_step FOR SELECT TO gis_administrator USING (true);
