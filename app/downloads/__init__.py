"""A link becomes a finalized file in the library."""
