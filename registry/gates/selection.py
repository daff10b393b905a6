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


def measurements(gate: Gate, answered: str, facts: Facts) -> list[float]:
    """What was measured of the same thing as the figure with this id, each time; the ways of one time count once."""
    same = [item for item in facts.evidence if item.id == answered and _fits(gate, item)]
    if not same:
        return []
    of = _measured(same[0])
    values = {
        item.produced_at: item.value
        for item in facts.evidence
        if item.value is not None and _fits(gate, item) and _measured(item) == of
    }
    return list(values.values())


def unbound(gate: Gate, item: Evidence, subjects: Mapping[str, str]) -> str:
    """The main subject that evidence or request leave unnamed, or an empty string."""
    main = MAIN_SUBJECT.get(gate.evidence.kind, "artifact")
    return "" if item.subjects.get(main) and subjects.get(main) else main


def incomparable(gate: Gate, item: Evidence, subjects: Mapping[str, str]) -> bool:
    """Whether a comparison is with something, and the request has no champion: it could be with anything."""
    return gate.evidence.against is not None and bool(item.subjects.get("against")) and not subjects.get("against")


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
    hindered = unbound(gate, item, facts.subjects) or incomparable(gate, item, facts.subjects)
    current = not hindered and not outdated(gate, item, facts.subjects)
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


def _measured(item: Evidence) -> tuple[str, ...]:
    """What was measured, and on what: all but when, and how the interval was made."""
    named = (item.kind, item.metric, item.split, item.attribute, item.group, item.against, item.method)
    return (*named, *(f"{key} {digest}" for key, digest in sorted(item.subjects.items())))
