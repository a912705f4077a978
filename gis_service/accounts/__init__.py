"""Who asks: people, their roles and places, sign-in, sessions, tokens, and the trail of what they did."""
