"""What people read, in their language. English is what stands in the code; the rest is in catalogues."""
