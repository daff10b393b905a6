"""Pages of the people: accounts, their duties, their queue and their right to be forgotten."""
