"""Who works where, and what is theirs to do today: grid workers, leaders with their places, patrols, checks, what is late."""
