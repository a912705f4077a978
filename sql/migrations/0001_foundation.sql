-- The ground: extensions, roles, schema, and what this database is.
-- {{work_srid}} is replaced by the deployment's work SRID when the database is made; it then stands in every
-- geometry column's type, so no distance can be measured in degrees or in Web Mercator by mistake.

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Roles belong to the server, not to the database: several databases of one server share them.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gis_owner') THEN
        CREATE ROLE gis_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gis_service') THEN
        CREATE ROLE gis_service LOGIN NOINHERIT;
    END IF;
END
$$;

GRANT gis_owner, gis_service TO CURRENT_USER;

CREATE SCHEMA gis AUTHORIZATION gis_owner;
SET LOCAL ROLE gis_owner;

CREATE TABLE gis.deployment (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    work_srid integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE gis.deployment IS 'One row: the work SRID that every geometry column of this database has.';
INSERT INTO gis.deployment (work_srid) VALUES ({{work_srid}});

-- Every change of data moves this on: tiles and runs name the version that they were made from.
CREATE SEQUENCE gis.data_version;
COMMENT ON SEQUENCE gis.data_version IS 'Moved on by every import or edit that changed something.';

CREATE TABLE gis.migration (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
