"""Documents as data, and how data becomes a page: pure functions, no rows, no framework."""
