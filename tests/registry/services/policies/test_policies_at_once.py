"""Two versions of a policy approved at once: one governs, whichever signature came first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from registry.errors import Conflict
from registry.models import PolicyVersion, User
from registry.roles import Role
from registry.services.policies import policies, simulation
from registry.services.signing import Credentials
from tests import factories, houses
from tests.factories import acting

Approval = tuple[PolicyVersion, User, Credentials]


def ready(version: int) -> Approval:
    """A simulated draft, and an officer who is about to sign it."""
    author, officer = factories.person(Role.POLICY_ADMIN), factories.person(Role.RISK_OFFICER)
    draft = policies.propose(houses.policy_document("credit", version=version), actor=acting(author))
    simulation.simulate(draft, actor=acting(author))
    return draft, officer, factories.credentials(officer)


def approved(approval: Approval) -> str:
    """What becomes of it, in a process of its own as far as the database can tell."""
    draft, officer, credentials = approval
    try:
        return policies.approve(draft, credentials=credentials, reason="It fits.", actor=acting(officer)).state
    except Conflict:
        return "refused"
    finally:
        connection.close()


@pytest.mark.parametrize("attempt", range(3))
def test_approve_of_three_versions_at_once_leaves_the_newest_in_force(live_database: str, attempt: int) -> None:
    factories.policy()  # The server makes its signing key at the first signature.
    waiting = [ready(version) for version in (1, 2, 3)]
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(approved, waiting))
    states = list(PolicyVersion.objects.filter(name="credit").order_by("version").values_list("state", flat=True))
    assert (said[2], states[2]) == ("effective", "effective")
    assert [state for state in states if state == "effective"] == ["effective"]
    assert {*zip(said, states, strict=True)} <= {
        ("effective", "effective"),
        ("effective", "superseded"),
        ("refused", "simulated"),
    }
