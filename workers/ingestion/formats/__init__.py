"""How each format is opened: one module a format, all of them bounded before a library sees the bytes."""
