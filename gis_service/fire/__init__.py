"""Dense clusters for the fire brigade: ranked, told in words, walked, and recorded."""
