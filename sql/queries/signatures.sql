-- Sign-off: what is signed, by whom, and what stands.

-- name: contents
-- What there is to sign of each village of a round: the RFC 8785 JSON of its houses, as PostgreSQL writes it (row_to_json
-- of columns in the order of their names, without blanks; gis.number_text writes numbers as ECMAScript does). Of all that
-- the asker sees, of a unit, or of a village; without its text, its hash alone. A round for a tier goes by the preliminary
-- judgement, which is signed, and not by what was found later.
WITH house AS (
    SELECT b.unit_code, b.village_code, b.building_id, row_to_json(h)::text AS said
    FROM gis.round AS r
    CROSS JOIN gis.building AS b
    LEFT JOIN LATERAL (
        SELECT j.building_id, j.reason, j.tier FROM gis.judgement AS j
        WHERE j.building_id = b.building_id AND j.kind = 'preliminary'
          AND NOT EXISTS (SELECT FROM gis.judgement AS s WHERE s.supersedes = j.judgement_id)
        ORDER BY j.judged_on DESC, j.recorded_at DESC, j.judgement_id DESC LIMIT 1) AS p ON true
    CROSS JOIN LATERAL (
        -- A call costs more than most lists, which hold one code or none.
        SELECT b.address,
               CASE WHEN cardinality(b.alterations) > 1 THEN gis.in_order(b.alterations) ELSE b.alterations END AS alterations,
               b.altered_on, gis.number_text(b.area_m2) AS area_m2, b.builder, b.building_id, b.built_period, b.built_year,
               CASE WHEN cardinality(b.business_uses) > 1 THEN gis.in_order(b.business_uses) ELSE b.business_uses END AS business_uses,
               CASE WHEN cardinality(b.declared_areas) > 1 THEN gis.in_order(b.declared_areas) ELSE b.declared_areas END AS declared_areas,
               CASE WHEN cardinality(b.departments) > 1 THEN gis.in_order(b.departments) ELSE b.departments END AS departments,
               b.design, b.fire_class,
               CASE WHEN cardinality(b.fire_hazards) > 1 THEN gis.in_order(b.fire_hazards) ELSE b.fire_hazards END AS fire_hazards,
               b.floors,
               CASE WHEN cardinality(b.geohazards) > 1 THEN gis.in_order(b.geohazards) ELSE b.geohazards END AS geohazards,
               encode(ST_AsBinary(b.geom), 'hex') AS geom, gis.number_text(b.height_m) AS height_m, b.land,
               CASE WHEN cardinality(b.licences) > 1 THEN gis.in_order(b.licences) ELSE b.licences END AS licences,
               b.name, b.ownership, b.people,
               CASE WHEN cardinality(b.permits) > 1 THEN gis.in_order(b.permits) ELSE b.permits END AS permits,
               CASE WHEN p.building_id IS NOT NULL THEN (SELECT f FROM (SELECT p.reason, p.tier) AS f) END AS preliminary,
               b.structure, b.use_class,
               CASE WHEN cardinality(b.violations) > 1 THEN gis.in_order(b.violations) ELSE b.violations END AS violations
    ) AS h
    WHERE r.round_id = :round_id AND b.unit_code IS NOT NULL AND b.village_code IS NOT NULL
      AND (CAST(:unit AS text) IS NULL OR b.unit_code = :unit) AND (CAST(:village AS text) IS NULL OR b.village_code = :village)
      AND gis.meets(r.filter, b.use_class, b.unit_code, coalesce(p.tier, 'unjudged'))
), village AS (
    SELECT unit_code, village_code, count(*) AS houses,
           '[' || string_agg(said, ',' ORDER BY building_id COLLATE "C") || ']' AS content
    FROM house GROUP BY unit_code, village_code
)
SELECT unit_code, village_code, houses, encode(sha256(convert_to(content, 'UTF8')), 'hex') AS sha256,
       CASE WHEN :whole THEN content END AS content
FROM village ORDER BY unit_code, village_code

-- name: signatures
-- Every signature of a round (all rounds without one), of a unit; what signed the newest comes last.
SELECT s.signature_id, s.round_id, s.unit_code, s.village_code, s.step, s.content, s.below, s.houses, s.name, s.title,
       s.by_paper, s.account, s.signed_on, s.recorded_at, s.digest, gis.signature_counts(s) AS counts,
       (SELECT array_agg(p.sha256 ORDER BY p.recorded_at) FROM gis.signature_page AS p
        WHERE p.signature_id = s.signature_id) AS pages
FROM gis.signature AS s
WHERE (CAST(:round_id AS bigint) IS NULL OR s.round_id = :round_id) AND (CAST(:unit AS text) IS NULL OR s.unit_code = :unit)
ORDER BY s.signature_id

-- name: one
SELECT s.signature_id, s.round_id, r.name AS round, s.unit_code, u.name AS unit, s.village_code, v.name AS village, s.step,
       s.content, s.below, s.houses, s.name, s.title, s.by_paper, s.account, s.signed_on, s.recorded_at, s.digest,
       gis.signature_counts(s) AS counts
