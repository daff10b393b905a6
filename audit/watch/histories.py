"""The table of histories, and the root that the log fixed over it, computed again. No Django in here."""

from collections.abc import Iterator
from typing import NamedTuple

from audit.tlog.chronicle import Fixed
from audit.tlog.histories import NOTHING, Map, State, extend
from audit.watch import spans
from audit.watch.findings import Finding, differs

# Subjects are dealt out among workers: a subject's entries must be taken in order, subjects need not be.
_ENTRIES = """
    SELECT event.subject_type, event.subject_id, leaf.index, leaf.hash
    FROM audit_leaf leaf JOIN audit_event event ON event.ticket = leaf.ticket
    WHERE leaf.index < %s AND (hashtext(event.subject_id) & 2147483647) %% %s = %s ORDER BY leaf.index
"""
_STORED = """
    SELECT subject_type, subject_id, count, last_index, digest FROM audit_history
    WHERE (hashtext(subject_id) & 2147483647) %% %s = %s
"""
_COLUMNS = ("count", "last_index", "digest")
_CHUNK = 20_000
_NONE = (0, -1, NOTHING)


class Share(NamedTuple):
    """One worker's subjects, as of the first `size` entries."""

    view: spans.View
    size: int
    of: int
    number: int


def of(view: spans.View, size: int, *, jobs: int) -> Iterator[Share]:
    """The shares of that many workers."""
    return (Share(view, size, jobs, number) for number in range(jobs))


def check(share: Share) -> tuple[list[State], list[Finding]]:
    """The states of a share's subjects, computed from the log, and where the table differs from them."""
    connection = spans.connected(share.view)
    known: dict[tuple[str, str], tuple[int, int, bytes]] = {}
    with connection.cursor("histories", binary=True) as cursor:
        cursor.itersize = _CHUNK
        cursor.execute(_ENTRIES, [share.size, share.of, share.number])
        for kind, about, index, leaf_hash in cursor:
            count, _, digest = known.get((kind, about), _NONE)
            known[kind, about] = (count + 1, index, extend(digest, leaf_hash))
    states = [State(kind, about, *state) for (kind, about), state in known.items()]
    with connection.cursor(binary=True) as cursor:
        stored = {(kind, about): rest for kind, about, *rest in cursor.execute(_STORED, [share.of, share.number])}
    findings: list[Finding] = []
    for state in states:
        computed = [state.count, state.last, state.digest]
        findings += _compare(f"{state.type}/{state.id}", computed, stored.pop((state.type, state.id), None))
    expected = "no history: the entries have none"
    findings += [Finding("audit_history", f"{kind}/{about}", "", expected, "one") for kind, about in stored]
    return states, findings


def _compare(key: str, computed: list[object], stored: list[object] | None) -> Iterator[Finding]:
    if stored is None:
        yield Finding("audit_history", key, "", f"the history of {computed[0]} entries", "missing")
        return
    for column, expected, actual in zip(_COLUMNS, computed, stored, strict=True):
        if expected != actual:
            yield differs("audit_history", key, column, expected=expected, actual=actual)


def compare_root(states: list[State], fixed: Fixed) -> Iterator[Finding]:
    """The fixed root and the number of subjects, of which all states are given."""
    place = f"of event {fixed.told_by}"
    if len(states) != fixed.subjects:
        yield differs("audit_history", place, "subjects", expected=fixed.subjects, actual=len(states))
    computed = Map(sorted(states, key=lambda state: state.key)).root
    if computed != fixed.root:
        yield differs("audit_history", place, "root", expected=fixed.root, actual=computed)
