"""Rules: what a person's corrections taught, for the next download of the same channel."""
