"""Visits: somebody stood before a house. What they say and the record does not is the township's to accept."""
