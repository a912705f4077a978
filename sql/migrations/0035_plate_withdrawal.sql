-- A single plate can be withdrawn, lost or copied or hung on another house, and its house be given another.

SET LOCAL ROLE gis_owner;

-- A house has one plate that stands; the next of a house is made when the one before is withdrawn.
ALTER TABLE gis.plate ADD COLUMN issue integer NOT NULL DEFAULT 1 CHECK (issue > 0),
    DROP CONSTRAINT plate_building_id_key, ADD UNIQUE (building_id, issue);

CREATE TABLE gis.plate_withdrawal (
    plate_id bigint PRIMARY KEY REFERENCES gis.plate,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.plate_withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();
ALTER TABLE gis.plate_withdrawal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON gis.plate_withdrawal TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY county ON gis.plate_withdrawal FOR SELECT TO gis_administrator, gis_planner, gis_auditor USING (true);
CREATE POLICY own ON gis.plate_withdrawal FOR SELECT TO gis_township
    USING (EXISTS (SELECT FROM gis.plate AS p WHERE p.plate_id = plate_withdrawal.plate_id));
CREATE POLICY add ON gis.plate_withdrawal FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
CREATE POLICY add_own ON gis.plate_withdrawal FOR INSERT TO gis_township
    WITH CHECK (EXISTS (SELECT FROM gis.plate AS p WHERE p.plate_id = plate_withdrawal.plate_id));

-- What a plate tells a stranger, and no more; nothing where plates are off, the code is none or was withdrawn, or the house
-- is gone.
CREATE OR REPLACE FUNCTION gis.scan_plate(code bytea)
RETURNS TABLE (building_id text, zh text[], en text[], telephone text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    setting gis.plate_setting;
    one gis.plate;
BEGIN
    SELECT * INTO setting FROM gis.plate_setting AS s ORDER BY s.setting_id DESC LIMIT 1;
    SELECT p.* INTO one FROM gis.plate AS p JOIN gis.building AS b ON b.building_id = p.building_id
    WHERE p.body = code AND b.removed_on IS NULL
      AND NOT EXISTS (SELECT FROM gis.plate_withdrawal AS w WHERE w.plate_id = p.plate_id);
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
