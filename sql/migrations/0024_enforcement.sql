-- Joint enforcement (联合执法): which houses are to be seen together with the departments, and what each action found.
--
-- What is on the list follows from the record and the cases; a finding takes a house off it until there is a newer reason.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.enforcement (
    enforcement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    on_day date NOT NULL,
    -- Departments by their code; county is the county's office.
    lead text NOT NULL,
    departments text[] NOT NULL DEFAULT '{}',
    note text CHECK (length(note) <= 2000),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE gis.enforcement_house (
    enforcement_id bigint NOT NULL REFERENCES gis.enforcement,
    building_id text NOT NULL REFERENCES gis.building (building_id),
    reasons text[] NOT NULL,
    PRIMARY KEY (enforcement_id, building_id)
);
CREATE INDEX enforcement_house_building ON gis.enforcement_house (building_id);
CREATE TABLE gis.enforcement_finding (
    finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enforcement_id bigint NOT NULL,
    building_id text NOT NULL,
    found text NOT NULL CHECK (found IN ('complied', 'open', 'violation', 'absent')),
    -- What was done on the spot; a measure of its own is a step of the house's case.
    measure text CHECK (length(measure) <= 200),
    note text CHECK (length(note) <= 2000),
    photographs text[] NOT NULL DEFAULT '{}' CHECK (cardinality(photographs) <= 30),
    account text DEFAULT gis.asker('account'),
    department text DEFAULT gis.asker('department'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (enforcement_id, building_id) REFERENCES gis.enforcement_house
);
CREATE INDEX enforcement_finding_house ON gis.enforcement_finding (building_id, enforcement_id);

CREATE FUNCTION gis.check_enforcement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.lead <> 'county' AND NOT EXISTS (SELECT FROM gis.code AS c WHERE c.list = 'departments' AND c.code = NEW.lead)
       OR EXISTS (SELECT FROM unnest(NEW.departments) AS d (code) WHERE NOT EXISTS (
                      SELECT FROM gis.code AS c WHERE c.list = 'departments' AND c.code = d.code)) THEN
        RAISE EXCEPTION 'department' USING ERRCODE = 'GC001', DETAIL = '{"code": "department"}';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_enforcement BEFORE INSERT ON gis.enforcement FOR EACH ROW EXECUTE FUNCTION gis.check_enforcement();

-- A finding is of the day of its action or later, and its photographs are of the house.
CREATE FUNCTION gis.check_finding() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    action gis.enforcement;
BEGIN
    SELECT * INTO action FROM gis.enforcement AS e WHERE e.enforcement_id = NEW.enforcement_id;
    IF action.on_day > gis.today() THEN
        RAISE EXCEPTION 'early' USING ERRCODE = 'GC001',
            DETAIL = jsonb_build_object('code', 'early', 'day', action.on_day, 'today', gis.today())::text;
    END IF;
    IF EXISTS (SELECT FROM unnest(NEW.photographs) AS s (sha256) WHERE NOT EXISTS (
            SELECT FROM gis.attachment AS a WHERE a.sha256 = s.sha256 AND a.building_id = NEW.building_id)) THEN
        RAISE EXCEPTION 'evidence' USING ERRCODE = 'GC001', DETAIL = '{"code": "evidence"}';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_finding BEFORE INSERT ON gis.enforcement_finding FOR EACH ROW EXECUTE FUNCTION gis.check_finding();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['enforcement', 'enforcement_house', 'enforcement_finding'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change()', name);
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
        EXECUTE format(
            'CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor '
            'USING (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['enforcement_house', 'enforcement_finding'] LOOP
        EXECUTE format(
            'CREATE POLICY house ON gis.%1$I FOR SELECT TO gis_department, gis_township, gis_village USING '
            '(EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_id))', name);
    END LOOP;
END
$$;
CREATE POLICY house ON gis.enforcement FOR SELECT TO gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.enforcement_house AS h WHERE h.enforcement_id = enforcement.enforcement_id));
CREATE POLICY plan ON gis.enforcement FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
CREATE POLICY plan ON gis.enforcement_house FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
CREATE POLICY find ON gis.enforcement_finding FOR INSERT TO gis_administrator, gis_planner, gis_fire WITH CHECK (true);
CREATE POLICY find_own ON gis.enforcement_finding FOR INSERT TO gis_department, gis_township
    WITH CHECK (EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = enforcement_finding.building_id));
