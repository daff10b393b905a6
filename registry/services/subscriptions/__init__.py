"""Events of the log for others: who subscribes, what is due to whom, and how it gets there."""
