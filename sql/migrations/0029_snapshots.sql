-- Bulletins (通报): frozen once after the end of their day, and never recounted.
--
-- A snapshot is the text and the tables of a bulletin, and one row a house that it counts. Its SHA-256 is that of the
-- RFC 8785 JSON of both, worked out by whoever makes it (bulletins/freeze.py) and by whoever checks it. What is entered later
-- for that day does not change it: the next of its kind names the houses as entered late (补录).

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.snapshot (
    snapshot_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('daily', 'weekly', 'monthly')),
    -- The last day of what it is of: the day, the Sunday, the last of the month.
    day date NOT NULL CHECK (CASE kind WHEN 'weekly' THEN extract(isodow FROM day) = 7
                                       WHEN 'monthly' THEN extract(day FROM day + 1) = 1 ELSE true END),
    body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object'),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    account text DEFAULT gis.asker('account'),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (kind, day)
);

-- No reference to gis.building: what was counted stays counted.
CREATE TABLE gis.snapshot_house (
    snapshot_id bigint NOT NULL REFERENCES gis.snapshot,
    building_id text NOT NULL,
    unit_code text,
    operating boolean NOT NULL,
    -- Not demolished by the day's end.
    stands boolean NOT NULL,
    -- Preliminary judgement and appraisal in force at the day's end; null where there is none.
    judged text CHECK (judged IN ('severe', 'some', 'none_found')),
    grade text CHECK (grade IN ('A', 'B', 'C', 'D')),
    -- Of the structural hazard that is or was last being rectified.
    tier text CHECK (tier IN ('severe', 'some', 'unrated')),
    status text CHECK (status IN ('done', 'working', 'measured', 'untouched')),
    controlled boolean NOT NULL,
    overdue boolean NOT NULL,
    -- Structural hazards (处) until that day, and those of other kinds that are not done.
    hazards integer NOT NULL CHECK (hazards >= 0),
    others integer NOT NULL CHECK (others >= 0),
    -- In the snapshot before; and whether what is counted today for that day differs from what was counted then.
    before text CHECK (before IN ('done', 'working', 'measured', 'untouched', 'none')),
    late boolean NOT NULL DEFAULT false,
    PRIMARY KEY (snapshot_id, building_id),
    CHECK ((tier IS NULL) = (status IS NULL))
);
CREATE INDEX snapshot_house_building ON gis.snapshot_house (building_id);

-- The points of the monthly assessment (月度考核). No notice sets them: they are the county's to change.
CREATE TABLE gis.assessment_item (
    measure text PRIMARY KEY CHECK (measure IN ('judge', 'control', 'appraise', 'rectify', 'overdue')),
    position smallint NOT NULL,
    zh text NOT NULL CHECK (zh <> ''),
    en text NOT NULL CHECK (en <> ''),
    points smallint NOT NULL CHECK (points BETWEEN 0 AND 100)
);
INSERT INTO gis.assessment_item (measure, position, zh, en, points) VALUES
    ('judge', 1, '初步判定完成率', 'judged', 20),
    ('control', 2, '隐患房屋管控率', 'hazards under control', 25),
    ('appraise', 3, '安全鉴定完成率', 'appraised', 15),
    ('rectify', 4, '隐患整治完成率', 'hazards rectified', 30),
    ('overdue', 5, '按期整治率', 'not overdue', 10);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['snapshot', 'snapshot_house', 'assessment_item'] LOOP
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor '
                       'USING (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['snapshot', 'snapshot_house'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change()', name);
        EXECUTE format('CREATE POLICY add ON gis.%I FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true)', name);
    END LOOP;
END
$$;
-- A bulletin goes to every township and office; the houses behind its numbers are told to whom they concern.
CREATE POLICY everybody ON gis.snapshot FOR SELECT TO gis_department, gis_township, gis_village USING (true);
CREATE POLICY everybody ON gis.assessment_item FOR SELECT TO gis_department, gis_township, gis_village USING (true);
CREATE POLICY house ON gis.snapshot_house FOR SELECT TO gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = snapshot_house.building_id));
CREATE POLICY set ON gis.assessment_item FOR UPDATE TO gis_administrator, gis_planner USING (true) WITH CHECK (true);
