"""Files as sound: what they are, what they become."""
