-- QR plates: a house's number, the measure in force and the county's telephone, for whoever stands before it.
--
-- A plate's code is random and signed (plates/token.py); the random part stands here, and leads to the house only through
-- gis.scan_plate, which tells three things and counts. Off until the county switches it on.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.plate (
    plate_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    building_id text NOT NULL UNIQUE REFERENCES gis.building (building_id),
    body bytea NOT NULL UNIQUE CHECK (octet_length(body) = 16),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Whether plates answer, and which telephone they tell; the newest row holds.
CREATE TABLE gis.plate_setting (
    setting_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enabled boolean NOT NULL,
    telephone text CHECK (length(telephone) BETWEEN 3 AND 30),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (NOT enabled OR telephone IS NOT NULL)
);
-- How often a plate was looked at, by day; not by whom.
CREATE TABLE gis.plate_scan (
    plate_id bigint NOT NULL REFERENCES gis.plate,
    on_day date NOT NULL,
    scans integer NOT NULL CHECK (scans > 0),
    PRIMARY KEY (plate_id, on_day)
);

-- What a plate tells a stranger, and no more; nothing where plates are off, the code is none, or the house is gone.
CREATE FUNCTION gis.scan_plate(code bytea) RETURNS TABLE (building_id text, zh text[], en text[], telephone text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    setting gis.plate_setting;
    one gis.plate;
BEGIN
    SELECT * INTO setting FROM gis.plate_setting AS s ORDER BY s.setting_id DESC LIMIT 1;
    SELECT p.* INTO one FROM gis.plate AS p JOIN gis.building AS b ON b.building_id = p.building_id
    WHERE p.body = code AND b.removed_on IS NULL;
    IF setting.enabled IS NOT TRUE OR one.plate_id IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO gis.plate_scan AS s (plate_id, on_day, scans) VALUES (one.plate_id, gis.today(), 1)
    ON CONFLICT ON CONSTRAINT plate_scan_pkey DO UPDATE SET scans = s.scans + 1;
    RETURN QUERY SELECT one.building_id, coalesce(array_agg(w.zh ORDER BY w.kind), '{}'), coalesce(array_agg(w.en ORDER BY w.kind), '{}'),
                        setting.telephone
    FROM (SELECT DISTINCT m.kind, m.zh, m.en FROM gis.measure AS m
          WHERE m.building_id = one.building_id AND m.ended_on IS NULL AND m.class = 'control') AS w;
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['plate', 'plate_setting'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['plate', 'plate_setting', 'plate_scan'] LOOP
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_auditor USING (true)', name);
    END LOOP;
END
$$;
CREATE POLICY own ON gis.plate FOR SELECT TO gis_township
    USING (EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = plate.building_id));
CREATE POLICY add ON gis.plate FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
CREATE POLICY add_own ON gis.plate FOR INSERT TO gis_township
    WITH CHECK (EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = plate.building_id));
CREATE POLICY told ON gis.plate_setting FOR SELECT TO gis_township USING (true);
CREATE POLICY add ON gis.plate_setting FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
