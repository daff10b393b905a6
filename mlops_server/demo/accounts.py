"""The people of the demo, each with the one role that the story needs; passwords are random and kept in VAR_DIR."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from audit import actors
from registry.models import User
from registry.roles import Role
from registry.services import people


@dataclass(frozen=True, slots=True)
class Cast:
    """One account: who it is and what it may do everywhere."""

    username: str
    full_name: str
    team: str
    role: Role
    kind: str = User.Kind.PERSON


CAST = (
    Cast("elena", "Elena Engel", "modelling", Role.ENGINEER),
    Cast("viktor", "Viktor Valk", "model validation", Role.VALIDATOR),
    Cast("carla", "Carla Compton", "compliance", Role.COMPLIANCE_REVIEWER),
    Cast("rita", "Rita Ross", "risk", Role.RISK_OFFICER),
    Cast("omar", "Omar Opitz", "operations", Role.OPERATOR),
    Cast("petra", "Petra Pohl", "governance", Role.POLICY_ADMIN),
    Cast("anton", "Anton Audley", "internal audit", Role.AUDITOR),
    Cast("paula", "Paula Platt", "platform", Role.PLATFORM_ADMIN),
    Cast("jobcentre", "Job centre application", "operations", Role.CALLER, User.Kind.SERVICE),
)


def credentials_file() -> Path:
    """Where names and passwords are kept, readable by the owner alone."""
    return Path(settings.VAR_DIR) / "credentials.json"


def ensure() -> dict[str, str]:
    """Make the accounts that are not there yet; returns every password by user name. Safe to run twice."""
    file = credentials_file()
    passwords = {row["username"]: row["password"] for row in json.loads(file.read_text())} if file.exists() else {}
    for member in CAST:
        passwords.setdefault(member.username, secrets.token_urlsafe(15))
    _store(file, passwords)
    actor = actors.system("bootstrap")
    for member in CAST:
        if not User.objects.filter(username=member.username).exists():
            account = people.create(
                member.username,
                full_name=member.full_name,
                team=member.team,
                kind=member.kind,
                password=passwords[member.username],
                actor=actor,
            )
            people.grant(account, member.role, actor=actor)
    return passwords


def _store(file: Path, passwords: dict[str, str]) -> None:
    """Written before the accounts are made: a crash between leaves a password without an account, never the reverse."""
    rows = [
        {"username": one.username, "password": passwords[one.username], "name": one.full_name, "role": one.role.label}
        for one in CAST
    ]
    draft = file.with_suffix(".new")
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        json.dump(rows, target, indent=1)
    draft.replace(file)
