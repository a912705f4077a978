"""Cases: one hazard of one house, from being found to being struck off; events are only added."""
