-- Visits: somebody stood before a house. Rows are only added; the number is made by whoever sends it, so that what is sent
-- twice is one. What a visit says and the record does not is a proposal, which the township accepts or rejects.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.visit (
    visit_id uuid PRIMARY KEY,
    building_id text NOT NULL REFERENCES gis.building (building_id),
    round_id bigint REFERENCES gis.round,
    plan_id bigint REFERENCES gis.plan ON DELETE SET NULL,
    visited_at timestamptz NOT NULL,
    visited_on date NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('visited', 'absent', 'refused', 'gone', 'wrong')),
    -- What the visitor thinks; a tier is a judgement's, by a technician.
    found text CHECK (found IN ('severe', 'some', 'none_found')),
    answers jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(answers) = 'object'),
    note text CHECK (length(note) <= 2000),
    photographs text[] NOT NULL DEFAULT '{}' CHECK (cardinality(photographs) <= 30),
    -- Where the visitor stood, by whom that is known, and how far that is from the house.
    position geometry(Point, {{work_srid}}),
    position_by text CHECK (position_by IN ('device', 'map')),
    accuracy_m double precision CHECK (accuracy_m >= 0),
    distance_m double precision,
    source text NOT NULL DEFAULT 'page' CHECK (source IN ('page', 'file', 'package', 'machine')),
    -- SHA-256 of all that was sent: the same number with other content is not the same visit.
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((position IS NULL) = (position_by IS NULL))
);
CREATE INDEX visit_building ON gis.visit (building_id, visited_at);
CREATE INDEX visit_day ON gis.visit (visited_on);
CREATE INDEX visit_plan ON gis.visit (plan_id) WHERE plan_id IS NOT NULL;
CREATE INDEX visit_position ON gis.visit USING gist (position);
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON gis.visit
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();
-- A plan that is deleted is forgotten by its visits; nothing else of one changes.
CREATE FUNCTION gis.refuse_visit() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_jsonb(NEW) - 'plan_id' IS DISTINCT FROM to_jsonb(OLD) - 'plan_id' OR NEW.plan_id IS NOT NULL THEN
        RAISE EXCEPTION 'gis.visit is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER kept BEFORE UPDATE ON gis.visit FOR EACH ROW EXECUTE FUNCTION gis.refuse_visit();

