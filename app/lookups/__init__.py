"""Lookups: what music databases know about a fetched track. Optional, polite, and never in anybody's way."""
