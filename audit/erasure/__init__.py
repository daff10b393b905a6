"""Erasing what is sealed: by whom, on what ground, and what must be kept."""
