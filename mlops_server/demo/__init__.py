"""The demo: one model from raw data to governed production, told through the public API on real data."""
