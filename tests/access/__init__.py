"""Who sees what: every answer equals what a superuser filters out for it, on the demo county at full size."""
