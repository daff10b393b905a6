"""Who may do what in the database, and whether its guards stand."""
