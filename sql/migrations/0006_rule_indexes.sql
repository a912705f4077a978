-- The rules of selection each concern a few of a county's houses: an index finds them without reading all.

SET LOCAL ROLE gis_owner;

CREATE INDEX building_business_uses ON gis.building USING gin (business_uses);
CREATE INDEX building_alterations ON gis.building USING gin (alterations);
CREATE INDEX building_hazard ON gis.building (hazard_tier) WHERE hazard_tier IN ('severe', 'some');
CREATE INDEX building_grade ON gis.building (appraisal_grade) WHERE appraisal_grade IN ('C', 'D');
-- The same condition as selection.rules._in_use.
CREATE INDEX building_in_use ON gis.building (floors, people)
    WHERE use_class IN ('commercial', 'mixed') OR cardinality(business_uses) > 0;
