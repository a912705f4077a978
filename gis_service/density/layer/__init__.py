"""From rows of a layer to clean footprints: one row a building, valid, in metres."""
