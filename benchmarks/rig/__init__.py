"""What the audit benchmarks stand on: a durable PostgreSQL, tables for every peer, clients, and a tree to ask about."""
