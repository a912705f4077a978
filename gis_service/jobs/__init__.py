"""Long work: asked for at a page, done by a worker beside the service, with progress, a log, and an end that is told."""
