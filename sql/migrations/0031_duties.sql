-- Who works where (三级网格, 包联), how often a house is looked at, and what is to be done today.

SET LOCAL ROLE gis_owner;

-- The newest row of an account, kind and place holds, until one that says it no longer does.
CREATE TABLE gis.duty (
    duty_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL CHECK (length(account) BETWEEN 1 AND 100),
    -- grid: 网格员, of a county, township, unit, village or grid cell; leader: 包联领导.
    kind text NOT NULL CHECK (kind IN ('grid', 'leader')),
    place text NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 50),
    title text CHECK (length(title) BETWEEN 1 AND 100),
    holds boolean NOT NULL DEFAULT true,
    set_by text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX duty_account ON gis.duty (account, kind, place, duty_id DESC);
CREATE INDEX duty_place ON gis.duty (place);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.duty
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();

CREATE VIEW gis.duty_in_force WITH (security_invoker = true) AS
SELECT d.* FROM (SELECT DISTINCT ON (account, kind, place) * FROM gis.duty ORDER BY account, kind, place, duty_id DESC) AS d
WHERE d.holds;

-- How many days may pass between two looks. A measure in force that names its own days goes before; a county sets its own.
CREATE TABLE gis.patrol_rule (
    subject text PRIMARY KEY CHECK (subject IN ('severe', 'some', 'none_found', 'stopped')),
    days smallint NOT NULL CHECK (days BETWEEN 1 AND 3650),
    source text
);
INSERT INTO gis.patrol_rule (subject, days, source) VALUES
    ('severe', 7, '无规定，本系统默认'), ('some', 30, '无规定，本系统默认'), ('none_found', 365, 'NFPA 1730'),
    ('stopped', 3, '融政规〔2022〕6号 二(二)3(5) 不定期检查；天数为本系统默认');

-- Whether the asker has charge of a place: their own, or one within it.
CREATE FUNCTION gis.has_charge_of(of_place text) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM gis.admin_area AS a
        LEFT JOIN gis.admin_area AS p ON p.code = a.parent_code
        WHERE a.code = of_place AND gis.asker('place') IN (a.code, a.parent_code, p.parent_code))
$$;

