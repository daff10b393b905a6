"""Real connections at once: one second signature grants a waiver, and no finding overtakes a signature."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from registry.errors import RegistryError, RevisionMismatch
from registry.models import PromotionRequest, User, Waiver
from registry.roles import Role
from registry.services.approvals import dual_control, findings
from registry.services.approvals.findings import Wrong
from registry.services.decisions import waivers
from registry.services.decisions.waivers import Asked
from tests import databases, factories, houses, recorded
from tests.factories import acting
from tests.houses import House

pytestmark = pytest.mark.usefixtures("live_database")
RIVALS = 8


@pytest.fixture
def house(live_database: str) -> House:
    return houses.build(gates=houses.waivable_gates())


def outcomes(calls: list[Callable[[], object]]) -> list[str]:
    """All calls at once, each on a connection of its own: the state that came of it, or the refusal's name."""
    start = threading.Barrier(len(calls))

    def alone(call: Callable[[], object]) -> str:
        start.wait()
        try:
            return str(getattr(call(), "state", "done"))
        except RegistryError as error:
            return type(error).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(alone, calls))


def signature(waiver: Waiver, by: User) -> Callable[[], object]:
    proof = factories.credentials(by)
    return lambda: waivers.sign(
        waiver, reason="Covered.", credentials=proof, revision=waiver.revision, actor=acting(by)
    )


def test_eight_second_signatures_at_once_grant_a_waiver_once(house: House) -> None:
    words = Asked("By a hair.", "A person decides below 0.6.", timezone.now() + timedelta(days=30))
    request = houses.submitted(house, auc=0.81)
    waiver = waivers.request(request, gate="perf.auc.floor", asked=words, actor=acting(house.engineer))
    officer = factories.person(Role.RISK_OFFICER, system=house.system, team="risk")
    signature(waiver, officer)()
    waiver.refresh_from_db()
    rivals = [factories.person(Role.VALIDATOR, system=house.system, team=f"team {n}") for n in range(RIVALS)]
    found = outcomes([signature(waiver, rival) for rival in rivals])
    stored, request = recorded.fresh(waiver), recorded.fresh(request)
    assert found == [RevisionMismatch.__name__] * (RIVALS - 1) + ["active"]
    assert (dual_control.stands(stored), stored.revision, request.state, request.round) == (True, 3, "in_review", 2)
    assert recorded.names(waiver).count("waiver.signature_refused") == RIVALS - 1


def test_finding_waits_for_a_signature_that_is_being_made(house: House) -> None:
    request = houses.submitted(house)
    wrong, actor = Wrong("critical", "x", "y"), acting(house.reviewer)
    call = lambda: findings.raise_(request.model_version, wrong, actor=actor)  # noqa: E731
    raising = threading.Thread(target=lambda: outcomes([call]))
    with transaction.atomic():
        PromotionRequest.objects.select_for_update(no_key=True).get(pk=request.pk)  # as whoever signs holds it
        raising.start()
        _until_it_waits(raising)
        assert not request.model_version.findings.exists()
    raising.join()
    assert request.model_version.findings.count() == 1


def _until_it_waits(thread: threading.Thread) -> None:
    with databases.superuser(connection.settings_dict["NAME"]) as watcher:
        while not watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:  # type: ignore[index]
            assert thread.is_alive(), "The finding did not wait."
            time.sleep(0.01)
