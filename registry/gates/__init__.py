"""Deciding, apart from doing: policies, gates, approval chains and duties as pure functions without Django."""
