"""Inspection planning for self-built houses: priority zones, alleys, dense clusters, plans and maps."""

__version__ = "0.1.0"
