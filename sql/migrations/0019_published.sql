-- A list is a draft until a planner publishes it: then it is the county's, and what pages, townships and prints read.

SET LOCAL ROLE gis_owner;

DROP POLICY own ON gis.run;
ALTER TABLE gis.run
    ADD COLUMN name text CHECK (name ~ '\S' AND length(name) <= 100),
    ADD COLUMN published_at timestamptz,
    ADD COLUMN published_by text,
    ADD COLUMN withdrawn_at timestamptz,
    ADD CONSTRAINT published_by_somebody CHECK ((published_at IS NULL) = (published_by IS NULL)),
    ADD CONSTRAINT published_of_the_county CHECK (
        published_at IS NULL
        OR kind = 'selection' AND finished_at IS NOT NULL AND place IS NULL AND department IS NULL);
COMMENT ON COLUMN gis.run.name IS 'What its author calls a list.';
COMMENT ON COLUMN gis.run.published_at IS
    'Since when a list is the county''s, the one that pages, townships, prints and figures read: at most one at a time.';
COMMENT ON COLUMN gis.run.published_by IS 'The account that published it.';
COMMENT ON COLUMN gis.run.withdrawn_at IS 'When it ceased to be the county''s, last.';

-- What has been the county's up to now stays so: the newest list with the default conditions.
UPDATE gis.run SET published_at = finished_at, published_by = coalesce(account, 'upgrade')
WHERE run_id = (SELECT max(run_id) FROM gis.run
                WHERE kind = 'selection' AND finished_at IS NOT NULL AND NOT draft AND place IS NULL
                  AND department IS NULL);
ALTER TABLE gis.run DROP COLUMN draft;
CREATE UNIQUE INDEX run_published ON gis.run ((true)) WHERE published_at IS NOT NULL;

-- Whom a place or a department binds sees the published list, what analyses found, and lists of its own.
CREATE POLICY own ON gis.run FOR SELECT TO gis_department, gis_township, gis_village
    USING ((place IS NULL AND department IS NULL AND (kind <> 'selection' OR published_at IS NOT NULL))
           OR (role = current_user AND place IS NOT DISTINCT FROM (SELECT gis.asker('place'))
               AND department IS NOT DISTINCT FROM (SELECT gis.asker('department'))));

-- One place where a list becomes the county's, or none is; whoever may call it may change nothing else of a run.
CREATE FUNCTION gis.publish(wanted bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- One at a time: who comes second sees what the first has published.
    PERFORM FROM gis.deployment FOR UPDATE;
    UPDATE gis.run SET published_at = NULL, published_by = NULL, withdrawn_at = clock_timestamp()
    WHERE published_at IS NOT NULL AND run_id IS DISTINCT FROM wanted;
    UPDATE gis.run
    SET published_at = clock_timestamp(), published_by = coalesce(gis.asker('account'), session_user),
        withdrawn_at = NULL
    WHERE run_id = wanted AND published_at IS NULL AND kind = 'selection' AND finished_at IS NOT NULL
      AND place IS NULL AND department IS NULL;
    IF wanted IS NOT NULL AND NOT EXISTS (SELECT FROM gis.run WHERE run_id = wanted AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'run % is no finished list of the county', wanted USING ERRCODE = 'no_data_found';
    END IF;
    -- Whatever was kept of pages and tiles showed another list.
    PERFORM gis.step_data();
END
$$;
