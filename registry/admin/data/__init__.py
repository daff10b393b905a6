"""Pages of the data: what was delivered, from where, and what it was promised to be."""
