-- Cases: one hazard of one house on its way from being found to being struck off (销号).
--
-- The write is an event, and events are only added. What a case is (its state, deadline, open submission) is kept from its
-- events by a function of gis_keeper, which nobody can be; another trigger refuses every other hand, the owner's and the
-- superuser's too. Which kind of event may follow which state, who may enter it, what it must say and what must be so
-- stands in one table, gis.case_rule: the database goes by it, and so do the service, its pages and its documents.
-- A refusal is raised with the state GC001, a code and its facts; the sentences are the service's (cases/refusals.py).

SET LOCAL ROLE gis_owner;

-- Photographs ------------------------------------------------------------------------------------------------------

-- The file lies in the data folder under its hash; the row says of which house it is, and so who may see it.
CREATE TABLE gis.attachment (
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    building_id text NOT NULL REFERENCES gis.building (building_id),
    media text NOT NULL CHECK (media IN ('image/jpeg', 'image/png', 'image/webp')),
    bytes integer NOT NULL CHECK (bytes > 0),
    width integer NOT NULL CHECK (width > 0),
    height integer NOT NULL CHECK (height > 0),
    account text DEFAULT gis.asker('account'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (sha256, building_id)
);
CREATE INDEX attachment_building ON gis.attachment (building_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.attachment
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();

-- The rules --------------------------------------------------------------------------------------------------------

CREATE TABLE gis.case_rule (
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    -- What the event is about: a kind of case, measure, notice, basis; empty where its kind says all.
    what text NOT NULL DEFAULT '' CHECK (what ~ '^[A-Za-z0-9_]{0,40}$'),
    position smallint NOT NULL,
    zh text NOT NULL CHECK (zh <> ''),
    en text NOT NULL CHECK (en <> ''),
    -- Of measures: control, works, enforcement.
    class text CHECK (class IN ('control', 'works', 'enforcement')),
    from_state text[] NOT NULL CHECK (from_state <@ ARRAY['pending', 'in_progress', 'accepted', 'cleared']),
    to_state text CHECK (to_state IN ('pending', 'in_progress', 'accepted', 'cleared')),
    roles text[] NOT NULL,
    needs text[] NOT NULL DEFAULT '{}',
    takes text[] NOT NULL DEFAULT '{}',
    checks text[] NOT NULL DEFAULT '{}',
    clause text,
    PRIMARY KEY (kind, what)
);
INSERT INTO gis.case_rule (kind, what, position, zh, en, class, from_state, to_state, roles, needs, takes, checks, clause)
SELECT v.kind, v.what, row_number() OVER (), v.zh, v.en, v.class, v.from_state::text[], v.to_state, v.roles::text[],
       v.needs::text[], v.takes::text[], v.checks::text[], v.clause
FROM (VALUES
    -- Opened by a judgement of itself; by hand where somebody finds another hazard.
    ('open', 'structure', '结构安全', 'structure', NULL, '{}', 'pending', '{administrator,township}', '{reason}', '{evidence}', '{}', '东兰方案 二(三)'),
    ('open', 'fire', '消防安全', 'fire', NULL, '{}', 'pending', '{administrator,fire}', '{reason}', '{evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('open', 'geohazard', '地质灾害', 'geohazard', NULL, '{}', 'pending', '{administrator,township,department}', '{reason}', '{evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('open', 'legality', '合法合规', 'legality', NULL, '{}', 'pending', '{administrator,township,department}', '{reason}', '{evidence}', '{}', '融政规〔2022〕6号 二(四)3'),
    ('open', 'operation', '经营安全', 'operation', NULL, '{}', 'pending', '{administrator,township,department}', '{reason}', '{evidence}', '{}', '融政规〔2022〕6号 二(四)2'),
    ('plan', '', '一栋一策方案', 'plan of rectification', NULL, '{pending,in_progress}', NULL, '{administrator,township}',
     '{reason,responsible,until,fenced}', '{no_fence_reason,no_appraisal_reason,evidence,begins_on}', '{within,fence,appraisal}', '东兰方案 二(三)'),
    ('file', '', '方案备案', 'plan filed', NULL, '{pending,in_progress}', NULL, '{administrator,planner}', '{number}', '{reason}', '{planned}', '东兰方案 二(三)'),
    ('start', '', '开始整治', 'work begins', NULL, '{pending}', 'in_progress', '{administrator,township}', '{}', '{reason,responsible,contractor,cost_10k,funding,evidence}', '{unsubmitted}', '东兰方案 二(三)'),
    ('measure', 'stop_use', '停止使用', 'stop of use', 'control', '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{scope}', '{until,responsible,reason,resume_on,evidence}', '{}', '东兰方案 二(二)'),
    ('measure', 'restrict_use', '限制用途', 'restricted use', 'control', '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{scope}', '{until,responsible,reason,evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('measure', 'cordon', '封控警示', 'cordon', 'control', '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{scope}', '{until,responsible,reason,signs,patrol_days,evidence}', '{}', '东兰方案 二(三)'),
    ('measure', 'evacuate', '人员撤离', 'evacuation', 'control', '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{people,lodging}', '{around,until,responsible,reason,evidence}', '{}', '东兰方案 二(二)'),
    ('measure', 'monitor', '持续监控', 'monitoring', 'control', '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{patrol_days}', '{device,until,responsible,reason,evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('measure', 'seal', '临时查封', 'seal', 'control', '{pending,in_progress,accepted}', NULL, '{administrator,fire}', '{scope,number}', '{until,reason,evidence}', '{}', '融政规〔2022〕6号 二(一)3(3)'),
    ('measure', 'reinforce', '维修加固', 'reinforcement', 'works', '{in_progress}', NULL, '{administrator,township}', '{scope}', '{until,responsible,reason,contractor,cost_10k,funding,evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('measure', 'demolish_rebuild', '拆除重建', 'demolition and rebuilding', 'works', '{in_progress}', NULL, '{administrator,township}', '{scope}', '{until,responsible,reason,contractor,cost_10k,funding,evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('measure', 'geohazard_works', '地质灾害治理', 'works against the ground', 'works', '{in_progress}', NULL, '{administrator,township}', '{scope}', '{until,responsible,reason,contractor,cost_10k,funding,evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('measure', 'relocate', '避让搬迁', 'relocation', 'works', '{in_progress}', NULL, '{administrator,township}', '{people,lodging}', '{until,responsible,reason,funding,evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('measure', 'order_rectify', '责令限期整改', 'order to rectify', 'enforcement', '{pending,in_progress}', NULL, '{administrator,fire}', '{until,number}', '{scope,reason,evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('measure', 'enforce_demolish_all', '违建全部拆除', 'unlawful building, all demolished', 'enforcement', '{pending,in_progress}', NULL, '{administrator,township,department}', '{scope}', '{until,number,reason,evidence}', '{}', '融政规〔2022〕6号 二(四)3'),
    ('measure', 'enforce_demolish_part', '违建部分拆除', 'unlawful building, part demolished', 'enforcement', '{pending,in_progress}', NULL, '{administrator,township,department}', '{scope}', '{until,number,reason,evidence}', '{}', '融政规〔2022〕6号 二(四)3'),
    ('measure', 'regularise', '补办手续', 'papers made up for', 'enforcement', '{pending,in_progress}', NULL, '{administrator,township,department}', '{scope}', '{until,number,reason,evidence}', '{}', '融政规〔2022〕6号 二(四)3'),
    ('measure', 'fine', '罚款', 'fine', 'enforcement', '{pending,in_progress}', NULL, '{administrator,department}', '{number}', '{cost_10k,until,reason,evidence}', '{}', '融政规〔2022〕6号 二(四)3'),
    ('measure', 'confiscate', '没收', 'confiscation', 'enforcement', '{pending,in_progress}', NULL, '{administrator,department}', '{number}', '{scope,until,reason,evidence}', '{}', '融政规〔2022〕6号 二(四)3'),
    ('measure_end', '', '措施结束', 'measure ends', NULL, '{pending,in_progress,accepted,cleared}', NULL, '{administrator,township,fire,department}', '{refers}', '{reason,effect,evidence}', '{measure}', NULL),
    ('notice', 'appraise', '鉴定通知', 'notice to appraise', NULL, '{pending,in_progress}', NULL, '{administrator,department,township}', '{number,until}', '{reason,evidence}', '{}', '东兰方案 二(二)'),
    ('notice', 'stop_use', '停止使用通知', 'notice to stop use', NULL, '{pending,in_progress}', NULL, '{administrator,department,township}', '{number}', '{until,reason,evidence}', '{}', '东兰方案 二(二)'),
    ('notice', 'rectify', '整改通知', 'notice to rectify', NULL, '{pending,in_progress}', NULL, '{administrator,department,township}', '{number,until}', '{reason,evidence}', '{}', '东兰方案 二(三)'),
    ('stop_business', '', '停止经营', 'stop of business', 'control', '{pending,in_progress}', NULL, '{administrator,township,department}', '{with_unit}', '{scope,until,responsible,reason,evidence}', '{running}', '融政规〔2022〕6号 二(二)3(4)'),
    ('check_business', 'closed', '停业检查：未营业', 'found closed', NULL, '{pending,in_progress,accepted}', NULL, '{administrator,township,department}', '{}', '{reason,evidence}', '{stopped}', '融政规〔2022〕6号 二(二)3(5)'),
    ('check_business', 'open', '停业检查：仍在营业', 'found open', NULL, '{pending,in_progress,accepted}', NULL, '{administrator,township,department}', '{reason}', '{evidence}', '{stopped}', '融政规〔2022〕6号 二(二)3(5)'),
    ('resume_business', '', '恢复经营', 'business resumes', NULL, '{accepted,cleared}', NULL, '{administrator,township,department}', '{with_unit}', '{reason,evidence}', '{resumes,passed}', '融政规〔2022〕6号 二(二)3(4)'),
    ('ask_extension', '', '申请延期', 'extension asked', NULL, '{pending,in_progress}', NULL, '{administrator,township}', '{until,reason}', '{evidence}', '{later}', NULL),
    ('grant_extension', '', '批准延期', 'extension granted', NULL, '{pending,in_progress}', NULL, '{administrator,planner}', '{refers}', '{reason,until}', '{asked}', NULL),
    ('memo', '', '一事一议', 'memo of a special case', NULL, '{pending,in_progress,accepted}', NULL, '{administrator,planner}', '{reason}', '{number,evidence}', '{}', '融政规〔2022〕6号 二(三)2'),
    ('stage_acceptance', '', '阶段性验收', 'acceptance of a stage', NULL, '{in_progress}', NULL, '{administrator,township}', '{reason}', '{evidence}', '{}', NULL),
    ('submit_acceptance', '', '提交验收', 'submitted for acceptance', NULL, '{in_progress}', NULL, '{administrator,township}', '{responsible}', '{reason,evidence}', '{unsubmitted,reviewer}', '融政规〔2022〕6号 二(三)1'),
    ('approve_acceptance', '', '验收通过', 'accepted', NULL, '{in_progress}', 'accepted', '{administrator,planner,township,department}', '{}', '{reason,evidence}', '{acceptance}', '融政规〔2022〕6号 二(三)1'),
    ('return_to_work', '', '退回整治', 'back to work', NULL, '{accepted}', 'in_progress', '{administrator,planner,township}', '{reason}', '{evidence}', '{unsubmitted}', NULL),
    ('submit_clearance', 'works', '整治完成', 'works accepted', NULL, '{accepted}', NULL, '{administrator,township}', '{record_changes,evidence}', '{reason}', '{unsubmitted,photographs}', '东兰方案 二(三)'),
    ('submit_clearance', 'demolished', '房屋已拆除', 'demolished', NULL, '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{removed_on,evidence}', '{reason}', '{unsubmitted,gone}', '东兰方案 二(三)'),
    ('submit_clearance', 'appraisal', '鉴定 A 或 B 级', 'appraised A or B', NULL, '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{record_changes}', '{reason,evidence}', '{unsubmitted,passed}', '东兰方案 二(二)'),
    ('submit_clearance', 'moved_away', '避让搬迁完毕', 'moved away', NULL, '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{reason,record_changes,evidence}', '{}', '{unsubmitted}', '融政规〔2022〕6号 二(三)2'),
    ('submit_clearance', 'duplicate', '重复录入', 'a duplicate', NULL, '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{reason,record_changes}', '{evidence}', '{unsubmitted,reviewed}', '东兰方案 二(一)'),
    ('submit_clearance', 'wrong_entry', '误录', 'a wrong entry', NULL, '{pending,in_progress,accepted}', NULL, '{administrator,township}', '{reason,record_changes}', '{evidence}', '{unsubmitted,reviewed}', '东兰方案 二(一)'),
    ('approve_clearance', '', '同意销号', 'struck off', NULL, '{pending,in_progress,accepted}', 'cleared', '{administrator,planner}', '{}', '{reason}', '{clearance}', '东兰方案 二(三)'),
    ('return', '', '退回', 'returned', NULL, '{pending,in_progress,accepted}', NULL, '{administrator,planner,township,department}', '{reason}', '{}', '{submission}', NULL),
    ('correct', '', '更正', 'correction', NULL, '{pending,in_progress,accepted,cleared}', NULL, '{administrator,planner,fire,township,department}', '{refers,reason}', '{evidence}', '{event}', NULL)
) AS v (kind, what, zh, en, class, from_state, to_state, roles, needs, takes, checks, clause);

-- Which tiers and uses need which control, and within how many days of the case's opening.
CREATE TABLE gis.control_rule (
    tier text NOT NULL CHECK (tier IN ('severe', 'some')),
    use_class text NOT NULL CHECK (use_class IN ('commercial', 'mixed', 'other')),
    measure text NOT NULL,
    days smallint NOT NULL CHECK (days >= 0),
    note text,
    clause text,
    PRIMARY KEY (tier, use_class, measure)
);
INSERT INTO gis.control_rule (tier, use_class, measure, days, note, clause)
SELECT t.tier, u.use_class, m.measure, 0, m.note, m.clause
FROM (VALUES ('severe'), ('some')) AS t (tier)
CROSS JOIN (VALUES ('commercial'), ('mixed'), ('other')) AS u (use_class)
JOIN (VALUES
    ('severe', true, 'stop_use', NULL, '东兰方案 二(二)'), ('some', true, 'stop_use', NULL, '东兰方案 二(二)'),
    ('severe', true, 'evacuate', '含周边群众', '东兰方案 二(二)；融政规〔2022〕6号 二(一)3(3)'),
    ('some', true, 'evacuate', NULL, '东兰方案 二(二)'),
    ('severe', true, 'cordon', NULL, '东兰方案 二(三)'),
    ('severe', false, 'stop_use', NULL, '东兰方案 二(三)'),
    ('severe', false, 'evacuate', '含周边群众', '融政规〔2022〕6号 二(一)3(3)'),
    ('severe', false, 'cordon', NULL, '东兰方案 二(三)')
) AS m (tier, operating, measure, note, clause) ON m.tier = t.tier AND m.operating = (u.use_class <> 'other');

-- Cases and events -------------------------------------------------------------------------------------------------

CREATE TABLE gis.case (
    case_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    building_id text NOT NULL REFERENCES gis.building (building_id),
    round_id bigint REFERENCES gis.round,
    kind text NOT NULL CHECK (kind IN ('structure', 'fire', 'geohazard', 'legality', 'operation')),
    -- The case before, where a hazard came back (先销号后新增).
    reopens bigint REFERENCES gis.case,
    state text NOT NULL CHECK (state IN ('pending', 'in_progress', 'accepted', 'cleared')),
    deadline date,
    responsible text,
    opened_on date NOT NULL,
    moved_on date NOT NULL,
    seq integer NOT NULL CHECK (seq >= 1),
    -- The event that waits for its review.
    submission bigint,
    -- On what it was struck off.
    basis text,
    CHECK ((basis IS NOT NULL) = (state = 'cleared'))
);
CREATE INDEX case_building ON gis.case (building_id);
CREATE UNIQUE INDEX case_open ON gis.case (building_id, kind) WHERE state <> 'cleared';
-- The order of the ledger: what is done comes last, the nearest deadline first.
CREATE INDEX case_due ON gis.case ((state = 'cleared'), (state = 'accepted'), deadline, case_id);

CREATE TABLE gis.case_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES gis.case,
    building_id text NOT NULL REFERENCES gis.building (building_id),
    seq integer NOT NULL,
    kind text NOT NULL,
    what text NOT NULL DEFAULT '',
    from_state text,
    to_state text NOT NULL,
    on_day date NOT NULL DEFAULT gis.today(),
    until date,
    responsible text CHECK (length(responsible) <= 200),
    reason text CHECK (length(reason) <= 2000),
    given jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(given) = 'object'),
    evidence text[] NOT NULL DEFAULT '{}' CHECK (cardinality(evidence) <= 30),
    refers bigint REFERENCES gis.case_event,
    judgement_id bigint REFERENCES gis.judgement,
    account text DEFAULT gis.asker('account'),
    role text NOT NULL DEFAULT current_user,
    place text DEFAULT gis.asker('place'),
    department text DEFAULT gis.asker('department'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (case_id, seq),
    FOREIGN KEY (kind, what) REFERENCES gis.case_rule
);
CREATE INDEX case_event_building ON gis.case_event (building_id);
CREATE INDEX case_event_refers ON gis.case_event (refers) WHERE refers IS NOT NULL;
CREATE INDEX case_event_judgement ON gis.case_event (judgement_id) WHERE judgement_id IS NOT NULL;
CREATE INDEX case_event_kind ON gis.case_event (case_id, kind);
CREATE INDEX case_event_rule ON gis.case_event (kind, what);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gis.case_event
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_change();

-- Measures and notices are events; a measure is over where a later event ends it.
CREATE VIEW gis.measure WITH (security_invoker = true) AS
SELECT m.event_id AS measure_id, m.case_id, m.building_id, coalesce(nullif(m.what, ''), m.kind) AS kind, r.class,
       m.on_day AS began_on, m.until AS planned_end, e.on_day AS ended_on, m.responsible, m.reason, m.given, m.evidence,
       m.account, r.zh, r.en
FROM gis.case_event AS m JOIN gis.case_rule AS r USING (kind, what)
LEFT JOIN gis.case_event AS e ON e.refers = m.event_id AND e.kind IN ('measure_end', 'resume_business')
WHERE m.kind IN ('measure', 'stop_business');

CREATE VIEW gis.notice WITH (security_invoker = true) AS
SELECT n.event_id AS notice_id, n.case_id, n.building_id, n.what AS kind, n.given ->> 'number' AS number,
       n.on_day AS issued_on, n.until AS due_on, n.reason, n.account, n.department, n.place
FROM gis.case_event AS n WHERE n.kind = 'notice';

-- Why a step may not be taken by somebody, whatever it says: a code, or null where it may. For who enters an event and
-- for who is shown what can be done next.
CREATE FUNCTION gis.case_refusal(
    one gis.case, new_kind text, new_what text, by_role text, by_account text, by_place text, by_department text
) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rule gis.case_rule;
    waiting gis.case_event;
BEGIN
    SELECT * INTO rule FROM gis.case_rule AS r WHERE r.kind = new_kind AND r.what = new_what;
    IF NOT FOUND OR new_kind = 'open' THEN
        RETURN 'kind';
    END IF;
    IF replace(by_role, 'gis_', '') <> ALL (rule.roles) AND by_role <> 'gis_owner' THEN
        RETURN 'role';
    END IF;
    IF one.state <> ALL (rule.from_state) THEN
        RETURN 'state';
    END IF;
    SELECT * INTO waiting FROM gis.case_event AS e WHERE e.event_id = one.submission;
    IF 'unsubmitted' = ANY (rule.checks) AND waiting.event_id IS NOT NULL THEN
        RETURN 'submitted';
    END IF;
    IF rule.checks && ARRAY['acceptance', 'clearance', 'submission'] THEN
        IF waiting.event_id IS NULL
           OR 'acceptance' = ANY (rule.checks) AND waiting.kind <> 'submit_acceptance'
           OR 'clearance' = ANY (rule.checks) AND waiting.kind <> 'submit_clearance' THEN
            RETURN 'not_submitted';
        END IF;
        -- Not by the submitter; and who is not known is nobody else.
        IF waiting.account IS NULL OR by_account IS NULL OR waiting.account = by_account THEN
            RETURN 'own';
        END IF;
        IF by_role NOT IN ('gis_administrator', 'gis_owner') AND NOT coalesce(CASE
                WHEN waiting.kind = 'submit_clearance' OR waiting.responsible = 'county' THEN by_role = 'gis_planner'
                WHEN by_role = 'gis_township' THEN waiting.responsible = by_place
                WHEN by_role = 'gis_department' THEN waiting.responsible = by_department END, false) THEN
            RETURN 'named';
        END IF;
    END IF;
    IF 'stopped' = ANY (rule.checks) OR 'resumes' = ANY (rule.checks) THEN
        IF NOT EXISTS (SELECT FROM gis.measure AS m
                       WHERE m.case_id = one.case_id AND m.kind = 'stop_business' AND m.ended_on IS NULL) THEN
            RETURN 'not_stopped';
        END IF;
    ELSIF 'running' = ANY (rule.checks) AND EXISTS (
            SELECT FROM gis.measure AS m
            WHERE m.case_id = one.case_id AND m.kind = 'stop_business' AND m.ended_on IS NULL) THEN
        RETURN 'stopped';
    END IF;
    IF 'measure' = ANY (rule.checks) AND NOT EXISTS (
            SELECT FROM gis.measure AS m
            WHERE m.case_id = one.case_id AND m.kind <> 'stop_business' AND m.ended_on IS NULL) THEN
        RETURN 'no_measure';
    END IF;
    IF 'planned' = ANY (rule.checks) AND NOT EXISTS (
            SELECT FROM gis.case_event AS e WHERE e.case_id = one.case_id AND e.kind = 'plan') THEN
        RETURN 'not_planned';
    END IF;
    IF 'asked' = ANY (rule.checks) AND NOT EXISTS (
            SELECT FROM gis.case_event AS e WHERE e.case_id = one.case_id AND e.kind = 'ask_extension'
            AND NOT EXISTS (SELECT FROM gis.case_event AS g WHERE g.refers = e.event_id AND g.kind = 'grant_extension')) THEN
        RETURN 'not_asked';
    END IF;
    RETURN NULL;
END
$$;

-- What an event says and what must be so for it: a code and its facts, or null where all is well.
CREATE FUNCTION gis.case_fault(one gis.case, house gis.building, rule gis.case_rule, e gis.case_event)
RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing text[];
    stray text[];
    other gis.case_event;
    waiting gis.case_event;
    basis_of text[] := rule.checks;
    appraisal gis.judgement;
BEGIN
    SELECT array_agg(n ORDER BY n) INTO missing FROM unnest(rule.needs) AS n
    WHERE NOT CASE n WHEN 'reason' THEN e.reason IS NOT NULL WHEN 'responsible' THEN e.responsible IS NOT NULL
                     WHEN 'until' THEN e.until IS NOT NULL WHEN 'refers' THEN e.refers IS NOT NULL
                     WHEN 'evidence' THEN cardinality(e.evidence) > 0 ELSE e.given ? n END;
    IF missing IS NOT NULL AND e.judgement_id IS NULL THEN
        RETURN jsonb_build_object('code', 'needs', 'fields', missing);
    END IF;
    SELECT array_agg(k ORDER BY k) INTO stray FROM (
        SELECT jsonb_object_keys(e.given) AS k
        UNION SELECT v.k FROM (VALUES ('reason', e.reason IS NOT NULL), ('responsible', e.responsible IS NOT NULL),
                                      ('until', e.until IS NOT NULL), ('refers', e.refers IS NOT NULL),
                                      ('evidence', cardinality(e.evidence) > 0)) AS v (k, said) WHERE v.said
    ) AS said WHERE k <> ALL (rule.needs || rule.takes);
    -- A resumption says itself which stop it ends.
    IF stray IS NOT NULL AND NOT (e.kind = 'resume_business' AND stray = '{refers}') AND e.judgement_id IS NULL THEN
        RETURN jsonb_build_object('code', 'stray', 'fields', stray);
    END IF;
    IF e.on_day > gis.today() THEN
        RETURN jsonb_build_object('code', 'future', 'day', e.on_day, 'today', gis.today());
    END IF;
    IF e.on_day < one.opened_on THEN
        RETURN jsonb_build_object('code', 'before', 'day', e.on_day, 'opened', one.opened_on);
    END IF;
    IF rule.to_state IS NOT NULL AND e.on_day < one.moved_on THEN
        RETURN jsonb_build_object('code', 'order', 'day', e.on_day, 'moved', one.moved_on);
    END IF;
    IF e.until < e.on_day THEN
        RETURN jsonb_build_object('code', 'until', 'until', e.until, 'day', e.on_day);
    END IF;
    IF EXISTS (SELECT FROM unnest(e.evidence) AS s (sha256) WHERE NOT EXISTS (
            SELECT FROM gis.attachment AS a WHERE a.sha256 = s.sha256 AND a.building_id = one.building_id)) THEN
        RETURN jsonb_build_object('code', 'evidence');
    END IF;
    SELECT * INTO other FROM gis.case_event AS o WHERE o.event_id = e.refers AND o.case_id = one.case_id;
    IF e.refers IS NOT NULL AND other.event_id IS NULL
       OR 'measure' = ANY (rule.checks) AND other.kind <> 'measure'
       OR 'asked' = ANY (rule.checks) AND other.kind <> 'ask_extension' THEN
        RETURN jsonb_build_object('code', 'refers', 'refers', e.refers);
    END IF;
    IF rule.checks && ARRAY['measure', 'asked'] THEN
        IF EXISTS (SELECT FROM gis.case_event AS o WHERE o.refers = e.refers AND o.kind = e.kind) THEN
            RETURN jsonb_build_object('code', 'over', 'refers', e.refers);
        END IF;
        IF e.on_day < other.on_day THEN
            RETURN jsonb_build_object('code', 'before', 'day', e.on_day, 'opened', other.on_day);
        END IF;
    END IF;
    IF 'within' = ANY (rule.checks) AND e.until > one.deadline THEN
        RETURN jsonb_build_object('code', 'deadline', 'until', e.until, 'deadline', one.deadline);
    END IF;
    IF 'later' = ANY (rule.checks) AND e.until <= one.deadline THEN
        RETURN jsonb_build_object('code', 'earlier', 'until', e.until, 'deadline', one.deadline);
    END IF;
    IF 'fence' = ANY (rule.checks) AND e.given ->> 'fenced' = 'false' AND NOT e.given ? 'no_fence_reason' THEN
        RETURN jsonb_build_object('code', 'needs', 'fields', ARRAY['no_fence_reason']);
    END IF;
    IF 'appraisal' = ANY (rule.checks) AND one.kind = 'structure' AND NOT e.given ? 'no_appraisal_reason'
       AND NOT EXISTS (SELECT FROM gis.in_force(one.building_id, '{appraisal}') AS j WHERE j.grade <> 'unknown') THEN
        RETURN jsonb_build_object('code', 'needs', 'fields', ARRAY['no_appraisal_reason']);
    END IF;
    IF 'reviewer' = ANY (rule.checks) AND e.responsible <> 'county' AND e.responsible IS DISTINCT FROM house.unit_code
       AND e.responsible <> ALL (house.departments) THEN
        RETURN jsonb_build_object('code', 'reviewer', 'named', e.responsible,
                                  'allowed', ARRAY['county', house.unit_code] || house.departments);
    END IF;
    -- What a clearance stands on must be so when it is submitted, and still when it is approved.
    SELECT * INTO waiting FROM gis.case_event AS s WHERE s.event_id = one.submission;
    IF 'clearance' = ANY (rule.checks) THEN
        SELECT r.checks INTO basis_of FROM gis.case_rule AS r WHERE (r.kind, r.what) = (waiting.kind, waiting.what);
        IF one.state <> ALL ((SELECT r.from_state FROM gis.case_rule AS r
                              WHERE (r.kind, r.what) = (waiting.kind, waiting.what))::text[]) THEN
            RETURN jsonb_build_object('code', 'state');
        END IF;
    ELSE
        waiting := e;
    END IF;
    IF 'photographs' = ANY (basis_of) AND (SELECT count(DISTINCT p) FROM unnest(waiting.evidence) AS p) < 2 THEN
        RETURN jsonb_build_object('code', 'photographs', 'have', (SELECT count(DISTINCT p) FROM unnest(waiting.evidence) AS p));
    END IF;
    IF 'gone' = ANY (basis_of) AND (waiting.given ->> 'removed_on')::date > e.on_day THEN
        RETURN jsonb_build_object('code', 'gone', 'removed', waiting.given ->> 'removed_on', 'day', e.on_day);
    END IF;
    IF 'passed' = ANY (basis_of) THEN
        SELECT * INTO appraisal FROM gis.in_force(one.building_id, '{appraisal}') AS j;
        IF appraisal.grade IS NULL OR appraisal.grade NOT IN ('A', 'B') OR appraisal.judged_on < one.opened_on
           OR appraisal.judged_on < house.altered_on
           OR house.altered_on IS NULL AND cardinality(house.alterations) > 0 THEN
            RETURN jsonb_build_object('code', 'passed', 'opened', one.opened_on);
        END IF;
    END IF;
    IF 'reviewed' = ANY (basis_of) AND NOT EXISTS (
            SELECT FROM gis.in_force(one.building_id, '{review}') AS j WHERE j.judged_on >= one.opened_on
            AND j.tier <> 'unjudged') THEN
        RETURN jsonb_build_object('code', 'reviewed', 'opened', one.opened_on);
    END IF;
    RETURN NULL;
END
$$;

-- Given to the keeper in grants.sql: enters a step or refuses it, and keeps the case as its events say.
CREATE FUNCTION gis.keep_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one gis.case;
    house gis.building;
    rule gis.case_rule;
    waiting gis.case_event;
    refused text;
    fault jsonb;
BEGIN
    NEW.what := coalesce(NEW.what, '');
    SELECT * INTO rule FROM gis.case_rule AS r WHERE r.kind = NEW.kind AND r.what = NEW.what;
    IF rule.kind IS NULL THEN
        RAISE EXCEPTION 'kind' USING ERRCODE = 'GC001', DETAIL = '{"code": "kind"}';
    END IF;
    IF NEW.kind <> 'open' THEN
        -- Two at a time wait for each other here, and the second sees what the first did.
        SELECT * INTO one FROM gis.case AS c WHERE c.case_id = NEW.case_id FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'case' USING ERRCODE = 'GC001', DETAIL = '{"code": "case"}';
        END IF;
        NEW.building_id := one.building_id;
    END IF;
    SELECT * INTO house FROM gis.building AS b WHERE b.building_id = NEW.building_id;
    IF house.building_id IS NULL THEN
        RAISE EXCEPTION 'house' USING ERRCODE = 'GC001', DETAIL = '{"code": "house"}';
    END IF;
    IF NEW.kind = 'open' THEN
        -- A judgement opens of itself, by whomever it was entered.
        IF replace(NEW.role, 'gis_', '') <> ALL (rule.roles) AND NEW.role NOT IN ('gis_keeper', 'gis_owner') THEN
            refused := 'role';
        ELSIF house.removed_on <= NEW.on_day THEN
            refused := 'removed';
        ELSIF EXISTS (SELECT FROM gis.case AS c WHERE c.building_id = NEW.building_id AND c.kind = NEW.what
                      AND c.state <> 'cleared') THEN
            refused := 'exists';
        END IF;
        one.case_id := nextval(pg_get_serial_sequence('gis.case', 'case_id'));
        one.building_id := NEW.building_id;
        one.opened_on := NEW.on_day;
        one.moved_on := NEW.on_day;
        one.kind := NEW.what;
    ELSE
        refused := gis.case_refusal(one, NEW.kind, NEW.what, NEW.role, NEW.account, NEW.place, NEW.department);
        IF NEW.kind = 'resume_business' THEN
            NEW.refers := (SELECT m.measure_id FROM gis.measure AS m
                           WHERE m.case_id = one.case_id AND m.kind = 'stop_business' AND m.ended_on IS NULL);
        END IF;
    END IF;
    IF refused IS NULL THEN
        fault := gis.case_fault(one, house, rule, NEW);
    ELSE
        fault := jsonb_build_object('code', refused);
    END IF;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION '%', fault ->> 'code' USING ERRCODE = 'GC001', DETAIL = fault::text;
    END IF;

    NEW.case_id := one.case_id;
    NEW.from_state := one.state;
    NEW.to_state := coalesce(rule.to_state, one.state);
    NEW.seq := coalesce(one.seq, 0) + 1;
    IF NEW.kind = 'open' THEN
        INSERT INTO gis.case (case_id, building_id, round_id, kind, reopens, state, deadline, opened_on, moved_on, seq)
        OVERRIDING SYSTEM VALUE
        SELECT one.case_id, NEW.building_id,
               (SELECT r.round_id FROM gis.round AS r
                WHERE NEW.on_day BETWEEN r.first_day AND coalesce(r.closed_on, r.last_day, 'infinity')
                  AND gis.meets(r.filter, house.use_class, house.unit_code, house.hazard_tier)
                ORDER BY r.first_day DESC, r.round_id DESC LIMIT 1),
               NEW.what,
               (SELECT max(c.case_id) FROM gis.case AS c WHERE c.building_id = NEW.building_id AND c.kind = NEW.what),
               'pending',
               (SELECT min(d.due_on) FROM gis.round_deadline AS d JOIN gis.round AS r USING (round_id)
                WHERE d.step = 'rectify' AND d.due_on >= NEW.on_day
                  AND gis.meets(r.filter, house.use_class, house.unit_code, house.hazard_tier)
                  AND gis.meets(d.filter, house.use_class, house.unit_code, house.hazard_tier)),
               NEW.on_day, NEW.on_day, 1;
        RETURN NEW;
    END IF;
    SELECT * INTO waiting FROM gis.case_event AS e WHERE e.event_id = one.submission;
    UPDATE gis.case AS c SET
        seq = NEW.seq,
        state = NEW.to_state,
        moved_on = CASE WHEN rule.to_state IS NULL THEN c.moved_on ELSE NEW.on_day END,
        submission = CASE WHEN NEW.kind IN ('submit_acceptance', 'submit_clearance') THEN NEW.event_id
                          WHEN NEW.kind IN ('approve_acceptance', 'approve_clearance', 'return') THEN NULL
                          ELSE c.submission END,
        deadline = CASE NEW.kind WHEN 'plan' THEN NEW.until
                                 WHEN 'grant_extension' THEN coalesce(NEW.until, (
                                     SELECT a.until FROM gis.case_event AS a WHERE a.event_id = NEW.refers))
                                 ELSE c.deadline END,
        responsible = CASE NEW.kind WHEN 'plan' THEN NEW.responsible ELSE c.responsible END,
        basis = CASE NEW.kind WHEN 'approve_clearance' THEN waiting.what ELSE c.basis END
    WHERE c.case_id = one.case_id;
    IF NEW.kind = 'approve_clearance' AND waiting.what = 'demolished' THEN
        UPDATE gis.building AS b SET removed_on = (waiting.given ->> 'removed_on')::date
        WHERE b.building_id = NEW.building_id AND b.removed_on IS NULL;
    END IF;
    RETURN NEW;
END
$$;

-- Given to the keeper: a judgement that finds a hazard opens a case, unless one is open or was cleared since.
CREATE FUNCTION gis.open_cases() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO gis.case_event (building_id, kind, what, on_day, judgement_id)
    SELECT DISTINCT ON (a.building_id) a.building_id, 'open', 'structure', a.judged_on, a.judgement_id
    FROM added AS a JOIN gis.building AS b USING (building_id)
    CROSS JOIN LATERAL gis.in_force(
        a.building_id, CASE a.kind WHEN 'appraisal' THEN '{appraisal}'::text[] ELSE '{preliminary,review}' END) AS f
    WHERE (a.tier IN ('severe', 'some') OR a.grade IN ('C', 'D')) AND f.judgement_id = a.judgement_id
      AND (b.removed_on IS NULL OR b.removed_on > a.judged_on)
      AND NOT EXISTS (SELECT FROM gis.case AS c WHERE c.building_id = a.building_id AND c.kind = 'structure'
                      AND (c.state <> 'cleared' OR c.moved_on > a.judged_on))
    ORDER BY a.building_id, a.judged_on, a.judgement_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER keep_case BEFORE INSERT ON gis.case_event FOR EACH ROW EXECUTE FUNCTION gis.keep_case();
CREATE TRIGGER open_cases AFTER INSERT ON gis.judgement REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION gis.open_cases();

-- Who sees and adds what -------------------------------------------------------------------------------------------

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['attachment', 'case_rule', 'control_rule', 'case', 'case_event'] LOOP
        EXECUTE format('ALTER TABLE gis.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON gis.%I TO gis_owner USING (true) WITH CHECK (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['case_rule', 'control_rule'] LOOP
        EXECUTE format(
            'CREATE POLICY everybody ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor, '
            'gis_department, gis_township, gis_village USING (true)', name);
        EXECUTE format('CREATE POLICY set ON gis.%I FOR UPDATE TO gis_administrator USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY add ON gis.%I FOR INSERT TO gis_administrator WITH CHECK (true)', name);
    END LOOP;
    CREATE POLICY remove ON gis.control_rule FOR DELETE TO gis_administrator USING (true);
    FOREACH name IN ARRAY ARRAY['attachment', 'case', 'case_event'] LOOP
        EXECUTE format(
            'CREATE POLICY county ON gis.%I FOR SELECT TO gis_administrator, gis_planner, gis_fire, gis_auditor '
            'USING (true)', name);
        EXECUTE format(
            'CREATE POLICY house ON gis.%1$I FOR SELECT TO gis_department, gis_township, gis_village USING '
            '(EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_id))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['attachment', 'case_event'] LOOP
        EXECUTE format(
            'CREATE POLICY add ON gis.%I FOR INSERT TO gis_administrator, gis_planner, gis_fire WITH CHECK (true)', name);
        -- A village takes photographs, and has no step of a case (sql/grants.sql).
        EXECUTE format(
            'CREATE POLICY add_own ON gis.%1$I FOR INSERT TO gis_department, gis_township, gis_village WITH CHECK '
            '(EXISTS (SELECT FROM gis.building AS b WHERE b.building_id = %1$I.building_id))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['attachment', 'case_rule', 'control_rule', 'case', 'case_event', 'round', 'round_deadline'] LOOP
        EXECUTE format('CREATE POLICY keeper ON gis.%I FOR SELECT TO gis_keeper USING (true)', name);
    END LOOP;
END
$$;
CREATE POLICY keeper_opens ON gis.case FOR INSERT TO gis_keeper WITH CHECK (true);
CREATE POLICY keeper_keeps ON gis.case FOR UPDATE TO gis_keeper USING (true);
CREATE POLICY keeper_opens ON gis.case_event FOR INSERT TO gis_keeper WITH CHECK (kind = 'open');

-- Hazards that are known today are cases from the day of their judgement.
INSERT INTO gis.case_event (building_id, kind, what, on_day, judgement_id)
SELECT DISTINCT ON (j.building_id) j.building_id, 'open', 'structure', j.judged_on, j.judgement_id
FROM gis.judgement_in_force AS j JOIN gis.building AS b USING (building_id)
WHERE (j.grade IN ('C', 'D')
       OR j.tier IN ('severe', 'some') AND j.judgement_id =
          (SELECT f.judgement_id FROM gis.in_force(j.building_id, '{preliminary,review}') AS f))
  AND (b.removed_on IS NULL OR b.removed_on > j.judged_on)
ORDER BY j.building_id, j.judged_on, j.judgement_id;

-- From here on the keeper alone writes what a case is. Not SECURITY DEFINER: it must see who writes.
CREATE FUNCTION gis.refuse_case() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_user <> 'gis_keeper' OR TG_OP IN ('DELETE', 'TRUNCATE') THEN
        RAISE EXCEPTION 'gis.case follows gis.case_event; add an event' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON gis.case
    FOR EACH STATEMENT EXECUTE FUNCTION gis.refuse_case();

-- What people are told of a case -----------------------------------------------------------------------------------

CREATE VIEW gis.case_card WITH (security_invoker = true) AS
SELECT c.case_id, c.building_id, c.kind, c.state, c.opened_on, c.moved_on, c.deadline, c.responsible, c.reopens, c.basis,
       c.seq, c.submission, s.kind AS submitted, s.on_day AS submitted_on, s.account AS submitted_by,
       s.responsible AS reviewer, r.name AS round, b.name, b.address, b.unit_code, u.name AS unit, v.name AS village,
       b.use_class, b.hazard_tier, b.appraisal_grade, b.departments, b.simulated, b.removed_on,
       c.state IN ('pending', 'in_progress') AND c.deadline < gis.today() AS overdue,
       coalesce(m.active, '{}') AS measures, coalesce(m.any_begun, false) AS measured,
       coalesce(k.missing, '{}') AS missing
FROM gis.case AS c
JOIN gis.building AS b USING (building_id)
LEFT JOIN gis.admin_area AS u ON u.code = b.unit_code
LEFT JOIN gis.admin_area AS v ON v.code = b.village_code
LEFT JOIN gis.round AS r USING (round_id)
LEFT JOIN gis.case_event AS s ON s.event_id = c.submission
LEFT JOIN LATERAL (
    SELECT array_agg(x.kind ORDER BY x.measure_id) FILTER (WHERE x.ended_on IS NULL) AS active, count(*) > 0 AS any_begun
    FROM gis.measure AS x WHERE x.case_id = c.case_id) AS m ON true
LEFT JOIN LATERAL (
    SELECT array_agg(q.measure ORDER BY q.measure) AS missing FROM gis.control_rule AS q
    WHERE q.tier = b.hazard_tier AND q.use_class = b.use_class AND c.kind = 'structure'
      AND c.state IN ('pending', 'in_progress') AND c.opened_on + q.days <= gis.today()
      AND NOT q.measure = ANY (coalesce(m.active, '{}'))) AS k ON true;
