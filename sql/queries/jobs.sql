-- Jobs: asked for by whoever may see them, done by the worker, who is the owner.

-- name: moment
-- What a shared job hangs on beside what is asked: the data's version and the newest lists that the asker sees.
SELECT gis.version_of_data('data'), gis.version_of_data('record'), max(run_id) FILTER (WHERE published_at IS NOT NULL),
       max(run_id) FILTER (WHERE kind = 'density')
FROM gis.run WHERE finished_at IS NOT NULL

-- name: alone
SELECT pg_advisory_xact_lock(hashtextextended(:key, 4545006))

-- name: shared
SELECT job_id, kind, parameters, account, state, asked_at, started_at, finished_at, cancel, done, stage_zh, stage_en, result,
       file, error_zh, error_en
FROM gis.job
WHERE key = :key AND (state IN ('waiting', 'running') AND NOT cancel OR state = 'done' AND finished_at > now() - interval '1 day')
ORDER BY job_id DESC LIMIT 1

-- name: waiting
SELECT count(*) FROM gis.job WHERE account = :account AND finished_at IS NULL

-- name: ask
INSERT INTO gis.job (kind, parameters, key, lane) VALUES (:kind, CAST(:parameters AS jsonb), :key, :lane) RETURNING job_id

-- name: one
SELECT job_id, kind, parameters, account, state, asked_at, started_at, finished_at, cancel, done, stage_zh, stage_en, result,
       file, error_zh, error_en
FROM gis.job WHERE job_id = :job_id

-- name: list
SELECT job_id, kind, parameters, account, state, asked_at, started_at, finished_at, cancel, done, stage_zh, stage_en, result,
       file, error_zh, error_en
FROM gis.job WHERE CAST(:account AS text) IS NULL OR account = :account ORDER BY job_id DESC LIMIT :limit

-- name: lines
SELECT at, zh, en FROM gis.job_line WHERE job_id = :job_id ORDER BY line LIMIT 500

-- name: cancel
UPDATE gis.job SET cancel = true WHERE job_id = :job_id AND finished_at IS NULL

-- name: has_worker
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = 4545005 AND granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))

-- name: be_worker
SELECT pg_advisory_lock_shared(4545005)

-- name: claim
-- The oldest that waits in a lane, whoever else looks for one at this moment; or the one that is named.
UPDATE gis.job SET state = 'running', started_at = clock_timestamp(), seen_at = clock_timestamp(), attempts = attempts + 1,
       worker = :worker, done = 0, stage_zh = '', stage_en = ''
WHERE job_id = (SELECT job_id FROM gis.job
                WHERE state = 'waiting' AND NOT cancel AND lane = :lane AND (CAST(:job_id AS bigint) IS NULL OR job_id = :job_id)
                ORDER BY job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING job_id, kind, parameters, account, role, place, department, attempts

-- name: claimed
SELECT job_id, kind, parameters, account, role, place, department, attempts FROM gis.job
WHERE job_id = :job_id AND state = 'running'

-- name: seen
UPDATE gis.job SET seen_at = clock_timestamp() WHERE job_id = :job_id AND state = 'running' RETURNING cancel

-- name: step
UPDATE gis.job SET done = greatest(done, :done), stage_zh = :zh, stage_en = :en, seen_at = clock_timestamp()
WHERE job_id = :job_id AND state = 'running'

-- name: say
INSERT INTO gis.job_line (job_id, line, zh, en)
SELECT :job_id, coalesce(max(line), 0) + 1, left(:zh, 2000), left(:en, 2000) FROM gis.job_line WHERE job_id = :job_id

-- name: end
UPDATE gis.job SET state = :state, finished_at = clock_timestamp(), done = CASE WHEN :state = 'done' THEN 1 ELSE done END,
       result = CAST(:result AS jsonb), file = :file, error_zh = :zh, error_en = :en
WHERE job_id = :job_id AND finished_at IS NULL

-- name: end_cancelled
-- What waits and was cancelled needs no worker to end it.
UPDATE gis.job SET state = 'cancelled', finished_at = clock_timestamp()
WHERE state = 'waiting' AND cancel

-- name: give_back
UPDATE gis.job SET state = 'waiting', started_at = NULL, worker = NULL, attempts = greatest(attempts - 1, 0)
WHERE worker = :worker AND state = 'running'

-- name: lost
-- Nobody says any more that they are at it: begun once more, and told as lost where that happens again.
UPDATE gis.job SET state = CASE WHEN attempts < 2 THEN 'waiting' ELSE 'lost' END,
       finished_at = CASE WHEN attempts < 2 THEN NULL ELSE clock_timestamp() END,
       error_zh = CASE WHEN attempts < 2 THEN NULL ELSE '执行它的程序两次中断，没有完成；数据没有改动，可以重新提交。' END,
       error_en = CASE WHEN attempts < 2 THEN NULL
                       ELSE 'What did it broke off twice; nothing was changed, and it may be asked for again.' END
WHERE state = 'running' AND seen_at < clock_timestamp() - make_interval(secs => :patience_s)
RETURNING job_id, state

-- name: old
DELETE FROM gis.job WHERE finished_at < now() - make_interval(days => :days) RETURNING file
