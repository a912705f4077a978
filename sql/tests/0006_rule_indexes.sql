-- pgTAP for 0006_rule_indexes.sql: the rules' indexes are there, and the partial ones say what the rules say.
BEGIN;
SELECT plan(6);
SELECT has_index('gis', 'building', 'building_business_uses', 'uses');
SELECT has_index('gis', 'building', 'building_alterations', 'alterations');
SELECT has_index('gis', 'building', 'building_hazard', 'hazards');
SELECT has_index('gis', 'building', 'building_grade', 'grades');
SELECT has_index('gis', 'building', 'building_in_use', 'storeys and people of houses in use');
SELECT matches(pg_get_indexdef('gis.building_in_use'::regclass), 'cardinality\(business_uses\) > 0',
    'in use means what the rule means');
SELECT * FROM finish();
ROLLBACK;
