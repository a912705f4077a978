"""Tables of the county by reporting unit: the notice's annexes, statistics, the six steps; by day, as page and as file."""
