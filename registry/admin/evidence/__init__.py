"""Pages of what was measured: figures with their intervals, groups and explanations."""
