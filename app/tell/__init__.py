"""Telling others: media servers that the library changed, programs and people what became of downloads."""
