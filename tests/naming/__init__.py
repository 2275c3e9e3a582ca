"""Naming tracks, and renaming the library."""
