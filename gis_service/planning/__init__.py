"""Who goes where: patrols of alleys, places where an engine stands. Pure functions, no database, no page."""
