"""Kleene's three-valued logic: True, False, and None for what cannot be told."""

from collections.abc import Iterable


def conjunction(values: Iterable[bool | None]) -> bool | None:
    """AND: one False decides; otherwise one unknown keeps the whole unknown."""
    found = set(values)
    if False in found:
        return False
    return None if None in found else True


def disjunction(values: Iterable[bool | None]) -> bool | None:
    """OR: one True decides; otherwise one unknown keeps the whole unknown."""
    found = set(values)
    if True in found:
        return True
    return None if None in found else False


def negation(value: bool | None) -> bool | None:
    """NOT: what cannot be told stays so."""
    return None if value is None else not value
