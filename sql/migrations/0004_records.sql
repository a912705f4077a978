-- Records: what was imported, what it changed, what was refused; what was computed and from what.

SET LOCAL ROLE gis_owner;

CREATE TABLE gis.import (
    import_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('buildings', 'zones', 'boundaries', 'roads', 'hydrants', 'ledger')),
    file_name text NOT NULL,
    sha256 text NOT NULL,
    crs text,
    datum text,
    encoding text,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    read_rows integer NOT NULL,
    loaded integer NOT NULL,
    unchanged integer NOT NULL,
    updated integer NOT NULL,
    rejected integer NOT NULL,
    notes jsonb NOT NULL DEFAULT '[]',
    CHECK (read_rows = loaded + unchanged + updated + rejected)
);

CREATE TABLE gis.reject (
    import_id bigint NOT NULL REFERENCES gis.import ON DELETE CASCADE,
    row_number integer NOT NULL,
    key text,
    code text NOT NULL,
    reason text NOT NULL,
    remedy text NOT NULL,
    PRIMARY KEY (import_id, row_number)
);

CREATE TABLE gis.change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    import_id bigint REFERENCES gis.import ON DELETE CASCADE,
    table_name text NOT NULL,
    key text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX change_key ON gis.change (table_name, key);

CREATE TABLE gis.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('selection', 'density', 'plan')),
    parameters jsonb NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    data_version bigint NOT NULL,
    code_version text NOT NULL
);

CREATE TABLE gis.selection (
    run_id bigint NOT NULL REFERENCES gis.run ON DELETE CASCADE,
    building_id text NOT NULL,
    score double precision NOT NULL CHECK (score BETWEEN 0 AND 100),
    reasons jsonb NOT NULL CHECK (jsonb_array_length(reasons) >= 1),
    PRIMARY KEY (run_id, building_id)
);
CREATE INDEX selection_score ON gis.selection (run_id, score DESC, building_id);
