-- The fire brigade's records of a dense cluster: versions of its plan, drills, patrols (融政规〔2022〕6号 二(三)2).
--
-- Clusters are numbered anew by every run, records are kept for years: so a record hangs on a site, which is the
-- outline that the cluster had when its first record was written. In a run a site belongs to the cluster whose
-- outline covers most of it (sql/queries/records.sql). Records are only ever added: a correction is a further row.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.fire_site (
    site_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text,
    township_codes text[] NOT NULL DEFAULT '{}',
    village_codes text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    geom geometry(MultiPolygon, {{work_srid}}) NOT NULL
);
CREATE INDEX fire_site_geom ON gis.fire_site USING gist (geom);

CREATE TABLE gis.fire_plan (
    plan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id bigint NOT NULL REFERENCES gis.fire_site,
    version integer NOT NULL CHECK (version >= 1),
    number text CHECK (length(number) <= 100),
    dated date NOT NULL CHECK (dated >= date '2000-01-01'),
    unit text NOT NULL CHECK (length(unit) BETWEEN 1 AND 100),
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 20000),
    -- Which analysis the plan was written from; the run may be gone.
    run_id bigint NOT NULL,
    cluster_id integer NOT NULL,
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (site_id, version)
);

CREATE TABLE gis.fire_drill (
    drill_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id bigint NOT NULL REFERENCES gis.fire_site,
    dated date NOT NULL CHECK (dated >= date '2000-01-01'),
    result text NOT NULL CHECK (result IN ('passed', 'faults', 'failed')),
    note text CHECK (length(note) <= 2000),
    corrects bigint UNIQUE REFERENCES gis.fire_drill,
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX fire_drill_site ON gis.fire_drill (site_id, dated DESC);

CREATE TABLE gis.fire_patrol (
    patrol_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id bigint NOT NULL REFERENCES gis.fire_site,
    dated date NOT NULL CHECK (dated >= date '2000-01-01'),
    -- The unit that walked, never a person's telephone or identity number.
    unit text NOT NULL CHECK (length(unit) BETWEEN 1 AND 100 AND unit !~ '[0-9]{7}'),
    found text CHECK (length(found) <= 2000),
    note text CHECK (length(note) <= 2000),
    corrects bigint UNIQUE REFERENCES gis.fire_patrol,
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX fire_patrol_site ON gis.fire_patrol (site_id, dated DESC);

-- The width slider sums the whole run up by tenths of a metre: read from the index alone.
CREATE INDEX gap_width ON gis.gap (run_id, mean_width_m) INCLUDE (class, length_m) WHERE mean_width_m IS NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['fire_site', 'fire_plan', 'fire_drill', 'fire_patrol'] LOOP
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
        EXECUTE format(
            'CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor '
            'USING (true)', name);
        EXECUTE format(
            'CREATE POLICY record ON gis.%I FOR INSERT TO gis_administrator, gis_planner, gis_fire WITH CHECK (true)',
            name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['fire_plan', 'fire_drill', 'fire_patrol'] LOOP
        EXECUTE format(
            'CREATE POLICY site ON gis.%1$I FOR SELECT TO gis_township, gis_village USING '
            '(EXISTS (SELECT FROM gis.fire_site AS s WHERE s.site_id = %1$I.site_id))', name);
    END LOOP;
END
$$;
CREATE POLICY township ON gis.fire_site FOR SELECT TO gis_township
    USING (township_codes @> ARRAY[(SELECT gis.asker('place'))]);
CREATE POLICY village ON gis.fire_site FOR SELECT TO gis_village
    USING (village_codes @> ARRAY[(SELECT gis.asker('place'))]);
