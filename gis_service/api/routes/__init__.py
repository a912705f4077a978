"""One module of routes a capability: each route calls one function and shapes its answer."""
