-- The record of a house: what the survey says of it, who reports it, the rounds over it, and every judgement of it.
--
-- A judgement is a row that is only added. In force is, of each kind, the row with the latest judged_on, then
-- recorded_at, that no other supersedes. gis.building.hazard_tier and appraisal_grade follow the judgements in force and
-- nothing else: the trigger that writes them is a function of gis_keeper, a role that can neither sign in nor be taken,
-- and another trigger refuses everybody else, the owner and the superuser included.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gis_keeper') THEN
        CREATE ROLE gis_keeper NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of this server is made at this moment
END
$$;
SET LOCAL ROLE gis_owner;

-- The day ----------------------------------------------------------------------------------------------------------

ALTER TABLE gis.deployment ADD COLUMN today date;

CREATE FUNCTION gis.today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT coalesce(nullif(current_setting('gis.today', true), '')::date, (SELECT today FROM gis.deployment),
                    (now() AT TIME ZONE coalesce(nullif(current_setting('gis.timezone', true), ''), 'Asia/Shanghai'))::date)
$$;
-- A demo that is here already stands on the day of the notice whose figures it meets.
UPDATE gis.deployment SET today = '2022-09-08'
WHERE EXISTS (SELECT FROM gis.building) AND NOT EXISTS (SELECT FROM gis.building WHERE NOT simulated);

-- Code lists -------------------------------------------------------------------------------------------------------

