-- Sign-off (层层确认): who answers for what was surveyed in a village, in a round, in order.
--
-- A signature stands over the SHA-256 of a text (gis.signed_content): the RFC 8785 JSON of the village's houses, or of the
-- list of a unit's villages. It names the digest of the one beneath it, and has a digest of all that it says, so that
-- whoever recomputes them proves the chain. Nothing is ever marked void: what no longer agrees with the houses, or with
-- what stands beneath, is found by comparing (signatures/state.py). The database decides who may sign and in which order.

SET LOCAL ROLE gis_owner;

-- Who signs what. The newest row of a place and step holds; without one nobody may sign.
CREATE TABLE gis.signer (
    signer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_code text NOT NULL,
    -- Null for the step of the whole unit.
    village_code text,
    step text NOT NULL CHECK (step IN ('team', 'secretary', 'leader', 'township')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 50),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
    -- Null for somebody who signs on paper alone.
    account text CHECK (length(account) BETWEEN 1 AND 100),
    set_by text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((village_code IS NULL) = (step = 'township'))
);
CREATE INDEX signer_place ON gis.signer (unit_code, village_code, step, signer_id DESC);

-- What was signed, once however many sign it.
CREATE TABLE gis.signed_content (
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    unit_code text NOT NULL,
    village_code text,
    content text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (sha256)
);

CREATE TABLE gis.signature (
    signature_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id bigint NOT NULL REFERENCES gis.round,
    unit_code text NOT NULL,
    village_code text,
    step text NOT NULL CHECK (step IN ('team', 'secretary', 'leader', 'township')),
    content text NOT NULL REFERENCES gis.signed_content,
    -- The digest of the signature beneath; a unit's names those of its villages in its content.
    below text,
    houses integer NOT NULL CHECK (houses >= 1),
    name text NOT NULL,
    title text NOT NULL,
    -- Signed on paper and entered by the county; it stands when its scan is there.
    by_paper boolean NOT NULL,
    account text DEFAULT gis.asker('account'),
    role text NOT NULL DEFAULT current_user,
    signed_on date NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    digest text NOT NULL UNIQUE,
    CHECK ((village_code IS NULL) = (step = 'township'))
);
CREATE INDEX signature_place ON gis.signature (round_id, unit_code, village_code, step, signature_id DESC);
CREATE INDEX signature_content ON gis.signature (content);

