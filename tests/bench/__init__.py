"""Benchmarks: ratios against a named baseline in the same run, and the aims that we set ourselves."""
