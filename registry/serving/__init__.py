"""Answering predictions from a slot: decode, route, score, log."""
