"""What every endpoint shares: problems, pages, parsing, and the schema's common parts."""