-- The scanned signed page; the file lies in the data folder under its hash.
CREATE TABLE gis.signature_page (
    signature_id bigint NOT NULL REFERENCES gis.signature,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    media text NOT NULL CHECK (media IN ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')),
    bytes integer NOT NULL CHECK (bytes > 0),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (signature_id, sha256)
);

-- A number as ECMAScript, and so RFC 8785, writes it; heights and areas are from 0 to a million.
CREATE FUNCTION gis.number_text(x double precision) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN x < 1e-6 THEN regexp_replace(x::text, 'e-0', 'e-')::json
                WHEN x < 1e-4 THEN x::text::numeric::text::json ELSE to_json(x) END
$$;

-- Codes in the order of their letters: a list that is only sorted anew says the same.
CREATE FUNCTION gis.in_order(codes text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN cardinality(codes) > 1 THEN ARRAY(SELECT c FROM unnest(codes) AS u (c) ORDER BY c COLLATE "C") ELSE codes END
$$;

-- All that a signature says, as RFC 8785 JSON: keys in order, no blanks, strings and whole numbers alone.
CREATE FUNCTION gis.signature_text(s gis.signature) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT '{"account":' || coalesce(to_json(s.account)::text, 'null')
        || ',"below":' || coalesce(to_json(s.below)::text, 'null')
        || ',"by_paper":' || s.by_paper::text
        || ',"content":' || to_json(s.content)::text
        || ',"houses":' || s.houses::text
        || ',"name":' || to_json(s.name)::text
        || ',"recorded_at":' || to_json(to_char(s.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text
        || ',"round_id":' || s.round_id::text
        || ',"signature_id":' || s.signature_id::text
        || ',"signed_on":' || to_json(s.signed_on::text)::text
        || ',"step":' || to_json(s.step)::text
        || ',"title":' || to_json(s.title)::text
        || ',"unit_code":' || to_json(s.unit_code)::text
        || ',"village_code":' || coalesce(to_json(s.village_code)::text, 'null') || '}'
$$;

-- Whether a signature counts by itself: entered by who signed, or with the scan of the page that was signed.
CREATE FUNCTION gis.signature_counts(s gis.signature) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT NOT s.by_paper OR EXISTS (SELECT FROM gis.signature_page AS p WHERE p.signature_id = s.signature_id)
$$;

-- Given to the keeper in grants.sql: enters a signature or refuses it with a code.
CREATE FUNCTION gis.keep_signature() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    text_signed gis.signed_content;
    of_round gis.round;
    duty gis.signer;
    beneath gis.signature;
    steps text[] := ARRAY['team', 'secretary', 'leader'];
    under text;
    lacking text[];
    fault jsonb;
BEGIN
    -- Two at once wait here, and the second sees what the first did.
    PERFORM pg_advisory_xact_lock(hashtextextended('gis.signature ' || NEW.round_id || ' ' || NEW.unit_code, 0));
    SELECT * INTO of_round FROM gis.round AS r WHERE r.round_id = NEW.round_id;
    SELECT * INTO text_signed FROM gis.signed_content AS c WHERE c.sha256 = NEW.content;
    SELECT * INTO duty FROM gis.signer AS d
    WHERE d.unit_code = NEW.unit_code AND d.village_code IS NOT DISTINCT FROM NEW.village_code AND d.step = NEW.step
    ORDER BY d.signer_id DESC LIMIT 1;
    IF of_round.round_id IS NULL THEN
        fault := '{"code": "round"}';
    ELSIF of_round.first_day > gis.today() THEN
        fault := jsonb_build_object('code', 'early', 'day', of_round.first_day);
    ELSIF text_signed.sha256 <> encode(sha256(convert_to(text_signed.content, 'UTF8')), 'hex')
          OR (text_signed.unit_code, text_signed.village_code) IS DISTINCT FROM (NEW.unit_code, NEW.village_code) THEN
        fault := '{"code": "content"}';
    ELSIF duty.signer_id IS NULL THEN
        fault := '{"code": "nobody"}';
    ELSIF NEW.by_paper AND NEW.role NOT IN ('gis_administrator', 'gis_planner', 'gis_owner') THEN
        fault := '{"code": "paper"}';
    ELSIF NOT NEW.by_paper AND (NEW.account IS NULL OR duty.account IS DISTINCT FROM NEW.account) THEN
        fault := jsonb_build_object('code', 'not_yours', 'name', duty.name, 'title', duty.title);
    END IF;
    IF fault IS NULL AND NEW.step = 'township' THEN
        -- Every village that the text names, signed by its leader over just that.
        SELECT array_agg(v.village_code ORDER BY v.village_code) INTO lacking
        FROM jsonb_to_recordset(text_signed.content::jsonb -> 'villages') AS v (village_code text, sha256 text, signature text)
        WHERE NOT EXISTS (
            SELECT FROM gis.signature AS s
            WHERE s.round_id = NEW.round_id AND s.unit_code = NEW.unit_code AND s.village_code = v.village_code
              AND s.step = 'leader' AND s.content = v.sha256 AND s.digest = v.signature AND gis.signature_counts(s));
        IF lacking IS NOT NULL THEN
            fault := jsonb_build_object('code', 'villages', 'villages', lacking);
        END IF;
    ELSIF fault IS NULL AND NEW.step <> 'team' THEN
        under := steps[array_position(steps, NEW.step) - 1];
        SELECT * INTO beneath FROM gis.signature AS s
        WHERE s.round_id = NEW.round_id AND s.unit_code = NEW.unit_code AND s.village_code = NEW.village_code
          AND s.step = under AND s.content = NEW.content AND gis.signature_counts(s)
        ORDER BY s.signature_id DESC LIMIT 1;
        IF beneath.signature_id IS NULL THEN
            fault := jsonb_build_object('code', 'order', 'below', under);
        ELSIF NOT NEW.by_paper AND EXISTS (
                SELECT FROM gis.signature AS s
                WHERE s.round_id = NEW.round_id AND s.unit_code = NEW.unit_code AND s.village_code = NEW.village_code
                  AND s.step <> NEW.step AND s.content = NEW.content AND s.account = NEW.account AND NOT s.by_paper) THEN
            fault := '{"code": "own"}';
        END IF;
        NEW.below := beneath.digest;
    END IF;
    IF fault IS NULL AND EXISTS (
            SELECT FROM gis.signature AS s
            WHERE s.round_id = NEW.round_id AND s.unit_code = NEW.unit_code
              AND s.village_code IS NOT DISTINCT FROM NEW.village_code AND s.step = NEW.step AND s.content = NEW.content
              AND s.below IS NOT DISTINCT FROM NEW.below AND gis.signature_counts(s)) THEN
        fault := '{"code": "signed"}';
    END IF;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION '%', fault ->> 'code' USING ERRCODE = 'GC001', DETAIL = fault::text;
    END IF;
    NEW.name := duty.name;
    NEW.title := duty.title;
    NEW.signed_on := gis.today();
    NEW.digest := encode(sha256(convert_to(gis.signature_text(NEW), 'UTF8')), 'hex');
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_signature BEFORE INSERT ON gis.signature FOR EACH ROW EXECUTE FUNCTION gis.keep_signature();

DO $$
DECLARE
    name text;
    scope text;
BEGIN
    FOREACH name IN ARRAY ARRAY['signer', 'signed_content', 'signature', 'signature_page'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change()', name);
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY keeper ON gis.%I FOR SELECT TO gis_keeper USING (true)', name);
        EXECUTE format('CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_auditor USING (true)', name);
        EXECUTE format('CREATE POLICY add ON gis.%I FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['signer', 'signed_content', 'signature'] LOOP
        EXECUTE format('CREATE POLICY unit ON gis.%I FOR SELECT TO gis_township '
                       'USING (unit_code = (SELECT gis.asker(''place'')))', name);
        EXECUTE format('CREATE POLICY village ON gis.%I FOR SELECT TO gis_village '
                       'USING (village_code = (SELECT gis.asker(''place'')))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['signed_content', 'signature'] LOOP
        EXECUTE format('CREATE POLICY add_unit ON gis.%I FOR INSERT TO gis_township '
                       'WITH CHECK (unit_code = (SELECT gis.asker(''place'')))', name);
        EXECUTE format('CREATE POLICY add_village ON gis.%I FOR INSERT TO gis_village '
                       'WITH CHECK (village_code = (SELECT gis.asker(''place'')))', name);
    END LOOP;
    scope := '(EXISTS (SELECT FROM gis.signature AS s WHERE s.signature_id = signature_page.signature_id))';
    EXECUTE 'CREATE POLICY place ON gis.signature_page FOR SELECT TO gis_township, gis_village USING ' || scope;
    EXECUTE 'CREATE POLICY add_place ON gis.signature_page FOR INSERT TO gis_township, gis_village WITH CHECK ' || scope;
END
$$;
