-- Judgements of an import, within its transaction.

-- name: history
-- What is known of the houses: every judgement that none supersedes, and whether it is in force.
SELECT b.building_id, b.built_year, j.kind, coalesce(j.tier, j.grade), j.judged_on,
       j.judgement_id = first_value(j.judgement_id) OVER (
           PARTITION BY j.building_id, j.kind ORDER BY j.judged_on DESC, j.recorded_at DESC, j.judgement_id DESC)
FROM gis.building AS b
LEFT JOIN gis.judgement AS j ON j.building_id = b.building_id
     AND NOT EXISTS (SELECT FROM gis.judgement AS s WHERE s.supersedes = j.judgement_id)
WHERE b.building_id = ANY (%(keys)s)

-- name: stage
CREATE TEMP TABLE arrived_row (
    building_id text, row_number integer, hazard_tier text, appraisal_grade text, judged_on date, appraised_on date,
    judge text, judge_unit text, institution text
) ON COMMIT DROP

-- name: stage_index
ANALYZE arrived_row

-- name: add_institutions
INSERT INTO gis.institution (name, listed, simulated)
SELECT a.institution, false, bool_and(b.simulated) FROM arrived_row AS a JOIN gis.building AS b USING (building_id)
WHERE a.institution IS NOT NULL AND a.appraisal_grade IS NOT NULL
GROUP BY a.institution ORDER BY a.institution
ON CONFLICT (name) DO NOTHING

-- name: add
-- A judgement without a day of its own is of today, and says nothing where the same is in force; one with a day says
-- nothing where the same is written down of that day. Its round is that of its day, of the house, that began last.
WITH said AS (
    SELECT a.building_id, v.kind, v.value, v.day, a.judge, a.judge_unit, v.institution
    FROM arrived_row AS a
    CROSS JOIN LATERAL (VALUES
        ('preliminary', a.hazard_tier, a.judged_on, NULL),
        ('appraisal', a.appraisal_grade, coalesce(a.appraised_on, a.judged_on), a.institution)
    ) AS v (kind, value, day, institution)
    WHERE v.value IS NOT NULL
), added AS (
    INSERT INTO gis.judgement (building_id, round_id, kind, tier, grade, judged_on, judge, judge_unit, institution_id,
                               source)
    SELECT s.building_id, r.round_id, s.kind, CASE s.kind WHEN 'preliminary' THEN s.value END,
           CASE s.kind WHEN 'appraisal' THEN s.value END, coalesce(s.day, gis.today()), s.judge, s.judge_unit,
           i.institution_id, %(source)s
    FROM said AS s
    JOIN gis.building AS b USING (building_id)
    LEFT JOIN gis.institution AS i ON i.name = s.institution
    LEFT JOIN LATERAL gis.in_force(s.building_id, ARRAY[s.kind]) AS f ON s.day IS NULL
    LEFT JOIN LATERAL (
        SELECT r.round_id FROM gis.round AS r
        WHERE coalesce(s.day, gis.today()) BETWEEN r.first_day AND coalesce(r.closed_on, r.last_day, 'infinity')
          AND gis.meets(r.filter, b.use_class, b.unit_code, b.hazard_tier)
        ORDER BY r.first_day DESC, r.round_id DESC LIMIT 1) AS r ON true
    WHERE coalesce(f.tier, f.grade) IS DISTINCT FROM s.value
      AND (s.day IS NULL OR NOT EXISTS (
          SELECT FROM gis.judgement AS k WHERE k.building_id = s.building_id AND k.kind = s.kind
          AND coalesce(k.tier, k.grade) = s.value AND k.judged_on = s.day))
    ORDER BY b.fid, s.kind DESC
    RETURNING building_id, kind, institution_id
)
SELECT b.fid, a.kind, a.institution_id FROM added AS a JOIN gis.building AS b USING (building_id)

-- name: trace
INSERT INTO gis.import_row (import_id, building_id, row_number, is_new)
SELECT %(import_id)s, b.building_id, a.row_number, %(loaded)s::bigint[] IS NULL OR b.fid = ANY (%(loaded)s::bigint[])
FROM arrived_row AS a JOIN gis.building AS b USING (building_id)
WHERE %(written)s::bigint[] IS NULL OR b.fid IN (SELECT unnest(%(written)s::bigint[]))

