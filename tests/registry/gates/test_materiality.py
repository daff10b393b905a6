"""Materiality: exposure times purpose, as a table."""

import pytest

from registry.gates.materiality import materiality


@pytest.mark.parametrize(
    ("exposure", "row"),
    [
        ("low", ["low", "low", "moderate"]),
        ("medium", ["low", "moderate", "high"]),
        ("high", ["moderate", "high", "high"]),
    ],
)
def test_materiality_grows_with_exposure_and_reliance(exposure: str, row: list[str]) -> None:
    assert [materiality(exposure, reliance) for reliance in ("informs", "advises", "decides")] == row


def test_materiality_of_something_unknown_is_refused() -> None:
    with pytest.raises(KeyError):
        materiality("huge", "decides")
