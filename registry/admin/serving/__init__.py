"""Pages of what serves: slots, answers, and what went wrong with them."""