-- name: house
-- What a judgement of a house must agree with; nothing of a house that is not the asker's.
SELECT building_id, built_year, removed_on FROM gis.building WHERE building_id = :building_id

-- name: standing
-- The judgements in force of a house, one of each kind.
SELECT judgement_id, kind, tier, grade, judged_on FROM gis.judgement_in_force WHERE building_id = :building_id

-- name: one
SELECT j.judgement_id, j.building_id, j.round_id, r.name AS round, j.visit_id, j.kind, j.tier, j.grade, j.judged_on, j.judge,
       j.judge_unit, j.institution_id, i.name AS institution, i.listed AS institution_listed, j.reason, j.source,
       j.supersedes, j.recorded_at, j.account, later.judgement_id AS superseded_by, c.account AS confirmed_by,
       c.confirmed_on, b.unit_code
FROM gis.judgement AS j
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.round AS r USING (round_id)
LEFT JOIN gis.institution AS i USING (institution_id)
LEFT JOIN gis.judgement AS later ON later.supersedes = j.judgement_id
LEFT JOIN gis.judgement_confirmation AS c ON c.judgement_id = j.judgement_id
WHERE j.judgement_id = :judgement_id

-- name: of_house
-- Every judgement of a house in order of time, with what became of it.
SELECT j.judgement_id, j.round_id, r.name AS round, j.kind, j.tier, j.grade, j.judged_on, j.judge, j.judge_unit,
       j.institution_id, i.name AS institution, i.listed AS institution_listed, j.reason, j.source, j.supersedes,
       j.recorded_at, j.account, later.judgement_id AS superseded_by, c.account AS confirmed_by, c.confirmed_on,
       later.judgement_id IS NULL AND j.judgement_id = first_value(j.judgement_id) OVER (
           PARTITION BY j.kind, later.judgement_id IS NULL
           ORDER BY j.judged_on DESC, j.recorded_at DESC, j.judgement_id DESC) AS in_force
FROM gis.judgement AS j
LEFT JOIN gis.round AS r USING (round_id)
LEFT JOIN gis.institution AS i USING (institution_id)
LEFT JOIN gis.judgement AS later ON later.supersedes = j.judgement_id
LEFT JOIN gis.judgement_confirmation AS c ON c.judgement_id = j.judgement_id
WHERE j.building_id = :building_id
ORDER BY j.judged_on, j.recorded_at, j.judgement_id

-- name: enter
INSERT INTO gis.judgement (building_id, round_id, visit_id, kind, tier, grade, judged_on, judge, judge_unit, institution_id,
                           reason, supersedes)
VALUES (:building_id, :round_id, :visit_id, :kind, :tier, :grade, :judged_on, :judge, :judge_unit, :institution_id,
        :reason, :supersedes)
RETURNING judgement_id

-- name: confirm
INSERT INTO gis.judgement_confirmation (judgement_id) VALUES (:judgement_id)

-- name: institution
SELECT institution_id, name, listed FROM gis.institution
WHERE name = :name OR CAST(institution_id AS text) = :name ORDER BY name = :name DESC LIMIT 1

-- name: add_institution
INSERT INTO gis.institution (name, credit_code, qualification, listed)
VALUES (:name, :credit_code, :qualification, :listed) RETURNING institution_id

-- name: institutions
-- The list of institutions with what each has reported of the asker's houses.
SELECT i.institution_id, i.name, i.credit_code, i.qualification, i.listed, i.simulated, count(j.judgement_id) AS reports,
       count(*) FILTER (WHERE j.grade = 'A') AS a, count(*) FILTER (WHERE j.grade = 'B') AS b,
       count(*) FILTER (WHERE j.grade = 'C') AS c, count(*) FILTER (WHERE j.grade = 'D') AS d,
       max(j.judged_on) AS last_on
FROM gis.institution AS i LEFT JOIN gis.judgement AS j USING (institution_id)
GROUP BY i.institution_id ORDER BY i.name LIMIT 2000