CREATE TABLE gis.code (
    list text NOT NULL,
    code text NOT NULL CHECK (code ~ '^[A-Za-z0-9_]{1,40}$'),
    zh text NOT NULL CHECK (zh <> ''),
    en text NOT NULL CHECK (en <> ''),
    position smallint NOT NULL,
    -- What the county calls the office (县公安局), and its line in annex 2; of departments only.
    office text,
    annex smallint,
    own boolean NOT NULL DEFAULT true,
    PRIMARY KEY (list, code)
);
INSERT INTO gis.code (list, code, zh, en, position, office, annex, own)
SELECT v.list, v.code, v.zh, v.en, row_number() OVER (PARTITION BY v.list ORDER BY v.n), v.office, v.annex, false
FROM (VALUES
    (1, 'structure', 'masonry', '砌体(砖混)', 'masonry', NULL, NULL::smallint),
    (2, 'structure', 'frame_masonry', '底框砌体', 'masonry over a frame', NULL, NULL),
    (3, 'structure', 'rc', '钢筋混凝土', 'reinforced concrete', NULL, NULL),
    (4, 'structure', 'steel', '钢结构', 'steel', NULL, NULL),
    (5, 'structure', 'timber', '木(竹)', 'timber or bamboo', NULL, NULL),
    (6, 'structure', 'earth_timber', '土木/石木', 'earth or stone with timber', NULL, NULL),
    (7, 'structure', 'brick_timber', '砖木', 'brick with timber', NULL, NULL),
    (8, 'structure', 'mixed', '混杂', 'mixed', NULL, NULL),
    (9, 'structure', 'other', '其他', 'other', NULL, NULL),
    (10, 'structure', 'unknown', '未知', 'unknown', NULL, NULL),
    (1, 'business_uses', 'catering', '餐饮饭店', 'catering', NULL, NULL),
    (2, 'business_uses', 'lodging', '民宿宾馆', 'lodging', NULL, NULL),
    (3, 'business_uses', 'retail', '批发零售', 'retail', NULL, NULL),
    (4, 'business_uses', 'leisure', '休闲娱乐', 'leisure', NULL, NULL),
    (5, 'business_uses', 'childcare', '托幼、午托', 'childcare', NULL, NULL),
    (6, 'business_uses', 'child_welfare', '儿童福利', 'child welfare', NULL, NULL),
    (7, 'business_uses', 'education', '教育设施', 'education', NULL, NULL),
    (8, 'business_uses', 'medical', '医疗卫生', 'medical', NULL, NULL),
    (9, 'business_uses', 'elderly_care', '养老服务', 'care of the elderly', NULL, NULL),
    (10, 'business_uses', 'manufacturing', '生产加工', 'manufacturing', NULL, NULL),
    (11, 'business_uses', 'storage', '仓储物流', 'storage', NULL, NULL),
    (12, 'business_uses', 'rental', '出租居住', 'rental', NULL, NULL),
    (13, 'business_uses', 'religious', '宗教活动', 'religious', NULL, NULL),
    (14, 'business_uses', 'sports', '体育健身', 'sports', NULL, NULL),
    (15, 'business_uses', 'other', '其他', 'other', NULL, NULL),
    (1, 'departments', 'police', '公安', 'police', '县公安局', 1),
    (2, 'departments', 'education', '教育', 'education', '县教育局', 2),
    (3, 'departments', 'civil_affairs', '民政', 'civil affairs', '县民政局', 3),
    (4, 'departments', 'market_reg', '市场监管', 'market regulation', '县市场监管局', 4),
    (5, 'departments', 'health', '卫生健康', 'health', '县卫生健康局', 5),
    (6, 'departments', 'culture_tourism', '文广体旅', 'culture and tourism', '县文广体旅局', 6),
    (7, 'departments', 'housing', '住建', 'housing', '县住房和城乡建设局', NULL),
    (8, 'departments', 'natural_resources', '自然资源', 'natural resources', '县自然资源局', NULL),
    (9, 'departments', 'urban_mgmt', '城管', 'urban management', '县城市管理局', NULL),
    (10, 'departments', 'fire', '消防', 'fire brigade', '县消防救援大队', NULL),
    (11, 'departments', 'emergency', '应急', 'emergency management', '县应急管理局', NULL),
    (12, 'departments', 'agriculture', '农业农村', 'agriculture', '县农业农村局', NULL),
    (13, 'departments', 'united_front', '统战', 'united front', '县委统战部', NULL),
    (14, 'departments', 'industry', '工信', 'industry', '县工业和信息化局', NULL),
    (15, 'departments', 'justice', '司法', 'justice', '县司法局', NULL),
    (16, 'departments', 'commerce', '商务', 'commerce', '县商务局', NULL),
    (17, 'departments', 'approval', '行政审批', 'administrative approval', '县行政审批局', NULL),
    (1, 'alterations', 'add_storey', '加层', 'storey added', NULL, NULL),
    (2, 'alterations', 'extend', '扩建', 'extended', NULL, NULL),
    (3, 'alterations', 'mezzanine', '夹层', 'mezzanine', NULL, NULL),
    (4, 'alterations', 'partition', '加隔墙', 'partition walls', NULL, NULL),
    (5, 'alterations', 'raise', '抬高', 'raised', NULL, NULL),
    (6, 'alterations', 'enlarge_openings', '扩大门窗', 'openings enlarged', NULL, NULL),
    (7, 'alterations', 'basement', '地下室', 'basement dug', NULL, NULL),
    (8, 'alterations', 'remove_walls', '减柱减墙', 'columns or walls removed', NULL, NULL),
    (9, 'alterations', 'change_use', '改变用途', 'use changed', NULL, NULL),
    (1, 'declared_areas', 'urban', '城市建成区', 'built-up area', NULL, NULL),
    (2, 'declared_areas', 'fringe', '城乡结合部', 'urban fringe', NULL, NULL),
    (3, 'declared_areas', 'urban_village', '城中村', 'urban village', NULL, NULL),
    (4, 'declared_areas', 'resettlement', '拆迁安置区', 'resettlement area', NULL, NULL),
    (5, 'declared_areas', 'industrial', '工业园区', 'industrial area', NULL, NULL),
    (6, 'declared_areas', 'designated_town', '建制镇', 'designated town', NULL, NULL),
    (7, 'declared_areas', 'market_town', '集镇', 'market town', NULL, NULL),
    (8, 'declared_areas', 'school', '学校周边', 'round a school', NULL, NULL),
    (9, 'declared_areas', 'hospital', '医院周边', 'round a hospital', NULL, NULL),
    (10, 'declared_areas', 'market', '商贸市场周边', 'round a market', NULL, NULL),
    (11, 'declared_areas', 'scenic', '景区及周边', 'scenic area', NULL, NULL),
    (12, 'declared_areas', 'other', '其他', 'other', NULL, NULL),
    (1, 'land', 'state', '国有土地', 'state-owned', NULL, NULL),
    (2, 'land', 'collective_homestead', '宅基地', 'homestead', NULL, NULL),
    (3, 'land', 'collective_construction', '集体建设用地', 'collective construction land', NULL, NULL),
    (1, 'design', 'professional', '有专业设计', 'professional design', NULL, NULL),
    (2, 'design', 'standard', '标准图集', 'standard drawings', NULL, NULL),
    (3, 'design', 'none', '无设计', 'none', NULL, NULL),
    (1, 'builder', 'self', '自行建造', 'the owner', NULL, NULL),
    (2, 'builder', 'craftsman', '建筑工匠', 'craftsmen', NULL, NULL),
    (3, 'builder', 'qualified', '有资质队伍', 'a qualified firm', NULL, NULL),
    (1, 'permits', 'land', '用地许可', 'land use permit', NULL, NULL),
    (2, 'permits', 'planning', '规划许可', 'planning permit', NULL, NULL),
    (3, 'permits', 'construction', '施工许可', 'building permit', NULL, NULL),
    (4, 'permits', 'homestead', '宅基地批准书', 'homestead approval', NULL, NULL),
    (5, 'permits', 'rural_planning', '乡村建设规划许可', 'rural planning permit', NULL, NULL),
    (6, 'permits', 'completion', '竣工验收', 'acceptance of the works', NULL, NULL),
    (7, 'permits', 'fire_acceptance', '消防验收', 'acceptance by the fire brigade', NULL, NULL),
    (8, 'permits', 'registration', '不动产登记', 'registered property', NULL, NULL),
    (1, 'licences', 'business', '营业执照', 'business licence', NULL, NULL),
    (2, 'licences', 'operation', '经营许可', 'operating permit', NULL, NULL),
    (3, 'licences', 'public_venue', '公众聚集场所许可', 'permit for a public venue', NULL, NULL),
    (1, 'violations', 'land', '违法占地', 'land occupied unlawfully', NULL, NULL),
    (2, 'violations', 'construction', '违法建设', 'built unlawfully', NULL, NULL),
    (3, 'violations', 'alteration', '违法改扩建', 'altered unlawfully', NULL, NULL),
    (4, 'violations', 'operation', '违规经营', 'operated unlawfully', NULL, NULL),
    (5, 'violations', 'approval', '违法审批', 'approved unlawfully', NULL, NULL),
    (1, 'geohazards', 'cut_slope', '切坡建房', 'cut slope', NULL, NULL),
    (2, 'geohazards', 'landslide', '滑坡泥石流', 'landslide', NULL, NULL),
    (3, 'geohazards', 'mined_out', '采空区', 'mined-out ground', NULL, NULL),
    (4, 'geohazards', 'flood', '洪涝', 'flood', NULL, NULL),
    (5, 'geohazards', 'collapse', '崩塌', 'rock fall', NULL, NULL),
    (6, 'geohazards', 'subsidence', '地面沉降', 'subsidence', NULL, NULL),
    (1, 'fire_hazards', 'lane_blocked', '消防车道堵塞', 'fire lane blocked', NULL, NULL),
    (2, 'fire_hazards', 'exit_blocked', '疏散通道堵塞', 'way out blocked', NULL, NULL),
    (3, 'fire_hazards', 'equipment_missing', '消防设施缺失', 'equipment missing', NULL, NULL),
    (4, 'fire_hazards', 'narrow_road', '道路狭窄消防车无法通行', 'road too narrow for an engine', NULL, NULL),
    (5, 'fire_hazards', 'wiring', '电路短路、敷设不当', 'faulty wiring', NULL, NULL),
    (6, 'fire_hazards', 'combustible', '易燃材料', 'combustible materials', NULL, NULL),
    (1, 'ownership', 'private', '私有', 'private', NULL, NULL),
    (2, 'ownership', 'joint', '共有', 'joint', NULL, NULL),
    (3, 'ownership', 'collective', '集体所有', 'collective', NULL, NULL),
    (4, 'ownership', 'state', '国有', 'state', NULL, NULL),
    (5, 'ownership', 'other', '其他', 'other', NULL, NULL)
) AS v (n, list, code, zh, en, office, annex);

