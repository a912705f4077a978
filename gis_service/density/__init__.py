"""Gaps, alleys, dense clusters, engine access, burn clusters and firebreaks, from footprints alone.

Pure functions on arrays and GeoDataFrames in a metric CRS; no database and no web page is known here.
"""
