"""Kleene's truth tables."""

import pytest

from registry.gates import kleene


@pytest.mark.parametrize(
    ("values", "both", "either"),
    [
        ([], True, False),
        ([True, True], True, True),
        ([True, None], None, True),
        ([None, False], False, None),
        ([True, None, False], False, True),
    ],
)
def test_connectives_of_three_values_follow_kleene(
    values: list[bool | None], both: bool | None, either: bool | None
) -> None:
    assert (kleene.conjunction(values), kleene.disjunction(values)) == (both, either)


def test_negation_of_unknown_stays_unknown() -> None:
    assert [kleene.negation(value) for value in (True, False, None)] == [False, True, None]