FROM gis.signature AS s JOIN gis.round AS r USING (round_id)
LEFT JOIN gis.admin_area AS u ON u.code = s.unit_code
LEFT JOIN gis.admin_area AS v ON v.code = s.village_code
WHERE s.signature_id = :signature_id

-- name: signers
-- Who signs, as it holds now.
SELECT DISTINCT ON (unit_code, village_code, step) unit_code, village_code, step, name, title, account
FROM gis.signer WHERE CAST(:unit AS text) IS NULL OR unit_code = :unit
ORDER BY unit_code, village_code, step, signer_id DESC

-- name: set_signer
INSERT INTO gis.signer (unit_code, village_code, step, name, title, account)
VALUES (:unit_code, :village_code, :step, :name, :title, :account)

-- name: place
-- A reporting unit, and a village of it where one is named.
SELECT u.code, u.name, v.code AS village_code, v.name AS village
FROM gis.admin_area AS u
LEFT JOIN gis.admin_area AS v ON v.code = :village AND v.level = 'village'
WHERE u.code = :unit AND u.level IN ('township', 'unit')

-- name: areas
-- What places are called.
SELECT code, name FROM gis.admin_area WHERE code = ANY (CAST(:codes AS text[]))

-- name: keep_content
INSERT INTO gis.signed_content (sha256, unit_code, village_code, content)
VALUES (:sha256, :unit_code, :village_code, :content) ON CONFLICT DO NOTHING

-- name: text_of
SELECT content FROM gis.signed_content WHERE sha256 = :sha256

-- name: enter
INSERT INTO gis.signature (round_id, unit_code, village_code, step, content, houses, by_paper)
VALUES (:round_id, :unit_code, :village_code, :step, :content, :houses, :by_paper)
RETURNING signature_id

-- name: add_page
INSERT INTO gis.signature_page (signature_id, sha256, media, bytes) VALUES (:signature_id, :sha256, :media, :bytes)
ON CONFLICT DO NOTHING

-- name: pages
SELECT p.signature_id, p.sha256, p.media, p.bytes, p.account, p.recorded_at
FROM gis.signature_page AS p
WHERE (CAST(:signature_id AS bigint) IS NULL OR p.signature_id = :signature_id) ORDER BY p.recorded_at, p.sha256

-- name: rounds
-- Rounds that have begun, the newest first: of these there is something to sign.
SELECT round_id, name, first_day, closed_on FROM gis.round WHERE first_day <= gis.today() AND kind <> 'earlier'
ORDER BY first_day DESC, round_id DESC LIMIT 50

-- name: placeless
-- Houses of a unit that lie in no village: nobody can sign them.
SELECT count(*) FROM gis.building AS b WHERE b.unit_code = :unit AND b.village_code IS NULL

-- name: contents_kept
-- Texts whose hash is not their own any more.
SELECT sha256 FROM gis.signed_content WHERE sha256 <> encode(sha256(convert_to(content, 'UTF8')), 'hex')

-- name: trail
-- What the audit trail tells of signatures: it cannot be changed unseen.
SELECT CAST(substring(object FROM '^signature (\d{1,18})$') AS bigint) AS signature_id, details ->> 'digest' AS digest
FROM gis.audit_trail WHERE action = 'signed' AND object ~ '^signature \d{1,18}$'

-- name: traces
-- What is on record of houses since a moment: by which way which columns were changed.
SELECT c.key AS building_id, 'import ' || coalesce(c.import_id::text, '') AS way, c.changed_at AS at,
       ARRAY(SELECT k FROM jsonb_object_keys(c.after) AS k WHERE c.before -> k IS DISTINCT FROM c.after -> k) AS columns
FROM gis.change AS c
WHERE c.table_name = 'building' AND c.key = ANY (CAST(:houses AS text[])) AND c.changed_at >= :since
UNION ALL
SELECT p.building_id, 'decision ' || d.proposal_id, d.recorded_at, ARRAY[p.field]
FROM gis.proposal_decision AS d JOIN gis.proposal AS p USING (proposal_id)
WHERE d.accepted AND p.building_id = ANY (CAST(:houses AS text[])) AND d.recorded_at >= :since
UNION ALL
SELECT j.building_id, 'judgement ' || j.judgement_id, j.recorded_at, ARRAY['preliminary']
FROM gis.judgement AS j
WHERE j.kind = 'preliminary' AND j.building_id = ANY (CAST(:houses AS text[])) AND j.recorded_at >= :since
ORDER BY at

-- name: there
-- Which of these houses there are.
SELECT building_id FROM gis.building WHERE building_id = ANY (CAST(:houses AS text[]))

-- name: unit_of_village
SELECT unit_code FROM gis.building WHERE village_code = :village AND unit_code IS NOT NULL
GROUP BY unit_code ORDER BY count(*) DESC, unit_code LIMIT 1
