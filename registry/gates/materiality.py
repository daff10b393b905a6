"""How much is at stake with a system: its exposure times what is left to the model (SR 26-2)."""

from typing import Literal

Exposure = Literal["low", "medium", "high"]
Reliance = Literal["informs", "advises", "decides"]
Materiality = Literal["low", "moderate", "high"]

# Rows: how many people or how much money; columns: what the model is for, from telling a person to deciding alone.
TABLE: dict[str, dict[str, Materiality]] = {
    "low": {"informs": "low", "advises": "low", "decides": "moderate"},
    "medium": {"informs": "low", "advises": "moderate", "decides": "high"},
    "high": {"informs": "moderate", "advises": "high", "decides": "high"},
}


def materiality(exposure: str, reliance: str) -> Materiality:
    """The materiality of a system; KeyError for what the table does not know."""
    return TABLE[exposure][reliance]
