"""Read any vector file or sheet, find its encoding, CRS and datum, map its fields, check, load, report rejects."""
