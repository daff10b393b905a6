"""Evidently, which needs pandas 2."""