CREATE TABLE gis.proposal (
    proposal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    visit_id uuid NOT NULL REFERENCES gis.visit,
    building_id text NOT NULL REFERENCES gis.building (building_id),
    field text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (visit_id, field)
);
CREATE INDEX proposal_building ON gis.proposal (building_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.proposal
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();

CREATE TABLE gis.proposal_decision (
    proposal_id bigint PRIMARY KEY REFERENCES gis.proposal,
    accepted boolean NOT NULL,
    reason text CHECK (length(reason) <= 2000),
    account text DEFAULT gis.asker('account'),
    decided_on date NOT NULL DEFAULT gis.today(),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.proposal_decision
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();

-- What may be asked before a house: columns of gis.building.
CREATE FUNCTION gis.surveyed_fields() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT ARRAY['name', 'address', 'floors', 'structure', 'use_class', 'business_uses', 'people', 'built_year', 'alterations',
                 'altered_on', 'licences', 'permits', 'violations', 'geohazards', 'fire_hazards', 'declared_areas', 'land',
                 'design', 'builder', 'ownership', 'removed_on']
$$;
-- A list in any order says the same.
CREATE FUNCTION gis.sorted(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE jsonb_typeof(value)
               WHEN 'array' THEN (SELECT coalesce(jsonb_agg(x ORDER BY x), '[]') FROM jsonb_array_elements(value) AS x)
               ELSE value END
$$;

-- Given to the keeper in grants.sql: places a visit in time and space, or refuses it.
CREATE FUNCTION gis.place_visit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    house gis.building;
    sweep gis.round;
    fault jsonb;
BEGIN
    SELECT * INTO house FROM gis.building AS b WHERE b.building_id = NEW.building_id;
    IF house.building_id IS NULL THEN
        RAISE EXCEPTION 'house' USING ERRCODE = 'GC001', DETAIL = '{"code": "house"}';
    END IF;
    NEW.visited_on := (NEW.visited_at AT TIME ZONE
                       coalesce(nullif(current_setting('gis.timezone', true), ''), 'Asia/Shanghai'))::date;
    NEW.distance_m := ST_Distance(NEW.position, house.geom);
    SELECT * INTO sweep FROM gis.round AS r
    WHERE CASE WHEN NEW.round_id IS NULL
               THEN NEW.visited_on BETWEEN r.first_day AND coalesce(r.closed_on, r.last_day, 'infinity')
                    AND gis.meets(r.filter, house.use_class, house.unit_code, house.hazard_tier)
               ELSE r.round_id = NEW.round_id END
    ORDER BY r.first_day DESC, r.round_id DESC LIMIT 1;
    IF NEW.visited_on > gis.today() THEN
        fault := jsonb_build_object('code', 'future', 'day', NEW.visited_on, 'today', gis.today());
    ELSIF house.removed_on < NEW.visited_on THEN
        fault := jsonb_build_object('code', 'removed', 'removed', house.removed_on);
    ELSIF NEW.round_id IS NOT NULL AND NEW.visited_on < sweep.first_day THEN
        fault := jsonb_build_object('code', 'round', 'day', NEW.visited_on, 'round', sweep.name, 'first', sweep.first_day);
    ELSIF NEW.visited_on < make_date(coalesce(house.built_year, 1), 1, 1) THEN
        fault := jsonb_build_object('code', 'built', 'day', NEW.visited_on, 'built', house.built_year);
    ELSIF NEW.distance_m > 1000 THEN
        fault := jsonb_build_object('code', 'far', 'distance', round(NEW.distance_m));
    ELSIF EXISTS (SELECT FROM unnest(NEW.photographs) AS s (sha256) WHERE NOT EXISTS (
            SELECT FROM gis.attachment AS a WHERE a.sha256 = s.sha256 AND a.building_id = NEW.building_id)) THEN
        fault := jsonb_build_object('code', 'evidence');
    END IF;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION '%', fault ->> 'code' USING ERRCODE = 'GC001', DETAIL = fault::text;
    END IF;
    NEW.round_id := sweep.round_id;
    RETURN NEW;
END
$$;

-- Given to the keeper: what differs from the record is proposed, and the stops of published plans are done.
CREATE FUNCTION gis.follow_visit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO gis.proposal (visit_id, building_id, field, before, after)
    SELECT NEW.visit_id, NEW.building_id, a.key, coalesce(to_jsonb(b) -> a.key, 'null'), a.value
    FROM gis.building AS b
    CROSS JOIN jsonb_each(NEW.answers || CASE NEW.outcome
        WHEN 'gone' THEN jsonb_build_object('removed_on', NEW.visited_on) ELSE '{}' END) AS a
    WHERE b.building_id = NEW.building_id AND a.key = ANY (gis.surveyed_fields())
      AND gis.sorted(coalesce(to_jsonb(b) -> a.key, 'null')) IS DISTINCT FROM gis.sorted(a.value)
    ORDER BY a.key;
    -- Nobody at home, or a door that stayed shut, is to be visited again.
    IF NEW.outcome IN ('visited', 'gone', 'wrong') THEN
        UPDATE gis.plan_stop AS s SET done = true
        FROM gis.plan_version AS v
        WHERE v.plan_id = s.plan_id AND v.version = s.version AND v.state = 'published' AND s.building_id = NEW.building_id
          AND NOT s.done AND (NEW.plan_id IS NULL OR s.plan_id = NEW.plan_id)
          -- In force is the version published last.
          AND v.version = (SELECT max(w.version) FROM gis.plan_version AS w
                           WHERE w.plan_id = v.plan_id AND w.state = 'published');
    END IF;
    RETURN NULL;
END
$$;

-- Given to the keeper: what the township accepts becomes the record, unless that changed since.
CREATE FUNCTION gis.apply_decision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    asked gis.proposal;
    now_ jsonb;
BEGIN
    SELECT * INTO asked FROM gis.proposal AS p WHERE p.proposal_id = NEW.proposal_id;
    IF NOT NEW.accepted OR asked.field IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT coalesce(to_jsonb(b) -> asked.field, 'null') INTO now_ FROM gis.building AS b
    WHERE b.building_id = asked.building_id FOR UPDATE;
    IF gis.sorted(now_) IS DISTINCT FROM gis.sorted(asked.before) THEN
        RAISE EXCEPTION 'stale' USING ERRCODE = 'GC001', DETAIL = '{"code": "stale"}';
    END IF;
    -- The column is one of gis.surveyed_fields(): follow_visit took no other.
    EXECUTE format('UPDATE gis.building SET %1$I = (jsonb_populate_record(NULL::gis.building, $1)).%1$I WHERE building_id = $2',
                   asked.field)
    USING jsonb_build_object(asked.field, asked.after), asked.building_id;
    RETURN NEW;
END
$$;

CREATE TRIGGER place_visit BEFORE INSERT ON gis.visit FOR EACH ROW EXECUTE FUNCTION gis.place_visit();
CREATE TRIGGER follow_visit AFTER INSERT ON gis.visit FOR EACH ROW EXECUTE FUNCTION gis.follow_visit();
CREATE TRIGGER apply_decision BEFORE INSERT ON gis.proposal_decision FOR EACH ROW EXECUTE FUNCTION gis.apply_decision();

ALTER TABLE gis.judgement ADD CONSTRAINT judgement_visit FOREIGN KEY (visit_id) REFERENCES gis.visit NOT VALID;
CREATE INDEX judgement_visit ON gis.judgement (visit_id) WHERE visit_id IS NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['visit', 'proposal', 'proposal_decision'] LOOP
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY keeper ON gis.%I FOR SELECT TO gis_keeper USING (true)', name);
        EXECUTE format(
            'CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor '
            'USING (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['visit', 'proposal'] LOOP
        EXECUTE format(
            'CREATE POLICY house ON gis.%1$I FOR SELECT TO gis_department, gis_township, gis_village USING '
            '(EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_id))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['plan_version', 'plan_stop'] LOOP
        EXECUTE format('CREATE POLICY keeper ON gis.%I FOR SELECT TO gis_keeper USING (true)', name);
    END LOOP;
END
$$;
CREATE POLICY keeper_does ON gis.plan_stop FOR UPDATE TO gis_keeper USING (true);
CREATE POLICY keeper_proposes ON gis.proposal FOR INSERT TO gis_keeper WITH CHECK (true);
CREATE POLICY report ON gis.visit FOR INSERT TO gis_administrator, gis_planner, gis_fire WITH CHECK (true);
CREATE POLICY report_own ON gis.visit FOR INSERT TO gis_department, gis_township, gis_village
    WITH CHECK (EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = visit.building_id));
CREATE POLICY house ON gis.proposal_decision FOR SELECT TO gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.proposal AS p WHERE p.proposal_id = proposal_decision.proposal_id));
CREATE POLICY decide ON gis.proposal_decision FOR INSERT TO gis_administrator WITH CHECK (true);
CREATE POLICY decide_own ON gis.proposal_decision FOR INSERT TO gis_township
    WITH CHECK (EXISTS (SELECT FROM gis.proposal AS p WHERE p.proposal_id = proposal_decision.proposal_id));
