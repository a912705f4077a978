-- A list of other conditions than the default ones is a draft: its author's, and not the county's.

SET LOCAL ROLE gis_owner;

ALTER TABLE gis.run ADD COLUMN draft boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN gis.run.draft IS
    'A selection with other than the default conditions (selection.terms.is_default): no page shows it unasked but its '
    'author''s own.';

-- Of the runs that are here already: the default conditions as they have been up to now, in any order.
UPDATE gis.run SET draft = NOT (parameters @> asked.default AND asked.default @> (parameters - '{points,within}'::text[]))
FROM (VALUES ('{
    "any_of": [
        {"term": "zone", "kind": "school", "buffer_m": 200}, {"term": "zone", "kind": "hospital", "buffer_m": 200},
        {"term": "zone", "kind": "market", "buffer_m": 200}, {"term": "zone", "kind": "resettlement", "buffer_m": 50},
        {"term": "zone", "kind": "industrial", "buffer_m": 100},
        {"term": "rule", "name": "key_use", "version": 1}, {"term": "rule", "name": "floors", "version": 1},
        {"term": "rule", "name": "people", "version": 1}, {"term": "rule", "name": "alteration", "version": 1},
        {"term": "rule", "name": "hazard", "version": 1}, {"term": "rule", "name": "grade", "version": 1}],
    "all_of": [], "none_of": [], "min_floors": 3, "min_people": 10}'::jsonb)) AS asked ("default")
WHERE kind = 'selection';

-- Whom a place or a department binds sees the county's lists and those of its own, and no draft of the county's.
DROP POLICY own ON gis.run;
CREATE POLICY own ON gis.run FOR SELECT TO gis_department, gis_township, gis_village
    USING ((place IS NULL AND department IS NULL AND NOT draft)
           OR (role = current_user AND place IS NOT DISTINCT FROM (SELECT gis.asker('place'))
               AND department IS NOT DISTINCT FROM (SELECT gis.asker('department'))));
