"""Sheets to fill in: written with drop-downs and notes, read back whole, and given back with what is wrong in each row."""
