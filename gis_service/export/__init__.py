"""Write lists and layers to the formats that people open: xlsx, csv, GeoJSON, GeoPackage, GeoParquet."""