-- The survey's columns ---------------------------------------------------------------------------------------------

-- Null is not surveyed; an empty list is surveyed and none.
ALTER TABLE gis.building
    ADD COLUMN unit_code text,
    ADD COLUMN unit_source text CHECK (unit_source IN ('given', 'found')),
    ADD COLUMN declared_areas text[],
    ADD COLUMN land text,
    ADD COLUMN built_year smallint CHECK (built_year BETWEEN 1000 AND 2200),
    ADD COLUMN area_m2 double precision CHECK (area_m2 > 0 AND area_m2 <= 1000000),
    ADD COLUMN design text,
    ADD COLUMN builder text,
    ADD COLUMN permits text[],
    ADD COLUMN licences text[],
    ADD COLUMN violations text[],
    ADD COLUMN geohazards text[],
    ADD COLUMN fire_hazards text[],
    ADD COLUMN ownership text,
    ADD COLUMN altered_on date,
    ADD COLUMN removed_on date;
UPDATE gis.building SET built_year = substring(built_period FROM '^\s*(\d{4})\s*年?\s*$')::smallint
WHERE built_period ~ '^\s*(1\d|20)\d{2}\s*年?\s*$';

CREATE INDEX building_unit ON gis.building (unit_code);
-- Stays while a first load goes without the others: with it no tier is written in place (heap-only), and an index that is
-- made in the same transaction can be used in it.
CREATE INDEX building_judged ON gis.building (hazard_tier, appraisal_grade);
-- On the lower-case number: an index of trigrams on the number itself would be taken for equality, and is a hundred times
-- slower at it than the unique one.
CREATE INDEX building_number ON gis.building USING gin (lower(building_id) gin_trgm_ops);
CREATE INDEX building_address ON gis.building USING gin (address gin_trgm_ops);
CREATE INDEX building_operating ON gis.building (unit_code) WHERE use_class IN ('commercial', 'mixed');

