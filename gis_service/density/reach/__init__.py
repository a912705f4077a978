"""How far an engine and a hose come: free space, visibility, shortest ways."""
