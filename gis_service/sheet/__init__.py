"""Paper: maps drawn to scale as SVG, and the PDF sheets that hold them."""
