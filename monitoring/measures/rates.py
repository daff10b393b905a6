"""Rates of a table of decisions and labels: which cells hit, among which."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Cell = tuple[int, int]  # decision, label; label 2 stands for rows without one


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as cells: it is the share that `hits` have of the rows in `among`."""

    hits: tuple[Cell, ...]
    among: tuple[Cell, ...]

    def counted(self, counts: Integers) -> tuple[Integers, Integers]:
        """Of counts (..., decision, label): the hits and the rows they are among, (...)."""
        return _total(counts, self.hits), _total(counts, self.among)


_REJECTED, _SELECTED = ((0, 0), (0, 1), (0, 2)), ((1, 0), (1, 1), (1, 2))
_NEGATIVE, _POSITIVE = ((0, 0), (1, 0)), ((0, 1), (1, 1))
RATES = {
    "selection_rate": Rate(_SELECTED, _REJECTED + _SELECTED),
    "true_positive_rate": Rate(((1, 1),), _POSITIVE),
    "false_positive_rate": Rate(((1, 0),), _NEGATIVE),
    "true_negative_rate": Rate(((0, 0),), _NEGATIVE),
    "false_negative_rate": Rate(((0, 1),), _POSITIVE),
    "precision": Rate(((1, 1),), ((1, 0), (1, 1))),
    "accuracy": Rate(((0, 0), (1, 1)), _NEGATIVE + _POSITIVE),
}


def _total(counts: Integers, cells: tuple[Cell, ...]) -> Integers:
    total: Integers = sum((counts[..., decision, label] for decision, label in cells), np.zeros((), np.int64))
    return total
