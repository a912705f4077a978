-- Notices to owners, their service (送达), a county's own templates; letters to units that are slow.
--
-- A notice to a house with an open case is a step of that case (kind notice), and its service another (kind serve) that
-- names it; to a house without one (no hazard found, and yet to be appraised: 东兰方案 二(二)) it is a row of
-- gis.house_notice. gis.notice tells both; their numbers come from one sequence.

SET LOCAL ROLE gis_owner;

INSERT INTO gis.case_rule (kind, what, position, zh, en, from_state, roles, needs, takes, checks, clause) VALUES
    ('notice', 'stop_business', 101, '停止经营通知', 'notice to stop business', '{pending,in_progress}',
     '{administrator,department,township}', '{number}', '{until,reason,evidence}', '{}', '融政规〔2022〕6号 二(二)3(4)'),
    ('serve', '', 102, '通知送达', 'notice served', '{pending,in_progress,accepted,cleared}',
     '{administrator,department,township}', '{refers,method,evidence}', '{reason}', '{}', '东兰方案 二(二)');

-- A service is of a notice of the same case, once, and not before it.
CREATE FUNCTION gis.check_service() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    served gis.case_event;
BEGIN
    SELECT * INTO served FROM gis.case_event AS e
    WHERE e.event_id = NEW.refers AND e.case_id = NEW.case_id AND e.kind = 'notice';
    IF served.event_id IS NULL THEN
        RAISE EXCEPTION 'refers' USING ERRCODE = 'GC001', DETAIL = jsonb_build_object('code', 'refers', 'refers', NEW.refers)::text;
    ELSIF EXISTS (SELECT FROM gis.case_event AS e WHERE e.refers = NEW.refers AND e.kind = 'serve') THEN
        RAISE EXCEPTION 'over' USING ERRCODE = 'GC001', DETAIL = jsonb_build_object('code', 'over', 'refers', NEW.refers)::text;
    ELSIF NEW.on_day < served.on_day THEN
        RAISE EXCEPTION 'before' USING ERRCODE = 'GC001',
            DETAIL = jsonb_build_object('code', 'before', 'day', NEW.on_day, 'opened', served.on_day)::text;
    END IF;
    RETURN NEW;
END
$$;
-- After keep_case, by its name: the event has its case by then.
CREATE TRIGGER serve_notice BEFORE INSERT ON gis.case_event FOR EACH ROW WHEN (NEW.kind = 'serve')
    EXECUTE FUNCTION gis.check_service();

