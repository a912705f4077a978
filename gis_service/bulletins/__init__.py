"""Bulletins (通报): counted for a day, frozen once after its end, printed as offices write them."""
