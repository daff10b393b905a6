"""Pages of the models: how they were fitted, by whom and from what."""
