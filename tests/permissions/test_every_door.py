"""Every endpoint x every role x its own and another system. A new endpoint without a line in `doors` fails here."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator

from registry.roles import ROLES_FOR, Action
from tests.permissions.doors import DOORS
from tests.permissions.rules import Door, Reach
from tests.permissions.world import Caller, World

METHODS = ("get", "post", "put", "patch", "delete")
OPENED, REFUSED, UNSEEN, UNKNOWN = "opened", "refused", "unseen", "not signed in"
#: What becomes of who may, with a body that cannot be used or a code that does not work.
UNUSABLE, UNPROVEN, EMPTY, LEAKED = "unusable", "not proven", "an empty list", "told a name"
MAY = {OPENED, UNUSABLE, UNPROVEN}


def operations() -> dict[str, tuple[str, str]]:
    """Every operation of the API by its id: method and path, as the schema that programs are generated from has it."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return {
        operation["operationId"]: (method, path)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


OPERATIONS = operations()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for every door of this module, gone at its end."""
    with django_db_blocker.unblock(), _undone():
        yield World()


def test_every_operation_has_its_line_and_every_line_its_operation() -> None:
    assert set(DOORS) == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(set(DOORS) & set(OPERATIONS)))
def test_door_opens_for_who_may_and_for_nobody_else(name: str, world: World, django_db_blocker: Any) -> None:
    door = DOORS[name]
    with django_db_blocker.unblock():
        callers = world.callers_at(door.reach)
        found = {caller.name: call(name, door, caller, world) for caller in callers}
        wanted = {caller.name: expected(door, caller) for caller in callers}
    wrong = [_line(who, found[who], wanted[who]) for who in found if found[who][0] not in wanted[who]]
    assert not wrong, "\n".join([f"{name}: {len(wrong)} of {len(found)} callers", *wrong])


def _line(who: str, found: tuple[str, int, str], wanted: set[str]) -> str:
    outcome, status, words = found
    return f"  {who}: {outcome} ({status}), wanted {' or '.join(sorted(wanted))} {words}"


def expected(door: Door, caller: Caller) -> set[str]:
    """What may become of a request; `opened` means that nothing about the person stopped it."""
    if door.reach is Reach.PUBLIC:
        return MAY
    if caller.account is None:
        return {UNKNOWN}
    if door.by_person and not caller.signs:
        return _refusals(door, caller)
    if door.reach is Reach.SIGNED_IN:
        return MAY
    if door.reach in (Reach.LISTED, Reach.LISTED_APART):
        others = {EMPTY} if door.reach is Reach.LISTED else {EMPTY, OPENED}
        return {OPENED} if _reads(caller) else others
    if caller.role in door.roles and _there(door, caller):
        return MAY
    return _refusals(door, caller)


def _there(door: Door, caller: Caller) -> bool:
    if door.reach is Reach.INSTALLATION:
        return caller.where == "everywhere"
    return caller.where in ("here", "everywhere") or door.reach is Reach.READERS


def _refusals(door: Door, caller: Caller) -> set[str]:
    match door.reach:
        case Reach.HELD:
            return {REFUSED} if caller.role and caller.where == "here" else {UNSEEN}
        case Reach.SYSTEM:
            return {REFUSED} if _reads(caller) else {UNSEEN}
        case Reach.MAKING:
            return {REFUSED} if _reads(caller) else {REFUSED, UNUSABLE}
        case Reach.READERS:
            return {REFUSED, UNSEEN, EMPTY}
    return {REFUSED, UNSEEN}


def _reads(caller: Caller) -> bool:
    return caller.role in ROLES_FOR[Action.READ] and caller.where in ("here", "everywhere")


def call(name: str, door: Door, caller: Caller, world: World) -> tuple[str, int, str]:
    """Send the request, take back whatever it did, and say what became of it."""
    method, template = OPERATIONS[name]
    with _undone():
        row, given = world.row_behind(template), door.path(world)
        path = template
        for key in ("id", "key", "digest"):
            path = path.replace(f"{{{key}}}", str(given.get(key) or getattr(row, "pk" if key == "id" else key, "")))
        for key, value in given.items():
            path = path.replace(f"{{{key}}}", str(value))
        headers = {"If-Match": f'"{getattr(row, "revision", 1)}"', **door.headers}
        sent = door.query(world) if method == "get" else door.body(world)
        kind = {} if method == "get" else {"format": "multipart" if door.form else "json"}
        if door.media_type:
            kind = {"content_type": door.media_type}
        answer = getattr(world.client(caller), method)(path, sent, headers=headers, **kind)
    outcome = LEAKED if _tells(answer, f"{path} {sent}", caller, world) else _outcome(answer)
    return outcome, answer.status_code, _words(answer)


def _tells(answer: Any, asked: str, caller: Caller, world: World) -> bool:
    """Whether somebody who does not read the system learns what something in it is called."""
    if _reads(caller):
        return False
    said = answer.getvalue().decode(errors="replace")
    return any(re.search(rf"\b{re.escape(one)}\b", said) for one in world.names if one not in asked)


def _outcome(answer: Any) -> str:
    problem = answer.json() if "problem+json" in answer.headers.get("Content-Type", "") else {}
    slug = str(problem.get("type", "")).rpartition("#")[2].rpartition("/")[2]
    assert answer.status_code < 500, answer.content[:500]
    if answer.status_code == 401:
        return UNKNOWN
    if slug in ("not-permitted", "signature-rejected"):
        return REFUSED if slug == "not-permitted" else UNPROVEN
    if answer.status_code == 404:
        return UNSEEN
    if answer.status_code in (400, 422):
        return UNUSABLE
    return EMPTY if _is_empty(answer) else OPENED


def _is_empty(answer: Any) -> bool:
    """Whether a list answers with nothing in it."""
    if answer.status_code != 200 or not answer.headers["Content-Type"].startswith("application/json"):
        return False
    shown = answer.json()
    return shown == [] or (isinstance(shown, dict) and shown.get("results") == [])


def _words(answer: Any) -> str:
    problem = answer.json() if answer.status_code >= 400 else {}
    return f"- {problem.get('title')} {problem.get('detail', '')} {problem.get('errors', '')}"[:200] if problem else ""


def _undone() -> Any:
    """A transaction that is rolled back, and that services take for the test's own."""
    return _Undone()


class _Undone:
    def __enter__(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True  # type: ignore[attr-defined]  # as Django's TestCase marks its own
        self.atomic.__enter__()

    def __exit__(self, *raised: Any) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
