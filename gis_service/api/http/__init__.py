"""What all routes stand on: the guard round every request, who asks, what they may do, errors, caches."""
