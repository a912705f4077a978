"""Plans in the database: made from a list, read, changed by hand, replanned, published, compared."""
