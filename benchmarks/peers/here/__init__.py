"""Ours, and the peers that live in our own environment: numpy, scipy."""
