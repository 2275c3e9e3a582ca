"""The hostile corpus: what strangers send, row by row, against servers of our own. `rows.py` is its table."""
