"""Separation of duties as data: who may not decide on a request, and whom to ask instead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.gates.policy import Separation

PERSONS = {
    "request.author": "author",
    "model.trainer": "trainer",
    "model.uploader": "uploader",
    "model.last_editor": "last_editor",
    "dataset.labeller_lead": "labeller_lead",
}
TEAMS = {"request.author": "author_team", "model.trainer": "trainer_team"}
SUBJECTS = frozenset(PERSONS) | {"any.approver"}
TEAM_SUBJECTS = frozenset(TEAMS) | {"any.approver"}

# These hold whatever the policy says.
NEVER_DECIDE = {
    "request.author": "wrote this request",
    "model.trainer": "trained this version",
    "model.uploader": "uploaded this version",
    "model.last_editor": "edited this version last",
}
DEEDS = NEVER_DECIDE | {"dataset.labeller_lead": "led the labelling of its data"}
NAMES = {"request.author": "the author of the request", "model.trainer": "the person who trained this version"}


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who has decided on the request, in which role, from which team."""

    person_id: str
    role: str
    team: str | None = None


@dataclass(frozen=True, slots=True)
class DutyRecord:
    """Who has done what on the way to a request; None where the record names nobody.

    submitters: who put it forward in any of its rounds. recused: who stepped back from it. approvers: who has decided
    in this round, and for whom they stood in. behind: where a service account had a part in it, whoever may have been
    behind that account.
    """

    author: str | None
    trainer: str | None
    uploader: str | None
    last_editor: str | None
    labeller_lead: str | None = None
    author_team: str | None = None
    trainer_team: str | None = None
    approvers: tuple[Approver, ...] = ()
    submitters: tuple[str, ...] = ()
    recused: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who would decide, in which role; with a name, somebody for whom another would sign."""

    person_id: str
    team: str | None
    role: str
    name: str = ""

    def does(self, own: str, others: str) -> str:
        """`You have`, or `Ada has`."""
        return f"{self.name} {others}" if self.name else f"You {own}"


def conflicts(
    person_id: str, team: str | None, role: str, record: DutyRecord, rules: Sequence[Separation] = (), *, name: str = ""
) -> list[str]:
    """Every reason why this person may not decide in this role; an empty list when there is none.

    Author, submitters, trainer, uploader and last editor never decide, nor who may have been behind one of them that is
    a service account; nobody decides twice and nobody who stepped back decides at all, whatever the policy says. The
    policy's rules come on top; a team that is not on record counts as a conflict, since nothing proves otherwise.
    name: of the person, where another would sign in their place.
    """
    who = Candidate(person_id, team, role, name)
    found = [*_built_in(who, record)]
    for rule in rules:
        found += _same_person(who, record, rule.not_same_person)
        found += _same_team(who, record, rule.not_same_team)
    return list(dict.fromkeys(found))


def _built_in(who: Candidate, record: DutyRecord) -> Iterator[str]:
    for subject in NEVER_DECIDE:
        if who.person_id == getattr(record, PERSONS[subject]):
            yield _deed(subject, who)
    if who.person_id in record.submitters and who.person_id != record.author:
        yield f"{who.does('put', 'put')} this request forward; {_ask(who.role)}"
    if who.person_id in record.behind:
        may = who.does("may have been", "may have been")
        yield f"{may} behind the service account that had a part in this, since both register here; {_ask(who.role)}"
    if who.person_id in record.recused:
        yield f"{who.does('have', 'has')} stepped back from this request; {_ask(who.role)}"
    if any(who.person_id == approver.person_id for approver in record.approvers):
        decided = who.does("have decided", "has decided")
        yield f"{decided} on this request already, and one person decides once; {_ask(who.role)}"


def _same_person(who: Candidate, record: DutyRecord, subjects: Sequence[str]) -> Iterator[str]:
    if "any.approver" not in subjects and who.role not in subjects:
        return
    for subject in subjects:
        if subject in PERSONS and who.person_id == getattr(record, PERSONS[subject]):
            yield _deed(subject, who)


def _same_team(who: Candidate, record: DutyRecord, subjects: Sequence[str]) -> Iterator[str]:
    if "any.approver" not in subjects and who.role not in subjects:
        return
    others = [(NAMES[subject], getattr(record, TEAMS[subject])) for subject in subjects if subject in TEAMS]
    others += [
        (f"the {_spoken(approver.role)} who has decided", approver.team)
        for approver in record.approvers
        if approver.role != who.role and ("any.approver" in subjects or approver.role in subjects)
    ]
    for name, other in others:
        yield from _team_conflict(who, name, other)


def _team_conflict(who: Candidate, name: str, other: str | None) -> Iterator[str]:
    if not who.team:
        whose = f"The team of {who.name}" if who.name else "Your team"
        yield f"{whose} is not on record, so nothing shows that it is not that of {name}; have it entered."
    elif not other:
        whose = f"that of {who.name}" if who.name else "yours"
        yield f"The team of {name} is not on record, so nothing shows that it is not {whose}; have it entered."
    elif who.team == other:
        where = f"{who.does('are', 'is')} in the team of {name} ({other})"
        yield f"{where}; {_ask(who.role)[:-1]} from another team."


def _deed(subject: str, who: Candidate) -> str:
    return f"{who.does(DEEDS[subject], DEEDS[subject])}; {_ask(who.role)}"


def _ask(role: str) -> str:
    return f"ask somebody else with the role {_spoken(role)}."


def _spoken(role: str) -> str:
    return role.replace("_", " ")
