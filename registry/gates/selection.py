"""Which evidence answers a gate: the newest that fits, one per group, bound to what is being decided."""

from collections.abc import Iterable, Mapping

from registry.gates.facts import Evidence, Facts
from registry.gates.policy import Gate

# A figure without the digest of what it is about could have been measured on anything.
MAIN_SUBJECT = {"contract_check": "dataset"}


def chosen(gate: Gate, facts: Facts) -> dict[str, Evidence]:
    """The evidence to judge by group ("" for the whole), sorted by group.

    Evidence about the current digests comes before any other, then the newest; ids settle what is left.
    """
    best: dict[str, Evidence] = {}
    for item in sorted(facts.evidence, key=lambda item: _rank(gate, item, facts)):
        if _fits(gate, item):
            best[item.group] = item
    return dict(sorted(best.items()))


def unbound(gate: Gate, item: Evidence, subjects: Mapping[str, str]) -> str:
    """The main subject that evidence or request leave unnamed, or an empty string."""
    main = MAIN_SUBJECT.get(gate.evidence.kind, "artifact")
    return "" if item.subjects.get(main) and subjects.get(main) else main


def outdated(gate: Gate, item: Evidence, subjects: Mapping[str, str]) -> list[str]:
    """The subjects whose digest is no longer the one measured."""
    return sorted(
        key
        for key in _compared(gate, item.subjects.keys() & subjects.keys())
        if item.subjects[key] and subjects[key] and item.subjects[key] != subjects[key]
    )


def _compared(gate: Gate, keys: Iterable[str]) -> set[str]:
    return {key for key in keys if key != "dataset" or gate.same_dataset_digest}


def _rank(gate: Gate, item: Evidence, facts: Facts) -> tuple[bool, float, str]:
    current = not unbound(gate, item, facts.subjects) and not outdated(gate, item, facts.subjects)
    return current, item.produced_at.timestamp(), item.id


def _fits(gate: Gate, item: Evidence) -> bool:
    selector = gate.evidence
    return (
        item.kind == selector.kind
        and item.attribute == (selector.attribute or "")
        and (bool(item.group) == bool(gate.for_each) if selector.group is None else item.group == selector.group)
        and all(
            wanted is None or wanted == found
            for wanted, found in (
                (selector.metric, item.metric),
                (selector.split, item.split),
                (selector.against, item.against),
            )
        )
    )
