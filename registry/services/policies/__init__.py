"""Policies as data: their life, which governs, what one would have decided, and old decisions decided again."""
