"""Monitors are set up, run and answered here."""
