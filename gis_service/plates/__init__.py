"""QR plates on houses: a signed code that cannot be guessed, what it tells a stranger, and the plates as PDF."""
