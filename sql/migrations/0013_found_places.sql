-- Places follow the ground: a house's township and village are given by its file, or found by where it lies.

SET LOCAL ROLE gis_owner;

-- Null where no import has said it: a code written by hand counts as given. Without a code it means nothing.
ALTER TABLE gis.building
    ADD COLUMN township_source text CHECK (township_source IN ('given', 'found')),
    ADD COLUMN village_source text CHECK (village_source IN ('given', 'found'));
COMMENT ON COLUMN gis.building.township_source IS
    'given: township_code stood in a file; found: it is that of the outline in which the house lies, and follows it.';
COMMENT ON COLUMN gis.building.village_source IS 'As township_source, of village_code.';

CREATE FUNCTION gis.lies_in(of_level text, houses bigint[] DEFAULT NULL) RETURNS TABLE (fid bigint, code text)
LANGUAGE sql STABLE
AS $$
    SELECT DISTINCT ON (met.fid) met.fid, met.code
    FROM (
        -- Most houses lie within one outline; only of those on a border is a part cut out.
        SELECT b.fid, a.code,
               round((CASE WHEN ST_Covers(a.geom, b.geom) THEN ST_Area(b.geom)
                           ELSE ST_Area(ST_Intersection(a.geom, b.geom)) END)::numeric, 4) AS overlap_m2
        FROM gis.admin_area AS a JOIN gis.building AS b ON a.geom && b.geom AND ST_Intersects(a.geom, b.geom)
        WHERE a.level = of_level AND (houses IS NULL OR b.fid IN (SELECT unnest(houses)))
        OFFSET 0
    ) AS met
    WHERE met.overlap_m2 > 0
    ORDER BY met.fid, met.overlap_m2 DESC, met.code COLLATE "C"
$$;
COMMENT ON FUNCTION gis.lies_in IS
    'The area of a level in which each house (gis.building.fid; null is all) lies: that which covers most of it, of equal '
    'ones (to a square centimetre) the one of the smallest code. A house that no area covers at all has no row.';

CREATE FUNCTION gis.misplaced(houses bigint[] DEFAULT NULL)
RETURNS TABLE (building_id text, level text, given_code text, lies_in text)
LANGUAGE sql STABLE
AS $$
    SELECT b.building_id, p.level, p.code, g.code
    FROM gis.building AS b
    CROSS JOIN LATERAL (VALUES ('township', b.township_code, b.township_source),
                               ('village', b.village_code, b.village_source)) AS p (level, code, source)
    LEFT JOIN (SELECT l.level, f.fid, f.code
               FROM (VALUES ('township'), ('village')) AS l (level), gis.lies_in(l.level, houses) AS f) AS g
        ON g.fid = b.fid AND g.level = p.level
    LEFT JOIN gis.admin_area AS a ON a.code = p.code
    WHERE p.code IS NOT NULL AND p.source IS DISTINCT FROM 'found' AND p.code IS DISTINCT FROM g.code
      AND (houses IS NULL OR b.fid IN (SELECT unnest(houses)))
      -- On a border a house may be of either side; a reporting unit without an area contradicts nothing.
      AND CASE WHEN a.code IS NULL THEN g.code IS NOT NULL
               ELSE NOT (a.geom && b.geom AND ST_Intersects(a.geom, b.geom)) END
    ORDER BY b.building_id COLLATE "C", p.level
$$;
COMMENT ON FUNCTION gis.misplaced IS
    'Houses whose given code contradicts the ground: they do not touch the area of that code, or lie in another while '
    'that of their code is not known.';

-- Of codes that are here already nobody can tell any more: they stay as they are, and are said where they contradict.
UPDATE gis.building
SET township_source = CASE WHEN township_code IS NOT NULL THEN 'given' END,
    village_source = CASE WHEN village_code IS NOT NULL THEN 'given' END
WHERE township_code IS NOT NULL OR village_code IS NOT NULL;
-- Houses that came before the outlines.
UPDATE gis.building AS b SET township_code = f.code, township_source = 'found'
FROM gis.lies_in('township') AS f WHERE f.fid = b.fid AND b.township_code IS NULL;
UPDATE gis.building AS b SET village_code = f.code, village_source = 'found'
FROM gis.lies_in('village') AS f WHERE f.fid = b.fid AND b.village_code IS NULL;
