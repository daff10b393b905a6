"""The tree as it stands in the tables: what reads and proves from it."""
