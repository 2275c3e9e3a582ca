"""The container image, built and driven here: `python -m tests.container`."""