-- A house reports to its township unless it lies in a reporting unit or its file says so.
CREATE FUNCTION gis.follow_township() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.unit_code IS NULL
       OR (TG_OP = 'UPDATE' AND NEW.unit_source IS NULL AND NEW.unit_code IS NOT DISTINCT FROM OLD.unit_code
           AND OLD.unit_code IS NOT DISTINCT FROM OLD.township_code) THEN
        NEW.unit_code := NEW.township_code;
    END IF;
    RETURN NEW;
END
$$;
UPDATE gis.building AS b SET unit_code = u.code, unit_source = 'found' FROM gis.lies_in('unit') AS u WHERE u.fid = b.fid;
UPDATE gis.building SET unit_code = township_code WHERE unit_code IS NULL AND township_code IS NOT NULL;
CREATE TRIGGER a_unit_on_insert BEFORE INSERT ON gis.building FOR EACH ROW
    WHEN (NEW.unit_code IS NULL AND NEW.township_code IS NOT NULL) EXECUTE FUNCTION gis.follow_township();
CREATE TRIGGER a_unit_on_update BEFORE UPDATE OF township_code, unit_code, unit_source ON gis.building FOR EACH ROW
    EXECUTE FUNCTION gis.follow_township();

-- The lists that a county may add to are looked up; those that rules count by stay checks of the table.
ALTER TABLE gis.building
    DROP CONSTRAINT building_structure_check,
    DROP CONSTRAINT building_business_uses_check,
    DROP CONSTRAINT building_departments_check,
    DROP CONSTRAINT building_alterations_check;

CREATE FUNCTION gis.check_codes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wrong record;
BEGIN
    -- Each distinct value once: a county has eighty thousand houses and a few hundred combinations.
    SELECT s.list, s.code INTO wrong
    FROM (
        SELECT DISTINCT 'structure' AS list, structure AS code FROM written
        UNION SELECT 'land', land FROM written
        UNION SELECT 'design', design FROM written
        UNION SELECT 'builder', builder FROM written
        UNION SELECT 'ownership', ownership FROM written
        UNION
        SELECT v.list, u.code
        FROM (SELECT DISTINCT business_uses, departments, alterations, declared_areas, permits, licences, violations,
                              geohazards, fire_hazards FROM written) AS w
        CROSS JOIN LATERAL (VALUES
            ('business_uses', w.business_uses), ('departments', w.departments), ('alterations', w.alterations),
            ('declared_areas', w.declared_areas), ('permits', w.permits), ('licences', w.licences),
            ('violations', w.violations), ('geohazards', w.geohazards), ('fire_hazards', w.fire_hazards)
        ) AS v (list, codes)
        CROSS JOIN LATERAL unnest(v.codes) AS u (code)
    ) AS s
    WHERE s.code IS NOT NULL AND NOT EXISTS (SELECT FROM gis.code AS c WHERE c.list = s.list AND c.code = s.code)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is no code of the list %', wrong.code, wrong.list USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER codes_on_insert AFTER INSERT ON gis.building REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gis.check_codes();

