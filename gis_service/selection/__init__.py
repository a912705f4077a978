"""Which houses to inspect first, and why: zones and buffers, drawn areas, the notice's rules, reasons, scores."""
