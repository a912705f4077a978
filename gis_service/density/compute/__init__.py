"""Compiled loops and the workers that share them out."""
