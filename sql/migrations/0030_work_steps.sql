-- The six-step method (六步工作法, 融政规〔2022〕6号 二(一)3(1)): which unit has done which step, since when, and what proves it.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.work_step (
    work_step_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_code text NOT NULL,
    step text NOT NULL CHECK (step IN ('team', 'publicity', 'training', 'survey', 'sort', 'control')),
    -- Null takes back what an earlier row said.
    done_on date,
    proof text NOT NULL CHECK (length(proof) BETWEEN 1 AND 500),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX work_step_unit ON gis.work_step (unit_code, step, work_step_id DESC);

CREATE FUNCTION gis.check_work_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.done_on > gis.today() THEN
        RAISE EXCEPTION 'future' USING ERRCODE = 'GC001',
            DETAIL = jsonb_build_object('code', 'future', 'day', NEW.done_on, 'today', gis.today())::text;
    END IF;
    IF NOT EXISTS (SELECT FROM gis.admin_area AS a WHERE a.code = NEW.unit_code AND a.level IN ('township', 'unit')) THEN
        RAISE EXCEPTION 'unit' USING ERRCODE = 'GC001', DETAIL = '{"code": "unit"}';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_work_step BEFORE INSERT ON gis.work_step FOR EACH ROW EXECUTE FUNCTION gis.check_work_step();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.work_step
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();

ALTER TABLE gis.work_step ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON gis.work_step TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY county ON gis.work_step FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor USING (true);
CREATE POLICY own ON gis.work_step FOR SELECT TO gis_township USING (unit_code = gis.asker('place'));
CREATE POLICY add ON gis.work_step FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
CREATE POLICY add_own ON gis.work_step FOR INSERT TO gis_township WITH CHECK (unit_code = gis.asker('place'));
