-- Who sees what, decided in the database: forced row-level security on every table, one role a kind of work.
--
-- A transaction of the service takes the database role of whoever asks (SET LOCAL ROLE) and tells it who that is:
-- gis.account, gis.place (code of a township or village), gis.department, gis.person ('on' with the privilege of
-- reading personal data). A role with a place and none told sees nothing.
--
--   administrator, planner, fire, auditor  all houses and all results of the county
--   township, village                      houses whose code is the place
--   department                             houses that list the department
--
-- What follows from the houses: a result of one house is seen with the house; a gap or a firebreak where either of its
-- two houses is seen; a burn cluster where one of its houses is. Clusters and alleys carry the places and departments
-- of their houses, as found when the run was made: a cluster is seen, whole, by everybody who has a house in it, with
-- its engine space; an alley by everybody who has a house beside it or in its cluster.
--
-- Two rules keep this quick. current_setting stands in a sub-select, so it is evaluated once and an index can be asked
-- for it. A house's results ask EXISTS: the planner then looks up a few houses one by one, and many in one hash.

-- Roles belong to the server; another database of it may be making them at this moment.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['gis_administrator', 'gis_planner', 'gis_fire', 'gis_department', 'gis_township',
                                  'gis_village', 'gis_auditor'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

SET LOCAL ROLE gis_owner;

CREATE FUNCTION gis.asker(what text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$SELECT nullif(current_setting('gis.' || what, true), '')$$;
COMMENT ON FUNCTION gis.asker IS 'account, place, department or person of whoever asks; null where it is not told.';

-- Who made a run. The defaults write themselves, and no role may write these columns: nobody signs for another.
ALTER TABLE gis.run
    ADD COLUMN account text,
    ADD COLUMN role text,
    ADD COLUMN place text,
    ADD COLUMN department text;
ALTER TABLE gis.run
    ALTER COLUMN account SET DEFAULT gis.asker('account'),
    ALTER COLUMN role SET DEFAULT current_user,
    ALTER COLUMN place SET DEFAULT gis.asker('place'),
    ALTER COLUMN department SET DEFAULT gis.asker('department');
COMMENT ON COLUMN gis.run.place IS 'Township or village whose houses the run saw; null is the whole county.';

-- Places and departments of the houses, as township_codes is of clusters since 0005.
ALTER TABLE gis.cluster ADD COLUMN departments text[] NOT NULL DEFAULT '{}';
ALTER TABLE gis.alley
    ADD COLUMN township_codes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN village_codes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN departments text[] NOT NULL DEFAULT '{}';

CREATE INDEX building_village ON gis.building (village_code);
CREATE INDEX building_departments ON gis.building USING gin (departments);
CREATE INDEX building_density_burn ON gis.building_density (run_id, burn_cluster_id);

-- Runs that are here already get what gis-service analyze writes from now on (sql/queries/analysis.sql).
UPDATE gis.cluster AS c SET departments = found.codes
FROM (SELECT d.run_id, d.cluster_id, array_agg(DISTINCT one ORDER BY one) AS codes
      FROM gis.building_density AS d JOIN gis.building AS b USING (building_id), unnest(b.departments) AS one
      GROUP BY d.run_id, d.cluster_id) AS found
WHERE found.run_id = c.run_id AND found.cluster_id = c.cluster_id;

WITH place AS (
    SELECT a.fid, b.township_code, b.village_code, b.departments
    FROM gis.alley AS a JOIN gis.building AS b ON ST_DWithin(b.geom, a.geom, 2.1)
    UNION ALL
    SELECT a.fid, t.code, NULL, c.departments
    FROM gis.alley AS a JOIN gis.cluster AS c USING (run_id, cluster_id), unnest(c.township_codes) AS t (code)
    UNION ALL
    SELECT a.fid, NULL, v.code, c.departments
    FROM gis.alley AS a JOIN gis.cluster AS c USING (run_id, cluster_id), unnest(c.village_codes) AS v (code)
), placed AS (
    SELECT fid, coalesce(array_agg(DISTINCT township_code) FILTER (WHERE township_code IS NOT NULL), '{}') AS townships,
           coalesce(array_agg(DISTINCT village_code) FILTER (WHERE village_code IS NOT NULL), '{}') AS villages,
           coalesce(array_agg(DISTINCT one) FILTER (WHERE one IS NOT NULL), '{}') AS departments
    FROM place LEFT JOIN LATERAL unnest(departments) AS one ON true
    GROUP BY fid
)
UPDATE gis.alley AS a
SET township_codes = p.townships, village_codes = p.villages, departments = p.departments
FROM placed AS p WHERE p.fid = a.fid;

CREATE INDEX alley_townships ON gis.alley USING gin (township_codes);

-- Every table, whatever it holds; the owner, who makes and loads, is bound by a rule too, and it is written here.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'gis' LOOP
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
    END LOOP;
    -- What any map of the county stands on is seen by everybody who has signed in.
    FOREACH name IN ARRAY ARRAY['admin_area', 'key_zone', 'road', 'hydrant'] LOOP
        EXECUTE format(
            'CREATE POLICY everybody ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, '
            'gis_auditor, gis_department, gis_township, gis_village USING (true)', name);
    END LOOP;
    -- A constant true is no barrier to the planner: these roles lose no index.
    FOREACH name IN ARRAY ARRAY['building', 'drawn_area', 'run', 'selection', 'gap', 'alley', 'cluster',
                                'building_density', 'engine_space', 'burn_cluster', 'firebreak'] LOOP
        EXECUTE format(
            'CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor '
            'USING (true)', name);
    END LOOP;
    -- Rows that were refused and values that were replaced may quote anything that a file held.
    FOREACH name IN ARRAY ARRAY['import', 'reject', 'change'] LOOP
        EXECUTE format(
            'CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_auditor USING (true)',
            name);
    END LOOP;
    -- Results of two houses.
    FOREACH name IN ARRAY ARRAY['gap', 'firebreak'] LOOP
        EXECUTE format(
            'CREATE POLICY house ON gis.%1$I FOR SELECT TO gis_department, gis_township, gis_village USING '
            '(EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_a) '
            'OR EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_b))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['cluster', 'alley'] LOOP
        EXECUTE format(
            'CREATE POLICY township ON gis.%I FOR SELECT TO gis_township '
            'USING (township_codes @> ARRAY[(SELECT gis.asker(''place''))])', name);
        EXECUTE format(
            'CREATE POLICY village ON gis.%I FOR SELECT TO gis_village '
            'USING (village_codes @> ARRAY[(SELECT gis.asker(''place''))])', name);
        EXECUTE format(
            'CREATE POLICY department ON gis.%I FOR SELECT TO gis_department '
            'USING (departments @> ARRAY[(SELECT gis.asker(''department''))])', name);
    END LOOP;
END
$$;

-- What the service needs before anybody has signed in: which CRS the work is done in.
CREATE POLICY everybody ON gis.deployment FOR SELECT TO
    gis_service, gis_administrator, gis_planner, gis_fire, gis_auditor, gis_department, gis_township, gis_village
    USING (true);
CREATE POLICY machine ON gis.migration FOR SELECT TO gis_administrator, gis_auditor USING (true);

CREATE POLICY township ON gis.building FOR SELECT TO gis_township
    USING (township_code = (SELECT gis.asker('place')));
CREATE POLICY village ON gis.building FOR SELECT TO gis_village
    USING (village_code = (SELECT gis.asker('place')));
CREATE POLICY department ON gis.building FOR SELECT TO gis_department
    USING (departments @> ARRAY[(SELECT gis.asker('department'))]);

-- Owners, telephones, identity numbers: a privilege of the account besides its role, and only of houses it sees.
CREATE POLICY privilege ON gis.building_person FOR SELECT TO
    gis_administrator, gis_planner, gis_township, gis_village
    USING ((SELECT gis.asker('person')) = 'on'
           AND EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = building_person.building_id));

CREATE POLICY house ON gis.building_density FOR SELECT TO gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = building_density.building_id));
-- One's own house on another township's list is that township's affair: the run must be seen as well.
CREATE POLICY house ON gis.selection FOR SELECT TO gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.run AS r WHERE r.run_id = selection.run_id)
           AND EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = selection.building_id));
