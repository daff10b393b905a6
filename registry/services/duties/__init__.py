"""Who may decide and who must: delegations, separation of duties, tasks, the queue, and what was said meanwhile."""
