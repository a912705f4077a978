"""The shape of the ground: an elevation file, and its hill shading for maps."""
