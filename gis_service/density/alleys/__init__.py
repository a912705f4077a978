"""Gaps between walls, and the corridors (alleys) into which they join."""
