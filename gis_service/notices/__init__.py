"""Notices to owners and letters to units: from templates, one or five hundred in a file; issued, served, listed."""