-- Of an update only houses whose coded columns changed are looked at.
CREATE FUNCTION gis.check_changed_codes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wrong record;
BEGIN
    SELECT v.list, u.code INTO wrong
    FROM (VALUES
        ('structure', ARRAY[NEW.structure]), ('land', ARRAY[NEW.land]), ('design', ARRAY[NEW.design]),
        ('builder', ARRAY[NEW.builder]), ('ownership', ARRAY[NEW.ownership]),
        ('business_uses', NEW.business_uses), ('departments', NEW.departments), ('alterations', NEW.alterations),
        ('declared_areas', NEW.declared_areas), ('permits', NEW.permits), ('licences', NEW.licences),
        ('violations', NEW.violations), ('geohazards', NEW.geohazards), ('fire_hazards', NEW.fire_hazards)
    ) AS v (list, codes)
    CROSS JOIN LATERAL unnest(v.codes) AS u (code)
    WHERE u.code IS NOT NULL AND NOT EXISTS (SELECT FROM gis.code AS c WHERE c.list = v.list AND c.code = u.code)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is no code of the list %', wrong.code, wrong.list USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER codes_on_update
    AFTER UPDATE OF structure, land, design, builder, ownership, business_uses, departments, alterations,
                    declared_areas, permits, licences, violations, geohazards, fire_hazards ON gis.building
    FOR EACH ROW
    WHEN ((NEW.structure, NEW.land, NEW.design, NEW.builder, NEW.ownership, NEW.business_uses, NEW.departments,
           NEW.alterations, NEW.declared_areas, NEW.permits, NEW.licences, NEW.violations, NEW.geohazards,
           NEW.fire_hazards) IS DISTINCT FROM
          (OLD.structure, OLD.land, OLD.design, OLD.builder, OLD.ownership, OLD.business_uses, OLD.departments,
           OLD.alterations, OLD.declared_areas, OLD.permits, OLD.licences, OLD.violations, OLD.geohazards,
           OLD.fire_hazards))
    EXECUTE FUNCTION gis.check_changed_codes();

-- Where a value came from ------------------------------------------------------------------------------------------

ALTER TABLE gis.import
    ADD COLUMN account text,
    ADD COLUMN fields text[];

CREATE TABLE gis.import_row (
    import_id bigint NOT NULL REFERENCES gis.import ON DELETE CASCADE,
    building_id text NOT NULL,
    row_number integer NOT NULL,
    is_new boolean NOT NULL,
    PRIMARY KEY (building_id, import_id)
);

-- Rounds -----------------------------------------------------------------------------------------------------------

CREATE TABLE gis.round (
    round_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (kind IN ('campaign', 'look_back', 'checkup', 'earlier')),
    first_day date NOT NULL,
    -- Null while nobody has said when it ends.
    last_day date,
    -- {"use_class": ["commercial", "mixed"], "unit_code": [...], "hazard_tier": [...]}; {} is every house.
    filter jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(filter) = 'object'),
    source text,
    opened_at timestamptz NOT NULL DEFAULT now(),
    opened_by text DEFAULT gis.asker('account'),
    closed_on date,
    closed_by text,
    CHECK (last_day >= first_day),
    CHECK (closed_on >= first_day)
);

CREATE TABLE gis.round_deadline (
    round_id bigint NOT NULL REFERENCES gis.round ON DELETE CASCADE,
    step text NOT NULL CHECK (step IN ('survey', 'correct', 'judge', 'appraise', 'control', 'rectify')),
    due_on date NOT NULL,
    -- As a round's filter, within it.
    filter jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(filter) = 'object'),
    clause text,
    PRIMARY KEY (round_id, step, due_on)
);

