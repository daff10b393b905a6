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
    """Who has done what on the way to a request; None where the record names nobody."""

    author: str | None
    trainer: str | None
    uploader: str | None
    last_editor: str | None
    labeller_lead: str | None = None
    author_team: str | None = None
    trainer_team: str | None = None
    approvers: tuple[Approver, ...] = ()


def conflicts(
    person_id: str, team: str | None, role: str, record: DutyRecord, rules: Sequence[Separation] = ()
) -> list[str]:
    """Every reason why this person may not decide in this role; an empty list when there is none.

    Author, trainer, uploader and last editor never decide and nobody decides twice, whatever the policy says.
    The policy's rules come on top; a team that is not on record counts as a conflict, since nothing proves otherwise.
    """
    found = [*_built_in(person_id, role, record)]
    for rule in rules:
        found += _same_person(person_id, role, record, rule.not_same_person)
        found += _same_team(team, role, record, rule.not_same_team)
    return list(dict.fromkeys(found))


def _built_in(person_id: str, role: str, record: DutyRecord) -> Iterator[str]:
    for subject in NEVER_DECIDE:
        if person_id == getattr(record, PERSONS[subject]):
            yield _deed(subject, role)
    if any(person_id == approver.person_id for approver in record.approvers):
        yield f"You have decided on this request already, and one person decides once; {_ask(role)}"


def _same_person(person_id: str, role: str, record: DutyRecord, subjects: Sequence[str]) -> Iterator[str]:
    if "any.approver" not in subjects and role not in subjects:
        return
    for subject in subjects:
        if subject in PERSONS and person_id == getattr(record, PERSONS[subject]):
            yield _deed(subject, role)


def _same_team(team: str | None, role: str, record: DutyRecord, subjects: Sequence[str]) -> Iterator[str]:
    if "any.approver" not in subjects and role not in subjects:
        return
    others = [(NAMES[subject], getattr(record, TEAMS[subject])) for subject in subjects if subject in TEAMS]
    others += [
        (f"the {_spoken(approver.role)} who has decided", approver.team)
        for approver in record.approvers
        if approver.role != role and ("any.approver" in subjects or approver.role in subjects)
    ]
    for name, other in others:
        yield from _team_conflict(team, name, other, role)


def _team_conflict(team: str | None, name: str, other: str | None, role: str) -> Iterator[str]:
    if not team:
        yield f"Your team is not on record, so nothing shows that it is not that of {name}; have it entered."
    elif not other:
        yield f"The team of {name} is not on record, so nothing shows that it is not yours; have it entered."
    elif team == other:
        yield f"You are in the team of {name} ({other}); {_ask(role)[:-1]} from another team."


def _deed(subject: str, role: str) -> str:
    return f"You {DEEDS[subject]}; {_ask(role)}"


def _ask(role: str) -> str:
    return f"ask somebody else with the role {_spoken(role)}."


def _spoken(role: str) -> str:
    return role.replace("_", " ")
