"""The people of the demo, each with the one role that the story needs; their secrets are random, kept in VAR_DIR."""

import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from audit import actors as system_actors
from mlops_server.demo import authenticator
from registry import actors
from registry.models import User
from registry.roles import Role
from registry.services import factors, people


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


@dataclass(slots=True)
class Pocket:
    """What a person of the demo carries: the password, and the authenticator with its secret."""

    password: str
    secret: str = ""
    used: int = 0  # the time step of the newest code that was given out: none works twice

    def code(self) -> str:
        """A one-time code that works now, or that of the next half minute; waits where both were used."""
        now = _step()
        while self.used > now:
            time.sleep(1)
            now = _step()
        self.used = max(now, self.used + 1)
        return authenticator.code(self.secret, self.used)


def credentials_file() -> Path:
    """Where names, passwords and secrets are kept, readable by the owner alone."""
    return Path(settings.VAR_DIR) / "credentials.json"


def ensure() -> dict[str, Pocket]:
    """Make the accounts that are not there yet, with their signing factors; returns what each person carries.

    Safe to run twice.
    """
    file = credentials_file()
    known = {row["username"]: row for row in json.loads(file.read_text())} if file.exists() else {}
    pockets = {name: Pocket(row["password"], row.get("secret", "")) for name, row in known.items()}
    for member in CAST:
        pockets.setdefault(member.username, Pocket(secrets.token_urlsafe(15)))
    _store(file, pockets)
    for member in CAST:
        _ensure_account(member, pockets[member.username])
    for member in CAST:
        if member.kind == User.Kind.PERSON and member.role != Role.PLATFORM_ADMIN:
            _ensure_factor(member.username, pockets, file)
    return pockets


def _ensure_account(member: Cast, pocket: Pocket) -> None:
    if User.objects.filter(username=member.username).exists():
        return
    actor = system_actors.system("bootstrap")
    account = people.create(
        member.username,
        full_name=member.full_name,
        team=member.team,
        kind=member.kind,
        password=pocket.password,
        actor=actor,
    )
    people.grant(account, member.role, actor=actor)


def _ensure_factor(username: str, pockets: dict[str, Pocket], file: Path) -> None:
    """As the person would: enrolled with the password, confirmed with the first code.

    The secret is kept before it counts: a crash between leaves one that signs nothing, never a factor without secret.
    """
    account, pocket = User.objects.get(username=username), pockets[username]
    if factors.active(account) is not None:
        return
    actor = actors.of(account)
    made = factors.enrol(account, password=pocket.password, actor=actor)
    pocket.secret = made.secret
    _store(file, pockets)
    factors.confirm(made.factor, password=pocket.password, code=pocket.code(), actor=actor)


def _step() -> int:
    return int(time.time()) // authenticator.STEP_SECONDS


def _store(file: Path, pockets: dict[str, Pocket]) -> None:
    """Written before the accounts are made: a crash between leaves a password without an account, never the reverse."""
    rows = [
        {
            "username": one.username,
            "password": pockets[one.username].password,
            "name": one.full_name,
            "role": one.role.label,
            "secret": pockets[one.username].secret,
        }
        for one in CAST
    ]
    draft = file.with_suffix(".new")
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        json.dump(rows, target, indent=1)
    draft.replace(file)
