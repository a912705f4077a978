"""Geometry of the plane that all parts share: walls, neighbours, grids, tiles, offset curves, islands."""