CREATE POLICY house ON gis.burn_cluster FOR SELECT TO gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.building_density AS d
                   WHERE d.run_id = burn_cluster.run_id AND d.burn_cluster_id = burn_cluster.burn_cluster_id));
CREATE POLICY cluster ON gis.engine_space FOR SELECT TO gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.cluster AS c
                   WHERE c.run_id = engine_space.run_id AND c.cluster_id = engine_space.cluster_id));

-- Areas that planners drew: those that reach into one's place; a department has no place and reads all.
CREATE POLICY place ON gis.drawn_area FOR SELECT TO gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.admin_area AS a
                   WHERE a.code = (SELECT gis.asker('place')) AND ST_Intersects(a.geom, drawn_area.geom)));
CREATE POLICY department ON gis.drawn_area FOR SELECT TO gis_department
    USING ((SELECT gis.asker('department')) IS NOT NULL);
CREATE POLICY draw ON gis.drawn_area FOR INSERT TO gis_administrator, gis_planner, gis_fire WITH CHECK (true);
CREATE POLICY redraw ON gis.drawn_area FOR UPDATE TO gis_administrator, gis_planner, gis_fire USING (true);
CREATE POLICY erase ON gis.drawn_area FOR DELETE TO gis_administrator, gis_planner, gis_fire USING (true);

-- Runs of the county, and those made by one's own: another township's are not there.
CREATE POLICY own ON gis.run FOR SELECT TO gis_department, gis_township, gis_village
    USING ((place IS NULL AND department IS NULL)
           OR (role = current_user AND place IS NOT DISTINCT FROM (SELECT gis.asker('place'))
               AND department IS NOT DISTINCT FROM (SELECT gis.asker('department'))));
-- A selection is written by whoever asks for it, and closed; then nobody of the service changes it.
CREATE POLICY ask ON gis.run FOR INSERT
    TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township
    WITH CHECK (kind = 'selection');
CREATE POLICY close ON gis.run FOR UPDATE
    TO gis_administrator, gis_planner, gis_fire, gis_department, gis_township
    USING (finished_at IS NULL AND kind = 'selection' AND account = (SELECT gis.asker('account')))
    WITH CHECK (account = (SELECT gis.asker('account')));
CREATE POLICY ask ON gis.selection FOR INSERT TO gis_administrator, gis_planner, gis_fire
    WITH CHECK (EXISTS (SELECT FROM gis.run AS r WHERE r.run_id = selection.run_id AND r.finished_at IS NULL
                        AND r.account = (SELECT gis.asker('account'))));
CREATE POLICY ask_own ON gis.selection FOR INSERT TO gis_department, gis_township
    WITH CHECK (EXISTS (SELECT FROM gis.run AS r WHERE r.run_id = selection.run_id AND r.finished_at IS NULL
                        AND r.account = (SELECT gis.asker('account')))
                AND EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = selection.building_id));
