-- pgTAP for 0014_drafts.sql: what it said of drafts is said by 0019_published.sql now; what is left is its policy.
BEGIN;
SELECT plan(2);
SELECT hasnt_column('gis', 'run', 'draft', 'a draft is a list that is not published');
SELECT policy_roles_are('gis', 'run', 'own', ARRAY['gis_department', 'gis_township', 'gis_village'],
    'whom a place or a department binds sees no draft of the county''s');
SELECT * FROM finish();
ROLLBACK;
