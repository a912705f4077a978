"""The database: a private PostGIS when none is given, connections, migrations, models, named queries."""
