"""From what was found to covered, stale, missing or not applicable; pure, and in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from registry.clauses.clause import REGIMES, Clause, Need
from registry.gates import conditions

State = Literal["covered", "stale", "missing", "not_applicable"]
NOTICE = (
    "The software produces evidence for a clause. It makes nobody compliant: whether the evidence is enough is for "
    "people to judge."
)
_WORST: dict[State, int] = {"not_applicable": 0, "covered": 0, "stale": 1, "missing": 2}


@dataclass(frozen=True, slots=True)
class Proof:
    """A record that shows something. path: where the API shows it, empty where it stands in another record."""

    kind: str
    id: str
    name: str
    at: datetime
    path: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a query found for one system. lacking: where it looked and found nothing, in words.

    at: how fresh the whole is: the time of the oldest of the proofs that are needed.
    """

    proofs: tuple[Proof, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def at(self) -> datetime | None:
        return min((proof.at for proof in self.proofs), default=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """One clause for one system. missing: what a person must do, a sentence each."""

    clause: Clause
    state: State
    reason: str
    proofs: tuple[Proof, ...] = ()
    missing: tuple[str, ...] = ()
    exemption: Any = None


def not_concerned(clause: Clause, context: Mapping[str, Any], now: datetime) -> str | None:
    """Why the clause is not asked for from a system, in one sentence; None where it is, or where it is unknown."""
    if clause.regime not in context["system"]["regimes"]:
        return f"The system is not held to the {REGIMES[clause.regime]}."
    if clause.effective_until is not None and now.date() > clause.effective_until:
        after = f", superseded by {clause.superseded_by}" if clause.superseded_by else ""
        return f"It was in force until {clause.effective_until:%d %B %Y}{after}."
    if clause.applies_when and conditions.evaluate(clause.applies_when, context, now).value is False:
        return f"It concerns {clause.concerns}."
    return None


def in_force(clause: Clause, now: datetime) -> bool:
    """Whether the demand binds today; what comes later is looked for already."""
    return clause.effective_from is None or clause.effective_from <= now.date()


def judge(clause: Clause, found: Callable[[Need], Found], now: datetime) -> Answer:
    """The worst of what its needs say; a clause without needs has nothing that could show it."""
    if not clause.needs:
        return Answer(clause, "missing", "No record here can show it.", missing=(clause.demand,))
    answers = [_best(need, found, now) for need in clause.needs]
    state: State = max((one[0] for one in answers), key=_WORST.__getitem__)
    proofs = tuple(dict.fromkeys(proof for _, proofs, _ in answers for proof in proofs))
    missing = tuple(dict.fromkeys(word for _, _, words in answers for word in words))
    return Answer(clause, state, _reason(state, answers), proofs, missing)


_One = tuple[State, tuple[Proof, ...], tuple[str, ...]]


def _best(need: Need, found: Callable[[Need], Found], now: datetime) -> _One:
    return min((_one(one, found(one), now) for one in need.all()), key=lambda answer: _WORST[answer[0]])


def _one(need: Need, found: Found, now: datetime) -> _One:
    if found.lacking or found.at is None:
        return "missing", found.proofs, (" ".join([need.asks, *found.lacking]),)
    if need.within_days is not None and found.at < now - timedelta(days=need.within_days):
        old = f"What is there is of {found.at:%d %B %Y}, older than {need.within_days} days."
        return "stale", found.proofs, (f"{need.asks} {old}",)
    return "covered", found.proofs, ()


def _reason(state: State, answers: Sequence[_One]) -> str:
    shown = sum(one[0] == "covered" for one in answers)
    if state == "covered":
        return "All that it asks for is on record." if shown > 1 else "What it asks for is on record."
    what = "too old" if state == "stale" else "not on record"
    short = sum(one[0] == state for one in answers)
    return f"Of {len(answers)} things that it asks for, {short} {'is' if short == 1 else 'are'} {what}."
