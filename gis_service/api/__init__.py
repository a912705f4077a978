"""FastAPI: the application, one module a capability."""
