"""Inlay: from a link on the web to a track in your own music library."""

__version__ = "0.1.0"
