"""Inlay as people use it: a real Chromium, a real server, a media site of ours."""
