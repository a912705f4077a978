"""Which buildings burn together, where a break would part them, and the water at hand."""
