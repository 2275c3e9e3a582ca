"""The outside world: how a link is reached and what it says about itself."""
