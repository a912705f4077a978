-- Photographs are taken in by their header and looked through by the worker: waiting, then checked or unreadable for good.
-- Nothing else of a row changes. What is unreadable is no evidence of a step; a visit that names it is kept and says so.

SET LOCAL ROLE gis_owner;

ALTER TABLE gis.attachment
    ADD COLUMN state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'checked', 'unreadable')),
    ADD COLUMN checked_at timestamptz,
    ADD CHECK ((state = 'waiting') = (checked_at IS NULL));
CREATE INDEX attachment_waiting ON gis.attachment (recorded_at, sha256) WHERE state = 'waiting';

CREATE FUNCTION gis.refuse_attachment() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_jsonb(NEW) - 'state' - 'checked_at' IS DISTINCT FROM to_jsonb(OLD) - 'state' - 'checked_at'
       OR OLD.state <> 'waiting' OR NEW.state = 'waiting' THEN
        RAISE EXCEPTION 'gis.attachment is append-only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
DROP TRIGGER append_only ON gis.attachment;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON gis.attachment
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();
CREATE TRIGGER kept BEFORE UPDATE ON gis.attachment FOR EACH ROW EXECUTE FUNCTION gis.refuse_attachment();

-- The worker hears of it as of a job, and looks for all that waits.
CREATE TRIGGER told AFTER INSERT ON gis.attachment FOR EACH STATEMENT EXECUTE FUNCTION gis.job_asked();

CREATE FUNCTION gis.refuse_unreadable() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM gis.attachment AS a WHERE a.building_id = NEW.building_id AND a.sha256 = ANY (NEW.evidence)
               AND a.state = 'unreadable') THEN
        RAISE EXCEPTION 'unreadable' USING ERRCODE = 'GC001', DETAIL = '{"code": "unreadable"}';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER evidence_readable BEFORE INSERT ON gis.case_event FOR EACH ROW WHEN (NEW.evidence <> '{}')
    EXECUTE FUNCTION gis.refuse_unreadable();
