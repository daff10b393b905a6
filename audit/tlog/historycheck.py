"""Computes again the histories that a log fixed, in one more pass over its entries."""

from collections.abc import Iterable

from audit.tlog import merkle
from audit.tlog.chronicle import Fixed, where
from audit.tlog.histories import Histories, Key, State
from audit.tlog.report import Report

Subjects = list[tuple[str, str, bytes]]  # type, id and leaf hash of consecutive entries


def check(fixed: Iterable[Fixed], stretches: Iterable[Subjects | None], report: Report) -> None:
    """Compare each fixed root with the entries before it, and report every difference.

    stretches: the subjects of all entries from the first on; None where some could not be read.
    """
    waiting, known, index = sorted(fixed), _Known(), 0
    _compare_due(waiting, index, known, report)
    for stretch in stretches if waiting else ():
        for kind, identity, leaf in stretch or ():
            known.add(kind, identity, index, leaf)
            index += 1
            _compare_due(waiting, index, known, report)
        if stretch is None or not waiting:
            break
    for one in waiting:
        report.add(where(one.told_by), f"The histories of the first {one.size} entries cannot be recomputed.")


class _Known:
    """The map of histories as it grows; a subject is hashed again only if it changed since the last root."""

    def __init__(self) -> None:
        self._histories = Histories()
        self._changed: dict[Key, State] = {}
        self._hashes: dict[Key, bytes] = {}

    @property
    def subjects(self) -> int:
        return self._histories.subjects

    def add(self, kind: str, identity: str, index: int, leaf: bytes) -> None:
        state = self._histories.add(kind, identity, index, leaf)
        self._changed[state.key] = state

    def root(self) -> bytes:
        self._hashes |= {key: merkle.leaf_hash(state.leaf()) for key, state in self._changed.items()}
        self._changed.clear()
        return merkle.root([self._hashes[key] for key in sorted(self._hashes)])


def _compare_due(waiting: list[Fixed], size: int, known: _Known, report: Report) -> None:
    while waiting and waiting[0].size == size:
        _compare(waiting.pop(0), known, report)


def _compare(fixed: Fixed, known: _Known, report: Report) -> None:
    report.proven["root of fixed histories"] = report.proven.get("root of fixed histories", 0) + 1
    place, root = where(fixed.told_by), known.root()
    if root != fixed.root:
        difference = f"have the root {root.hex()}, not {fixed.root.hex()}."
        report.add(place, f"data.root: The histories of the first {fixed.size} entries {difference}")
    if known.subjects != fixed.subjects:
        difference = f"are about {known.subjects} subjects, not {fixed.subjects}."
        report.add(place, f"data.subjects: The first {fixed.size} entries {difference}")
