"""Sign-off: who answers for the survey of a village, in a round, in order; over what, and whether it still stands."""
