-- A digest of each result row: bringing a run up to date after an edit writes only the rows that differ.

SET LOCAL ROLE gis_owner;

ALTER TABLE gis.gap ADD COLUMN digest bigint;
ALTER TABLE gis.alley ADD COLUMN digest bigint;
ALTER TABLE gis.cluster ADD COLUMN digest bigint;
ALTER TABLE gis.building_density ADD COLUMN digest bigint;
ALTER TABLE gis.engine_space ADD COLUMN digest bigint;
ALTER TABLE gis.burn_cluster ADD COLUMN digest bigint;
ALTER TABLE gis.firebreak ADD COLUMN digest bigint;
