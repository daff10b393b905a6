"""Which clauses have their evidence on record, system by system: queries on records, and what people exempted."""
