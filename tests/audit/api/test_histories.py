"""Histories and ranges over the API: who may have them, what they prove, and what is refused."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from audit.tlog import checkpoint, merkle, note, ranges
from audit.tlog.verify import verify_pack
from registry.models import User
from registry.roles import Role
from tests import factories, recorded
from tests.audit.conftest import ORIGIN
from tests.clients import signed_in

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture(name="account")
def _account(signer: note.Signer) -> User:
    person = factories.person()
    factories.token(person)
    recorded.place(signer, origin=ORIGIN)
    return person


@pytest.fixture(name="auditor")
def _auditor(account: User) -> User:
    """Whose own events await their place, which hinders nobody."""
    return factories.person(Role.AUDITOR)


def asked(path: str, by: User | None, query: dict[str, Any] | None = None) -> Any:
    client = signed_in(by) if by else APIClient()
    return client.get(f"/api/v1/audit/{path}", query)


def pack_of(account: User, by: User | None) -> Any:
    return asked(f"histories/account/{account.pk}/pack", by)


def test_history_for_an_auditor_is_a_pack_that_verifies(account: User, auditor: User, signer: note.Signer) -> None:
    answer = pack_of(account, auditor)
    report = verify_pack(answer.content, [signer.verifier])
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert answer["Content-Disposition"] == f'attachment; filename="account-{account.pk}.zip"'
    assert (report.clean, report.proven["history proven complete"]) == (True, 1)


@pytest.mark.parametrize("role", [Role.PLATFORM_ADMIN, Role.CALLER])
def test_history_for_who_may_not_read_the_log_is_refused(account: User, role: Role) -> None:
    assert pack_of(account, factories.person(role)).status_code == 403


def test_history_without_signing_in_is_refused(account: User) -> None:
    assert pack_of(account, None).status_code == 401


def test_history_of_nothing_is_not_found(auditor: User) -> None:
    assert asked("histories/account/nobody/pack", auditor).status_code == 404


def test_history_with_an_event_that_awaits_its_place_is_a_conflict(account: User, auditor: User) -> None:
    factories.token(account)
    assert pack_of(account, auditor).status_code == 409


def test_range_comes_with_all_that_proves_it(account: User, auditor: User, signer: note.Signer) -> None:
    given: Any = asked("ranges", auditor, {"first": 1, "end": 2}).json()
    head = checkpoint.open_signed(given["checkpoint"].encode(), [signer.verifier]).head
    hashes = [bytes.fromhex(value) for value in given["hashes"]]
    leaves = merkle.leaf_hashes(text.encode() for text in given["entries"])
    ranges.verify(leaves, given["first"], head.size, hashes, head.root)
    assert (given["first"], given["end"], len(leaves)) == (1, 2, 1)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 422),
        ({"first": 2, "end": 2}, 422),
        ({"first": 3, "end": 2}, 422),
        ({"first": -1, "end": 2}, 422),
        ({"first": "x", "end": 2}, 422),
        ({"first": 0, "end": 1025}, 422),
        ({"first": 0, "end": 1000}, 404),
    ],
)
def test_range_that_is_none_is_refused(auditor: User, query: dict[str, Any], status: int) -> None:
    assert asked("ranges", auditor, query).status_code == status


def test_range_for_who_may_not_read_the_log_is_refused(account: User) -> None:
    assert asked("ranges", factories.person(Role.CALLER), {"first": 0, "end": 1}).status_code == 403