CREATE TABLE gis.house_notice (
    notice_id bigint PRIMARY KEY DEFAULT nextval('gis.case_event_event_id_seq'),
    building_id text NOT NULL REFERENCES gis.building (building_id),
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    number text NOT NULL CHECK (length(number) BETWEEN 1 AND 200),
    issued_on date NOT NULL DEFAULT gis.today(),
    due_on date CHECK (due_on >= issued_on),
    account text DEFAULT gis.asker('account'),
    department text DEFAULT gis.asker('department'),
    place text DEFAULT gis.asker('place'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX house_notice_building ON gis.house_notice (building_id);
CREATE TABLE gis.house_service (
    notice_id bigint PRIMARY KEY REFERENCES gis.house_notice,
    building_id text NOT NULL REFERENCES gis.building (building_id),
    served_on date NOT NULL,
    method text NOT NULL CHECK (length(method) BETWEEN 1 AND 200),
    reason text CHECK (length(reason) <= 2000),
    receipt text[] NOT NULL CHECK (cardinality(receipt) BETWEEN 1 AND 30),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX house_service_building ON gis.house_service (building_id);
CREATE FUNCTION gis.check_house_service() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    served gis.house_notice;
BEGIN
    SELECT * INTO served FROM gis.house_notice AS n WHERE n.notice_id = NEW.notice_id AND n.building_id = NEW.building_id;
    IF served.notice_id IS NULL THEN
        RAISE EXCEPTION 'refers' USING ERRCODE = 'GC001', DETAIL = jsonb_build_object('code', 'refers', 'refers', NEW.notice_id)::text;
    ELSIF NEW.served_on < served.issued_on THEN
        RAISE EXCEPTION 'before' USING ERRCODE = 'GC001',
            DETAIL = jsonb_build_object('code', 'before', 'day', NEW.served_on, 'opened', served.issued_on)::text;
    ELSIF NEW.served_on > gis.today() THEN
        RAISE EXCEPTION 'future' USING ERRCODE = 'GC001',
            DETAIL = jsonb_build_object('code', 'future', 'day', NEW.served_on, 'today', gis.today())::text;
    ELSIF EXISTS (SELECT FROM unnest(NEW.receipt) AS s (sha256) WHERE NOT EXISTS (
            SELECT FROM gis.attachment AS a WHERE a.sha256 = s.sha256 AND a.building_id = NEW.building_id)) THEN
        RAISE EXCEPTION 'evidence' USING ERRCODE = 'GC001', DETAIL = '{"code": "evidence"}';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_service BEFORE INSERT ON gis.house_service FOR EACH ROW EXECUTE FUNCTION gis.check_house_service();

CREATE OR REPLACE VIEW gis.notice WITH (security_invoker = true) AS
SELECT n.event_id AS notice_id, n.case_id, n.building_id, n.what AS kind, n.given ->> 'number' AS number,
       n.on_day AS issued_on, n.until AS due_on, n.reason, n.account, n.department, n.place,
       s.on_day AS served_on, s.given ->> 'method' AS method, s.evidence AS receipt, n.recorded_at
FROM gis.case_event AS n
LEFT JOIN gis.case_event AS s ON s.refers = n.event_id AND s.kind = 'serve'
WHERE n.kind = 'notice'
UNION ALL
SELECT h.notice_id, NULL, h.building_id, h.kind, h.number, h.issued_on, h.due_on, NULL, h.account, h.department, h.place,
       s.served_on, s.method, s.receipt, h.recorded_at
FROM gis.house_notice AS h LEFT JOIN gis.house_service AS s USING (notice_id);

-- Which notices a house is to have by what is known of it today, and by which clause.
CREATE VIEW gis.notice_due WITH (security_invoker = true) AS
-- Operating and not appraised as safe since its last alteration: 东兰方案 二(二).
SELECT b.building_id, 'appraise' AS kind FROM gis.building AS b
WHERE b.removed_on IS NULL AND b.use_class IN ('commercial', 'mixed') AND NOT EXISTS (
    SELECT FROM gis.in_force(b.building_id, '{appraisal}') AS j WHERE j.grade IN ('A', 'B')
    AND coalesce(j.judged_on >= b.altered_on, coalesce(cardinality(b.alterations), 0) = 0))
UNION ALL
-- A control of the tier and use: 东兰方案 二(二), 二(三).
SELECT b.building_id, 'stop_use' FROM gis.case AS c JOIN gis.building AS b USING (building_id)
WHERE b.removed_on IS NULL AND c.kind = 'structure' AND c.state IN ('pending', 'in_progress') AND EXISTS (
    SELECT FROM gis.control_rule AS q WHERE q.tier = b.hazard_tier AND q.use_class = b.use_class AND q.measure = 'stop_use')
UNION ALL
-- Appraised as dangerous: 融政规〔2022〕6号 二(二)3(4).
SELECT b.building_id, 'stop_business' FROM gis.case AS c JOIN gis.building AS b USING (building_id)
WHERE b.removed_on IS NULL AND c.kind = 'structure' AND c.state IN ('pending', 'in_progress')
  AND b.use_class IN ('commercial', 'mixed') AND b.appraisal_grade IN ('C', 'D')
UNION ALL
SELECT b.building_id, 'rectify' FROM gis.case AS c JOIN gis.building AS b USING (building_id)
WHERE b.removed_on IS NULL AND c.kind = 'structure' AND c.state IN ('pending', 'in_progress');

-- A county's own templates: the newest of a kind holds; one without a file goes back to ours.
CREATE TABLE gis.paper_template (
    template_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    content bytea CHECK (octet_length(content) <= 2000000),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX paper_template_kind ON gis.paper_template (kind, template_id DESC);

-- Reminders (发函提醒) and talks (约谈) with a unit that is slow: 融政规〔2022〕6号 三(五).
CREATE TABLE gis.letter (
    letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('remind', 'talk')),
    unit_code text NOT NULL,
    -- In which step the unit is slow, where it is one that bulletins follow (0029).
    step text CHECK (step IN ('judge', 'control', 'appraise', 'rectify')),
    number text NOT NULL CHECK (length(number) BETWEEN 1 AND 200),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
    issued_on date NOT NULL DEFAULT gis.today(),
    due_on date CHECK (due_on >= issued_on),
    -- Of a talk: when and where.
    meeting text CHECK (length(meeting) <= 200),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((kind = 'talk') = (meeting IS NOT NULL))
);
CREATE INDEX letter_unit ON gis.letter (unit_code);
-- That it was received, or the talk held.
CREATE TABLE gis.letter_done (
    letter_id bigint PRIMARY KEY REFERENCES gis.letter,
    done_on date NOT NULL,
    note text CHECK (length(note) <= 2000),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['house_notice', 'house_service', 'paper_template', 'letter', 'letter_done'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change()', name);
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['house_notice', 'house_service'] LOOP
        EXECUTE format('CREATE POLICY keeper ON gis.%I FOR SELECT TO gis_keeper USING (true)', name);
        EXECUTE format('CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor '
                       'USING (true)', name);
        EXECUTE format('CREATE POLICY house ON gis.%1$I FOR SELECT TO gis_department, gis_township, gis_village USING '
                       '(EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_id))', name);
        EXECUTE format('CREATE POLICY add ON gis.%I FOR INSERT TO gis_administrator WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY add_own ON gis.%1$I FOR INSERT TO gis_department, gis_township WITH CHECK '
                       '(EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_id))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['letter', 'letter_done'] LOOP
        EXECUTE format('CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_auditor USING (true)', name);
        EXECUTE format('CREATE POLICY add ON gis.%I FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true)', name);
    END LOOP;
END
$$;
CREATE POLICY unit ON gis.letter FOR SELECT TO gis_township USING (unit_code = (SELECT gis.asker('place')));
CREATE POLICY unit ON gis.letter_done FOR SELECT TO gis_township
    USING (EXISTS (SELECT FROM gis.letter AS l WHERE l.letter_id = letter_done.letter_id));
CREATE POLICY everybody ON gis.paper_template FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor,
    gis_department, gis_township, gis_village USING (true);
CREATE POLICY add ON gis.paper_template FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
