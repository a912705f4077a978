"""Benchmarks: each prints our time, a peer's time in the same run, and their ratio."""
