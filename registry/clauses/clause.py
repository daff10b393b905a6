"""A clause as frozen data, read from controls.yaml."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml

from registry.gates import conditions
from registry.gates.conditions import Condition

REGIMES = {
    "eu-ai-act": "EU AI Act",
    "nist-ai-rmf": "NIST AI RMF",
    "iso42001": "ISO/IEC 42001",
    "sr-26-2": "SR 26-2",
    "21cfr11": "21 CFR Part 11",
    "gdpr": "GDPR",
    "nyc-ll144": "NYC Local Law 144",
}
_NEED = {"query", "given", "within_days", "asks", "any"}
_CLAUSE = {
    "id", "clause", "regime", "demand", "automation", "effective_from", "effective_until", "superseded_by", "concerns",
    "applies_when", "needs", "beyond",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """One thing that must be on record. asks: what to do where it is not; either: one of these is enough.

    query: the name of a query; given: its arguments; within_days: older than that, it is stale.
    """

    asks: str
    query: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    within_days: int | None = None
    either: tuple["Need", ...] = ()

    @property
    def question(self) -> str:
        """The query with its arguments: the same question is answered once."""
        return f"{self.query} {json.dumps(self.given, sort_keys=True)}"

    def all(self) -> Iterator["Need"]:
        """The needs that name a query: itself, or its alternatives."""
        yield from self.either or (self,)


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """What a regime demands. automation: A from records, B with a person's words, H a person's record alone.

    concerns: whom, in words for `applies_when`; beyond: what of the demand no record here answers, said openly.
    """

    id: str
    clause: str
    regime: str
    demand: str
    automation: str
    needs: tuple[Need, ...]
    concerns: str = ""
    applies_when: Condition | None = None
    effective_from: date | None = None
    effective_until: date | None = None
    superseded_by: str = ""
    beyond: str = ""


class ControlsBroken(Exception):
    """controls.yaml is not what this reader knows."""


@cache
def every() -> tuple[Clause, ...]:
    """All clauses, in the file's order. Raises ControlsBroken."""
    text = resources.files("registry.clauses").joinpath("controls.yaml").read_text()
    found = tuple(_clause(entry) for entry in yaml.safe_load(text)["clauses"])
    ids = [clause.id for clause in found]
    if len(set(ids)) != len(ids):
        raise ControlsBroken("Two clauses have one id.")
    return found


@cache
def by_id() -> dict[str, Clause]:
    """The clauses by their id."""
    return {clause.id: clause for clause in every()}


def _clause(entry: Mapping[str, Any]) -> Clause:
    if set(entry) - _CLAUSE:
        raise ControlsBroken(f"{entry.get('id')}: {sorted(set(entry) - _CLAUSE)} is not known.")
    if entry["regime"] not in REGIMES:
        raise ControlsBroken(f"{entry['id']}: the regime {entry['regime']!r} is not known.")
    when = entry.get("applies_when")
    given = {name: value for name, value in entry.items() if name not in ("needs", "applies_when")}
    needs = tuple(_need(entry["id"], need) for need in entry.get("needs", ()))
    return Clause(**given, needs=needs, applies_when=conditions.parse(when) if when else None)


def _need(clause: str, entry: Mapping[str, Any]) -> Need:
    if set(entry) - _NEED or ("query" in entry) == ("any" in entry):
        raise ControlsBroken(f"{clause}: a need has a query or alternatives, and asks: {entry}.")
    either = tuple(_need(clause, {"asks": entry["asks"], **one}) for one in entry.get("any", ()))
    return Need(entry["asks"], entry.get("query", ""), entry.get("given", {}), entry.get("within_days"), either)
