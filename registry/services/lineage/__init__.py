"""Where a record comes from and what came of it, both ways; and whose data a model learned from."""
