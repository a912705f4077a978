"""The density run over the database: read the county, compute, write the results as a run."""