-- Whether there is such an account: for who gives it a place, and may read nothing else of it.
CREATE FUNCTION gis.is_account(of_name text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT EXISTS (SELECT FROM gis.account AS a WHERE a.name = of_name AND a.disabled_at IS NULL) $$;

ALTER TABLE gis.duty ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON gis.duty TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY county ON gis.duty FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor USING (true);
CREATE POLICY own ON gis.duty FOR SELECT TO gis_department, gis_township, gis_village
    USING (account = (SELECT gis.asker('account')) OR gis.has_charge_of(place));
CREATE POLICY set ON gis.duty FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
CREATE POLICY set_own ON gis.duty FOR INSERT TO gis_township WITH CHECK (gis.has_charge_of(place));
ALTER TABLE gis.patrol_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON gis.patrol_rule TO gis_owner USING (true) WITH CHECK (true);
CREATE POLICY everybody ON gis.patrol_rule FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor,
    gis_department, gis_township, gis_village USING (true);
CREATE POLICY set ON gis.patrol_rule FOR UPDATE TO gis_administrator USING (true) WITH CHECK (true);

-- What is to be done by today in some places (null: all that the asker sees), of a department or of all. A house's grid
-- cell follows from its outline. Not SECURITY DEFINER and without settings: it is planned within the question that asks.
CREATE FUNCTION gis.work(places text[], of_department text)
RETURNS TABLE (kind text, building_id text, case_id bigint, due_on date) LANGUAGE sql STABLE
AS $$
    WITH house AS MATERIALIZED (
        SELECT b.building_id, b.hazard_tier FROM gis.building AS b
        WHERE b.removed_on IS NULL
          AND (places IS NULL OR b.unit_code = ANY (places) OR b.village_code = ANY (places) OR EXISTS (
              SELECT FROM gis.admin_area AS a
              WHERE a.level = 'grid' AND a.code = ANY (places) AND ST_Contains(a.geom, ST_PointOnSurface(b.geom))))
          AND (of_department IS NULL OR b.departments @> ARRAY[of_department])
    ), structural AS (
        SELECT c.building_id, bool_and(c.state = 'cleared') AS cleared FROM gis.case AS c
        WHERE c.kind = 'structure' GROUP BY c.building_id
    ), ordered AS (
        SELECT m.building_id, min((m.given ->> 'patrol_days')::integer) AS days FROM gis.measure AS m
        WHERE m.ended_on IS NULL AND m.given ? 'patrol_days' GROUP BY m.building_id
    ), looked AS (
        SELECT l.building_id, max(l.on_day) AS on_day FROM (
            SELECT v.building_id, v.visited_on AS on_day FROM gis.visit AS v WHERE v.outcome = 'visited'
            UNION ALL
            SELECT j.building_id, j.judged_on FROM gis.judgement AS j) AS l
        GROUP BY l.building_id
    )
    SELECT 'patrol', h.building_id, NULL::bigint, l.on_day + coalesce(o.days, r.days)
    FROM house AS h JOIN looked AS l USING (building_id)
    LEFT JOIN structural AS s USING (building_id)
    LEFT JOIN ordered AS o USING (building_id)
    -- What was struck off is a house like others.
    JOIN gis.patrol_rule AS r ON r.subject = CASE WHEN s.cleared THEN 'none_found' ELSE h.hazard_tier END
    WHERE l.on_day + coalesce(o.days, r.days) <= (SELECT gis.today())
    UNION ALL
    SELECT 'check', c.building_id, c.case_id, e.on_day + r.days
    FROM gis.case AS c JOIN house AS h USING (building_id) JOIN gis.patrol_rule AS r ON r.subject = 'stopped'
    CROSS JOIN LATERAL (
        SELECT max(e.on_day) AS on_day,
               max(e.seq) FILTER (WHERE e.kind = 'stop_business') > coalesce(
                   max(e.seq) FILTER (WHERE e.kind = 'resume_business'), 0) AS stopped
        FROM gis.case_event AS e
        WHERE e.case_id = c.case_id AND e.kind IN ('stop_business', 'check_business', 'resume_business')) AS e
    WHERE c.state <> 'cleared' AND e.stopped AND e.on_day + r.days <= (SELECT gis.today())
    UNION ALL
    SELECT 'control', c.building_id, c.case_id, c.opened_on
    FROM gis.case_card AS c JOIN house AS h USING (building_id)
    WHERE c.state IN ('pending', 'in_progress') AND c.missing <> '{}'
    UNION ALL
    SELECT 'overdue', c.building_id, c.case_id, c.deadline
    FROM gis.case AS c JOIN house AS h USING (building_id)
    WHERE c.state IN ('pending', 'in_progress') AND c.deadline < (SELECT gis.today())
    UNION ALL
    SELECT 'review', c.building_id, c.case_id, e.on_day
    FROM gis.case AS c JOIN house AS h USING (building_id) JOIN gis.case_event AS e ON e.event_id = c.submission
    WHERE CASE WHEN of_department IS NOT NULL THEN e.responsible = of_department
               WHEN places IS NULL THEN e.kind = 'submit_clearance' OR e.responsible = 'county'
               ELSE e.responsible = ANY (places) END
    UNION ALL
    SELECT 'proposal', p.building_id, NULL, min(v.visited_on)
    FROM gis.proposal AS p JOIN house AS h USING (building_id) JOIN gis.visit AS v USING (visit_id)
    LEFT JOIN gis.proposal_decision AS d USING (proposal_id)
    WHERE d.proposal_id IS NULL AND of_department IS NULL
    GROUP BY p.building_id
    UNION ALL
    SELECT 'inspect', s.building_id, NULL, min(s.day)
    FROM gis.plan_stop AS s JOIN house AS h USING (building_id)
    JOIN (SELECT v.plan_id, max(v.version) AS version FROM gis.plan_version AS v WHERE v.state = 'published'
          GROUP BY v.plan_id) AS v USING (plan_id, version)
    WHERE NOT s.done AND s.day <= (SELECT gis.today()) AND of_department IS NULL
    GROUP BY s.building_id
$$;

-- A visit that led to a judgement of severe: whoever reported it is rewarded (融政规〔2022〕6号 二(四)2).
CREATE VIEW gis.reward WITH (security_invoker = true) AS
SELECT v.visit_id, v.building_id, v.visited_on, v.account, j.judgement_id, j.judged_on, b.name, b.address, b.unit_code,
       b.simulated
FROM gis.judgement AS j JOIN gis.visit AS v USING (visit_id) JOIN gis.building AS b ON b.building_id = v.building_id
WHERE j.tier = 'severe' AND j.kind <> 'appraisal'
  AND NOT EXISTS (SELECT FROM gis.judgement AS s WHERE s.supersedes = j.judgement_id);
