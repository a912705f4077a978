-- How many cases were struck off, by all that the ledger counts them by and by which rows are seen: after some years they
-- are most of it, and each would be looked up with its house whenever somebody opens the ledger. Rows are only added, a
-- change of a number each, so that two who strike off at once do not wait for each other; the worker adds them up.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.cleared_count (
    kind text NOT NULL,
    use_class text,
    hazard_tier text,
    unit_code text,
    village_code text,
    departments text[],
    cases bigint NOT NULL
);

ALTER TABLE gis.cleared_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON gis.cleared_count TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY keeper ON gis.cleared_count FOR INSERT TO gis_keeper WITH CHECK (true);
CREATE POLICY county ON gis.cleared_count FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor USING (true);
-- As of houses.
CREATE POLICY township ON gis.cleared_count FOR SELECT TO gis_township USING (unit_code = (SELECT gis.asker('place')));
CREATE POLICY village ON gis.cleared_count FOR SELECT TO gis_village USING (village_code = (SELECT gis.asker('place')));
CREATE POLICY department ON gis.cleared_count FOR SELECT TO gis_department
    USING (departments @> ARRAY[(SELECT gis.asker('department'))]);

CREATE INDEX case_cleared ON gis.case (building_id) WHERE state = 'cleared';

-- Given to the keeper, as is the other: a case that is struck off counts.
CREATE FUNCTION gis.count_cleared() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO gis.cleared_count (kind, use_class, hazard_tier, unit_code, village_code, departments, cases)
    SELECT NEW.kind, b.use_class, b.hazard_tier, b.unit_code, b.village_code, b.departments,
           CASE NEW.state WHEN 'cleared' THEN 1 ELSE -1 END
    FROM gis.building AS b WHERE b.building_id = NEW.building_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER counted AFTER UPDATE OF state ON gis.case
    FOR EACH ROW WHEN ((OLD.state = 'cleared') <> (NEW.state = 'cleared')) EXECUTE FUNCTION gis.count_cleared();

-- A house that moves to another place, use or tier takes its cases with it. Of whatever update: a unit follows a township by
-- a trigger, and is then not among the columns that the update names.
CREATE FUNCTION gis.move_cleared() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO gis.cleared_count (kind, use_class, hazard_tier, unit_code, village_code, departments, cases)
    SELECT c.kind, h.use_class, h.hazard_tier, h.unit_code, h.village_code, h.departments, h.sign * count(*)
    FROM gis.case AS c CROSS JOIN (VALUES
        (OLD.use_class, OLD.hazard_tier, OLD.unit_code, OLD.village_code, OLD.departments, -1),
        (NEW.use_class, NEW.hazard_tier, NEW.unit_code, NEW.village_code, NEW.departments, 1))
        AS h (use_class, hazard_tier, unit_code, village_code, departments, sign)
    WHERE c.building_id = OLD.building_id AND c.state = 'cleared'
    GROUP BY c.kind, h.use_class, h.hazard_tier, h.unit_code, h.village_code, h.departments, h.sign;
    RETURN NULL;
END
$$;
CREATE TRIGGER moves_cleared AFTER UPDATE ON gis.building
    FOR EACH ROW WHEN ((OLD.use_class, OLD.hazard_tier, OLD.unit_code, OLD.village_code, OLD.departments)
        IS DISTINCT FROM (NEW.use_class, NEW.hazard_tier, NEW.unit_code, NEW.village_code, NEW.departments))
    EXECUTE FUNCTION gis.move_cleared();

INSERT INTO gis.cleared_count (kind, use_class, hazard_tier, unit_code, village_code, departments, cases)
SELECT c.kind, b.use_class, b.hazard_tier, b.unit_code, b.village_code, b.departments, count(*)
FROM gis.case AS c JOIN gis.building AS b USING (building_id) WHERE c.state = 'cleared' GROUP BY 1, 2, 3, 4, 5, 6;
