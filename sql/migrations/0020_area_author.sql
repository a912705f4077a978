-- Who changed a drawn area last: the server writes it, nobody of the service can.

SET LOCAL ROLE gis_owner;

ALTER TABLE gis.drawn_area ADD COLUMN changed_by text;
COMMENT ON COLUMN gis.drawn_area.changed_by IS 'The account that drew it or changed it last; null before this was kept.';

CREATE FUNCTION gis.note_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.changed_by := gis.asker('account');
    RETURN NEW;
END
$$;
CREATE TRIGGER note_change BEFORE INSERT OR UPDATE ON gis.drawn_area
    FOR EACH ROW EXECUTE FUNCTION gis.note_change();
