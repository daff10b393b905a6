"""The clauses of the regimes as data: whom they concern, from when, and which records would prove what they ask."""
