"""Telling others."""
