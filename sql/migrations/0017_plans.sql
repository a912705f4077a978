-- Inspection plans: who goes where on which day. A plan has versions; each version has its teams, days and stops.
--
-- A version is being made, or failed, or is a draft, or published. A draft is changed in place, and counts its changes
-- (revision): who changes another revision than the present one is told. What is published is never changed: a change
-- begins the next version. Each change of a draft is kept with the rows as they were before, so that it can be undone.
--
--   administrator, planner   all versions; they alone write
--   fire, auditor            all versions
--   township, village, department   published versions, and of them the stops at their own houses

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.plan (
    plan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- The list that it was made from, and why each house is on it; the list may be gone.
    run_id bigint REFERENCES gis.run ON DELETE SET NULL,
    account text DEFAULT gis.asker('account'),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX plan_run ON gis.plan (run_id);

CREATE TABLE gis.plan_version (
    plan_id bigint NOT NULL REFERENCES gis.plan ON DELETE CASCADE,
    version integer NOT NULL CHECK (version >= 1),
    state text NOT NULL CHECK (state IN ('making', 'failed', 'draft', 'published')),
    revision integer NOT NULL DEFAULT 0 CHECK (revision >= 0),
    based_on integer,
    origin text NOT NULL CHECK (origin IN ('made', 'replanned', 'edited')),
    parameters jsonb NOT NULL,
    summary jsonb NOT NULL DEFAULT '{}',
    -- Why it failed: zh, en.
    refusal jsonb,
    data_version bigint NOT NULL,
    code_version text NOT NULL,
    account text DEFAULT gis.asker('account'),
    made_at timestamptz NOT NULL DEFAULT now(),
    changed_by text DEFAULT gis.asker('account'),
    changed_at timestamptz NOT NULL DEFAULT now(),
    published_by text,
    published_at timestamptz,
    PRIMARY KEY (plan_id, version),
    CHECK ((state = 'published') = (published_at IS NOT NULL)),
    CHECK ((state = 'failed') = (refusal IS NOT NULL))
);

CREATE TABLE gis.plan_team (
    plan_id bigint NOT NULL,
    version integer NOT NULL,
    team text NOT NULL CHECK (length(team) BETWEEN 1 AND 60),
    position integer NOT NULL CHECK (position >= 1),
    members text CHECK (length(members) <= 200),
    per_day integer CHECK (per_day >= 1),
    days_off date[] NOT NULL DEFAULT '{}',
    first_day date,
    last_day date,
    -- Whether the start was given; else it is the middle of the territory.
    placed boolean NOT NULL DEFAULT false,
    geom geometry(Point, {{work_srid}}),
    PRIMARY KEY (plan_id, version, team),
    UNIQUE (plan_id, version, position),
    FOREIGN KEY (plan_id, version) REFERENCES gis.plan_version ON DELETE CASCADE
);
CREATE INDEX plan_team_geom ON gis.plan_team USING gist (geom);

CREATE TABLE gis.plan_stop (
    plan_id bigint NOT NULL,
    version integer NOT NULL,
    building_id text NOT NULL,
    team text NOT NULL,
    day date NOT NULL,
    seq integer NOT NULL CHECK (seq >= 1),
    arrive time NOT NULL,
    leave time NOT NULL,
    travel_m double precision NOT NULL CHECK (travel_m >= 0),
    minutes integer NOT NULL CHECK (minutes >= 1),
    urgency smallint NOT NULL CHECK (urgency BETWEEN 1 AND 4),
    due date,
    pin_team boolean NOT NULL DEFAULT false,
    pin_day boolean NOT NULL DEFAULT false,
    pinned boolean NOT NULL GENERATED ALWAYS AS (pin_team OR pin_day) STORED,
    done boolean NOT NULL DEFAULT false,
    unjudged boolean NOT NULL,
    PRIMARY KEY (plan_id, version, building_id),
    FOREIGN KEY (plan_id, version, team) REFERENCES gis.plan_team ON DELETE CASCADE
);
CREATE INDEX plan_stop_day ON gis.plan_stop (plan_id, version, team, day, seq);
CREATE INDEX plan_stop_building ON gis.plan_stop (building_id);
COMMENT ON COLUMN gis.plan_stop.unjudged IS 'Nobody had judged the house when the plan was made.';

-- A team's round of a day: what its stops alone do not tell.
CREATE TABLE gis.plan_day (
    plan_id bigint NOT NULL,
    version integer NOT NULL,
    team text NOT NULL,
    day date NOT NULL,
    stops integer NOT NULL CHECK (stops >= 1),
    minutes integer NOT NULL,
    travel_s integer NOT NULL,
    travel_m double precision NOT NULL,
    ends_s integer NOT NULL,
    PRIMARY KEY (plan_id, version, team, day),
    FOREIGN KEY (plan_id, version, team) REFERENCES gis.plan_team ON DELETE CASCADE
);

CREATE TABLE gis.plan_unplanned (
    plan_id bigint NOT NULL,
    version integer NOT NULL,
    building_id text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (plan_id, version, building_id),
    FOREIGN KEY (plan_id, version) REFERENCES gis.plan_version ON DELETE CASCADE
);
CREATE INDEX plan_unplanned_building ON gis.plan_unplanned (building_id);

CREATE TABLE gis.plan_edit (
    plan_id bigint NOT NULL,
    version integer NOT NULL,
    revision integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('move', 'pin', 'done', 'share')),
    what jsonb NOT NULL,
    before jsonb NOT NULL,
    undone boolean NOT NULL DEFAULT false,
    account text DEFAULT gis.asker('account'),
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plan_id, version, revision),
    FOREIGN KEY (plan_id, version) REFERENCES gis.plan_version ON DELETE CASCADE
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['plan', 'plan_version', 'plan_team', 'plan_stop', 'plan_day', 'plan_unplanned',
                                'plan_edit'] LOOP
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
        EXECUTE format(
            'CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor '
            'USING (true)', name);
    END LOOP;
    -- What belongs to a version is written while it is being made or is a draft, and never after.
    FOREACH name IN ARRAY ARRAY['plan_team', 'plan_stop', 'plan_day', 'plan_unplanned', 'plan_edit'] LOOP
        EXECUTE format(
            'CREATE POLICY write ON gis.%1$I FOR INSERT TO gis_administrator, gis_planner WITH CHECK '
            '(EXISTS (SELECT FROM gis.plan_version AS v WHERE v.plan_id = %1$I.plan_id AND v.version = %1$I.version '
            'AND v.state IN (''making'', ''draft'')))', name);
        EXECUTE format(
            'CREATE POLICY change ON gis.%1$I FOR UPDATE TO gis_administrator, gis_planner USING '
            '(EXISTS (SELECT FROM gis.plan_version AS v WHERE v.plan_id = %1$I.plan_id AND v.version = %1$I.version '
            'AND v.state IN (''making'', ''draft'')))', name);
        EXECUTE format(
            'CREATE POLICY remove ON gis.%1$I FOR DELETE TO gis_administrator, gis_planner USING '
            '(EXISTS (SELECT FROM gis.plan_version AS v WHERE v.plan_id = %1$I.plan_id AND v.version = %1$I.version '
            'AND v.state IN (''making'', ''draft'')))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['plan_stop', 'plan_unplanned'] LOOP
        EXECUTE format(
            'CREATE POLICY house ON gis.%1$I FOR SELECT TO gis_department, gis_township, gis_village USING '
            '(EXISTS (SELECT FROM gis.plan_version AS v WHERE v.plan_id = %1$I.plan_id AND v.version = %1$I.version) '
            'AND EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_id))', name);
    END LOOP;
END
$$;

CREATE POLICY make ON gis.plan FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
CREATE POLICY rename ON gis.plan FOR UPDATE TO gis_administrator, gis_planner USING (true);
-- What was published stays for good; a trial may go.
CREATE POLICY erase ON gis.plan FOR DELETE TO gis_administrator, gis_planner
    USING (NOT EXISTS (SELECT FROM gis.plan_version AS v WHERE v.plan_id = plan.plan_id AND v.state = 'published'));
CREATE POLICY make ON gis.plan_version FOR INSERT TO gis_administrator, gis_planner WITH CHECK (state <> 'published');
CREATE POLICY change ON gis.plan_version FOR UPDATE TO gis_administrator, gis_planner
    USING (state IN ('making', 'draft')) WITH CHECK (true);

CREATE POLICY published ON gis.plan_version FOR SELECT TO gis_department, gis_township, gis_village
    USING (state = 'published' AND coalesce((SELECT gis.asker('place')), (SELECT gis.asker('department'))) IS NOT NULL);
CREATE POLICY published ON gis.plan FOR SELECT TO gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.plan_version AS v WHERE v.plan_id = plan.plan_id));
CREATE POLICY published ON gis.plan_team FOR SELECT TO gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.plan_version AS v
                   WHERE v.plan_id = plan_team.plan_id AND v.version = plan_team.version));

-- The state that a version shows: whoever was making it may have been stopped.
CREATE VIEW gis.plan_head WITH (security_invoker = true) AS
SELECT p.plan_id, p.name, p.run_id, p.account, p.created_at, v.version, v.revision, v.based_on, v.origin,
       CASE WHEN v.state = 'making' AND v.changed_at < now() - interval '30 minutes' THEN 'failed' ELSE v.state END
           AS state,
       v.parameters, v.summary, v.refusal, v.data_version, v.code_version, v.account AS made_by, v.made_at,
       v.changed_by, v.changed_at, v.published_by, v.published_at,
       v.version = max(v.version) FILTER (WHERE v.state = 'published') OVER (PARTITION BY p.plan_id) AS in_force,
       max(v.version) OVER (PARTITION BY p.plan_id) AS newest
FROM gis.plan AS p JOIN gis.plan_version AS v USING (plan_id);
