"""Those we measure ourselves against: a folder each, with an environment of its own where it has requirements."""
