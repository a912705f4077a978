"""Maps and pages: folium maps, their layers and legends, templates, and the files that they need, all offline."""
