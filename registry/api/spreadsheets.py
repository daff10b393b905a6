"""What a table that people open in a spreadsheet may hold."""

from collections.abc import Mapping
from typing import Any


def harmless(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row, in which text that a spreadsheet would run as a formula is quoted, as OWASP advises."""
    return {name: _quoted(value) for name, value in row.items()}


def _quoted(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r\n") else value
