"""Many groups, one statement: what holds over all groups of a gate at once, and what each says for itself alone."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence

from registry.gates import words
from registry.gates.facts import Evidence
from registry.gates.policy import BoundRequirement, Gate

ROUNDING = 1e-9


def corrects(gate: Gate) -> bool:
    """Whether the gate's confidence is over all its groups at once: a point has none, and `none` waives it."""
    return (
        gate.for_each is not None
        and gate.family != "none"
        and isinstance(gate.require, BoundRequirement)
        and gate.require.bound != "point"
    )


def asked(gate: Gate, item: Evidence) -> Evidence:
    """The figure with the interval that answers the gate's question.

    Where one group is asked about alone (named by the policy, or `family: none`), that is the interval of its own
    that simultaneous evidence carries beside the wider one (fields alone_low, alone_high).
    """
    low, high = item.fields.get("alone_low"), item.fields.get("alone_high")
    alone = item.group and (gate.evidence.group is not None or gate.family == "none")
    if not alone or not isinstance(low, int | float) or not isinstance(high, int | float):
        return item
    return dataclasses.replace(item, low=float(low), high=float(high))


def shortfall(gate: Gate, items: Sequence[Evidence]) -> str | None:
    """Why the intervals of these groups say too little of all of them at once; None where they say enough.

    Intervals that were made to hold together err together, with one minus their confidence; others err each for
    itself. By Bonferroni's inequality these errors add up, and the sum may be one minus the gate's confidence.
    """
    if not corrects(gate) or len(items) < 2:
        return None
    wanted = gate.require.confidence or 0.0 if isinstance(gate.require, BoundRequirement) else 0.0
    families = _families(items)
    errors = sum(1 - (one[0].confidence or 0.0) for one in families)
    together = len(families) == 1
    if errors <= 1 - wanted + ROUNDING and (together or gate.family == "bonferroni"):
        return None
    return _sentence(gate, len(items), wanted, max(0.0, 1 - errors))


def _families(items: Sequence[Evidence]) -> list[list[Evidence]]:
    """The intervals that hold together, measured at once over at least these groups; every other one by itself."""
    measured: defaultdict[tuple[object, ...], list[Evidence]] = defaultdict(list)
    for item in items:
        measured[item.produced_at, item.method, item.confidence].append(item)
    families = []
    for found in measured.values():
        joint = [item for item in found if _is_joint(item, len(found))]
        families += [joint] if joint else []
        families += [[item] for item in found if item not in joint]
    return families


def _is_joint(item: Evidence, groups: int) -> bool:
    """A group that was left out of the comparison holds for itself, as does one whose family is smaller than asked."""
    size = item.fields.get("family_size")
    joint = item.fields.get("simultaneous") is True and not item.fields.get("excluded")
    return joint and isinstance(size, int) and size >= groups


def _sentence(gate: Gate, groups: int, wanted: float, held: float) -> str:
    each = math.ceil((1 - (1 - wanted) / groups) * 10_000 - ROUNDING) / 100
    needed = f"measure intervals that hold together at {words.percent(wanted)}"
    if gate.family == "bonferroni":
        needed += f", or each at {each:g} %"
    return (
        f"the intervals of {groups} groups of {gate.evidence.attribute} hold together at {words.percent(held)} "
        f"only; the policy asks for {words.percent(wanted)} over all of them at once: {needed}"
    )
