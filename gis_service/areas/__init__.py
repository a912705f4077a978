"""Priority areas: drawn by planners, made round what they point at, or found by name and in files."""
