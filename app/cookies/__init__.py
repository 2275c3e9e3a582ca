"""Cookies of other sites: what a person lets their downloads show there, and nothing else may see."""