CREATE FUNCTION gis.meets(filter jsonb, use_class text, unit_code text, hazard_tier text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(filter -> 'use_class' ? use_class, true) AND coalesce(filter -> 'unit_code' ? unit_code, true)
       AND coalesce(filter -> 'hazard_tier' ? hazard_tier, true)
$$;

-- Institutions -----------------------------------------------------------------------------------------------------

CREATE TABLE gis.institution (
    institution_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    credit_code text UNIQUE CHECK (credit_code ~ '^[0-9A-Z]{18}$'),
    qualification text,
    -- On the list that the authority published; an import may name one that is not.
    listed boolean NOT NULL DEFAULT true,
    simulated boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

-- Judgements -------------------------------------------------------------------------------------------------------

CREATE TABLE gis.judgement (
    judgement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    building_id text NOT NULL REFERENCES gis.building (building_id),
    round_id bigint REFERENCES gis.round,
    visit_id uuid,
    kind text NOT NULL CHECK (kind IN ('preliminary', 'appraisal', 'review')),
    tier text CHECK (tier IN ('severe', 'some', 'none_found', 'unjudged')),
    grade text CHECK (grade IN ('A', 'B', 'C', 'D', 'unknown')),
    judged_on date NOT NULL CHECK (judged_on BETWEEN '1949-10-01' AND '2200-01-01'),
    judge text CHECK (length(judge) <= 100),
    judge_unit text CHECK (length(judge_unit) <= 200),
    institution_id bigint REFERENCES gis.institution,
    reason text CHECK (length(reason) <= 2000),
    source text NOT NULL DEFAULT 'entered',
    -- One correction a row: whoever comes second corrects the correction.
    supersedes bigint REFERENCES gis.judgement,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    account text DEFAULT gis.asker('account'),
    CHECK (CASE kind WHEN 'appraisal' THEN grade IS NOT NULL AND tier IS NULL
                     ELSE tier IS NOT NULL AND grade IS NULL END),
    -- What says nothing takes something back, or is no judgement.
    CHECK (coalesce(tier, '') <> 'unjudged' AND coalesce(grade, '') <> 'unknown' OR supersedes IS NOT NULL)
);
CREATE INDEX judgement_house ON gis.judgement (building_id, judged_on DESC, recorded_at DESC, judgement_id DESC);
CREATE UNIQUE INDEX judgement_supersedes ON gis.judgement (supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX judgement_institution ON gis.judgement (institution_id) WHERE institution_id IS NOT NULL;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.judgement
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();

-- The township's word that a judgement is its own; by another account than the judge's.
CREATE TABLE gis.judgement_confirmation (
    judgement_id bigint PRIMARY KEY REFERENCES gis.judgement,
    account text DEFAULT gis.asker('account'),
    confirmed_on date NOT NULL DEFAULT gis.today(),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.judgement_confirmation
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();

CREATE FUNCTION gis.in_force(house text, kinds text[], day date DEFAULT 'infinity') RETURNS SETOF gis.judgement
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
AS $$
    SELECT j.* FROM gis.judgement AS j
    WHERE j.building_id = house AND j.kind = ANY (kinds) AND j.judged_on <= day
      AND NOT EXISTS (SELECT FROM gis.judgement AS s WHERE s.supersedes = j.judgement_id AND s.judged_on <= day)
    ORDER BY j.judged_on DESC, j.recorded_at DESC, j.judgement_id DESC LIMIT 1
$$;

-- What stands in the database today, carried over: of simulated houses as of the notice whose figures they meet, else as
-- of the last import of houses, for until then nobody said another thing.
INSERT INTO gis.judgement (building_id, kind, tier, grade, judged_on, reason, source)
SELECT b.building_id, v.kind, v.tier, v.grade,
       CASE WHEN b.simulated THEN '2022-09-08'::date ELSE last.day END, '升级前的数值', 'carried over'
FROM gis.building AS b
CROSS JOIN (SELECT (coalesce(max(finished_at), now()) AT TIME ZONE 'Asia/Shanghai')::date AS day
            FROM gis.import WHERE kind = 'buildings') AS last
CROSS JOIN LATERAL (VALUES
    ('preliminary', nullif(b.hazard_tier, 'unjudged'), NULL),
    ('appraisal', NULL, nullif(b.appraisal_grade, 'unknown'))) AS v (kind, tier, grade)
WHERE v.tier IS NOT NULL OR v.grade IS NOT NULL
ORDER BY b.fid;

-- Given to the keeper in grants.sql.
CREATE FUNCTION gis.keep_judgements() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wrong text;
BEGIN
    SELECT a.building_id INTO wrong FROM added AS a WHERE a.judged_on > gis.today() LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a judgement of % is in the future', wrong USING ERRCODE = 'check_violation';
    END IF;
    SELECT a.building_id INTO wrong FROM added AS a JOIN gis.building AS b USING (building_id)
    WHERE extract(year FROM a.judged_on) < b.built_year LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a judgement of % is from before it was built', wrong USING ERRCODE = 'check_violation';
    END IF;
    SELECT a.building_id INTO wrong FROM added AS a JOIN gis.judgement AS s ON s.judgement_id = a.supersedes
    WHERE (s.building_id, s.kind) IS DISTINCT FROM (a.building_id, a.kind) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a judgement of % supersedes one of another house or kind', wrong
            USING ERRCODE = 'check_violation';
    END IF;
    UPDATE gis.building AS b SET hazard_tier = n.tier, appraisal_grade = n.grade
    FROM (
        SELECT h.building_id, coalesce(t.tier, 'unjudged') AS tier, coalesce(g.grade, 'unknown') AS grade
        FROM (SELECT DISTINCT building_id FROM added) AS h
        LEFT JOIN LATERAL gis.in_force(h.building_id, '{preliminary,review}') AS t ON true
        LEFT JOIN LATERAL gis.in_force(h.building_id, '{appraisal}') AS g ON true
    ) AS n
    WHERE b.building_id = n.building_id AND (b.hazard_tier, b.appraisal_grade) IS DISTINCT FROM (n.tier, n.grade);
    RETURN NULL;
END
$$;

-- Not SECURITY DEFINER: it must see who writes.
CREATE FUNCTION gis.refuse_tier() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_user <> 'gis_keeper' THEN
        RAISE EXCEPTION 'hazard_tier and appraisal_grade follow gis.judgement; add a judgement'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- Rights of the keeper: these two columns, by these two functions.
CREATE POLICY keeper_reads ON gis.building FOR SELECT TO gis_keeper USING (true);
CREATE POLICY keeper_keeps ON gis.building FOR UPDATE TO gis_keeper USING (true);
CREATE POLICY keeper ON gis.deployment FOR SELECT TO gis_keeper USING (true);

CREATE TRIGGER keep_judgements AFTER INSERT ON gis.judgement REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION gis.keep_judgements();
CREATE TRIGGER tier_on_insert BEFORE INSERT ON gis.building FOR EACH ROW
    WHEN (NEW.hazard_tier <> 'unjudged' OR NEW.appraisal_grade <> 'unknown') EXECUTE FUNCTION gis.refuse_tier();
CREATE TRIGGER tier_on_update BEFORE UPDATE ON gis.building FOR EACH ROW
    WHEN (NEW.hazard_tier IS DISTINCT FROM OLD.hazard_tier OR NEW.appraisal_grade IS DISTINCT FROM OLD.appraisal_grade)
    EXECUTE FUNCTION gis.refuse_tier();

-- Who sees and adds what -------------------------------------------------------------------------------------------

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['code', 'import_row', 'round', 'round_deadline', 'institution', 'judgement',
                                'judgement_confirmation'] LOOP
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['code', 'round', 'round_deadline', 'institution'] LOOP
        EXECUTE format(
            'CREATE POLICY everybody ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, '
            'gis_auditor, gis_department, gis_township, gis_village USING (true)', name);
        EXECUTE format('CREATE POLICY add ON gis.%I FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true)', name);
    END LOOP;
    -- An account of a place adds an institution by the report that it enters.
    CREATE POLICY report ON gis.institution FOR INSERT TO gis_township WITH CHECK (NOT listed);
    CREATE POLICY close ON gis.round FOR UPDATE TO gis_administrator, gis_planner USING (closed_on IS NULL) WITH CHECK (true);
    FOREACH name IN ARRAY ARRAY['judgement', 'import_row'] LOOP
        EXECUTE format(
            'CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor '
            'USING (true)', name);
        EXECUTE format(
            'CREATE POLICY house ON gis.%1$I FOR SELECT TO gis_department, gis_township, gis_village USING '
            '(EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_id))', name);
    END LOOP;
END
$$;
CREATE POLICY keeper ON gis.judgement FOR SELECT TO gis_keeper USING (true);
CREATE POLICY judge ON gis.judgement FOR INSERT TO gis_administrator, gis_planner WITH CHECK (true);
CREATE POLICY judge_own ON gis.judgement FOR INSERT TO gis_township
    WITH CHECK (EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = judgement.building_id));
CREATE POLICY house ON gis.judgement_confirmation FOR SELECT TO
    gis_administrator, gis_planner, gis_fire, gis_auditor, gis_department, gis_township, gis_village
    USING (EXISTS (SELECT FROM gis.judgement AS j WHERE j.judgement_id = judgement_confirmation.judgement_id));
CREATE POLICY confirm ON gis.judgement_confirmation FOR INSERT TO gis_township
    WITH CHECK (EXISTS (SELECT FROM gis.judgement AS j WHERE j.judgement_id = judgement_confirmation.judgement_id
                        AND j.account IS DISTINCT FROM (SELECT gis.asker('account'))));

-- Row security of houses goes by the reporting unit; what follows from houses carries units where it carried townships.
DROP POLICY township ON gis.building;
CREATE POLICY township ON gis.building FOR SELECT TO gis_township
    USING (unit_code = (SELECT gis.asker('place')));

WITH unit AS (
    SELECT d.run_id, d.cluster_id, array_agg(b.unit_code ORDER BY b.houses DESC, b.unit_code) AS codes
    FROM (SELECT DISTINCT run_id, cluster_id FROM gis.building_density WHERE cluster_id IS NOT NULL) AS d
    CROSS JOIN LATERAL (
        SELECT h.unit_code, count(*) AS houses FROM gis.building_density AS m JOIN gis.building AS h USING (building_id)
        WHERE m.run_id = d.run_id AND m.cluster_id = d.cluster_id AND h.unit_code IS NOT NULL GROUP BY 1) AS b
    WHERE EXISTS (SELECT FROM gis.building WHERE unit_source IS NOT NULL)
    GROUP BY 1, 2
)
UPDATE gis.cluster AS c SET township_codes = u.codes
FROM unit AS u WHERE u.run_id = c.run_id AND u.cluster_id = c.cluster_id AND c.township_codes IS DISTINCT FROM u.codes;
WITH unit AS (
    SELECT a.fid, array_agg(DISTINCT p.code) AS codes
    FROM gis.alley AS a
    CROSS JOIN LATERAL (
        SELECT b.unit_code AS code FROM gis.building AS b WHERE ST_DWithin(b.geom, a.geom, 2.1)
        UNION SELECT unnest(c.township_codes) FROM gis.cluster AS c WHERE c.run_id = a.run_id AND c.cluster_id = a.cluster_id
    ) AS p
    WHERE p.code IS NOT NULL AND EXISTS (SELECT FROM gis.building WHERE unit_source IS NOT NULL)
    GROUP BY 1
)
UPDATE gis.alley AS a SET township_codes = u.codes FROM unit AS u
WHERE u.fid = a.fid AND a.township_codes IS DISTINCT FROM u.codes;

-- A unit that is no division has the code that the county gives it.
ALTER TABLE gis.account DROP CONSTRAINT account_check;
ALTER TABLE gis.account ADD CONSTRAINT account_place_check
    CHECK (CASE role WHEN 'township' THEN coalesce(place ~ '^([0-9]{9}|[0-9]{0,11}[A-Z][0-9A-Z]{0,11})$', false)
                     WHEN 'village' THEN coalesce(place ~ '^[0-9]{12}$', false)
                     ELSE place IS NULL END);

-- What people are told ----------------------------------------------------------------------------------------------

DROP VIEW gis.house_card;
CREATE VIEW gis.house_card WITH (security_invoker = true) AS
SELECT b.building_id, b.name, b.address, b.township_code, b.village_code, coalesce(u.name, t.name) AS township, v.name AS village,
       b.floors, b.height_m, b.people, b.structure, b.use_class, b.business_uses, b.hazard_tier, b.appraisal_grade,
       b.simulated, ST_AsBinary(b.geom) AS geom, b.unit_code, u.name AS unit, b.removed_on
FROM gis.building AS b
LEFT JOIN gis.admin_area AS t ON t.code = b.township_code
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code;

-- What an analysis sees: no house that is gone; of places the reporting unit (the digest of most houses stays as it was).
CREATE OR REPLACE VIEW gis.analysable WITH (security_invoker = true) AS
SELECT 'building' AS kind, building_id AS id,
       hashtextextended(ROW(floors, height_m, structure, fire_class, hazard_tier, use_class, unit_code,
                            village_code, departments, geom)::text, 0) AS digest,
       ST_XMin(geom) AS west, ST_YMin(geom) AS south, ST_XMax(geom) AS east, ST_YMax(geom) AS north
FROM gis.building WHERE removed_on IS NULL
UNION ALL
SELECT 'road', road_id, hashtextextended(ROW(geom)::text, 0),
       ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
FROM gis.road
UNION ALL
SELECT 'hydrant', hydrant_id, hashtextextended(ROW(kind, geom)::text, 0),
       ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
FROM gis.hydrant;

CREATE VIEW gis.judgement_in_force WITH (security_invoker = true) AS
SELECT DISTINCT ON (j.building_id, j.kind) j.*
FROM gis.judgement AS j
WHERE NOT EXISTS (SELECT FROM gis.judgement AS s WHERE s.supersedes = j.judgement_id)
ORDER BY j.building_id, j.kind, j.judged_on DESC, j.recorded_at DESC, j.judgement_id DESC;
