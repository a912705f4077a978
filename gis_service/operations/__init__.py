"""Running a deployment: the database by hand, backup and restore."""
