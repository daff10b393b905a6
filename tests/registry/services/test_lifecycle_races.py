"""Real connections at once: what is retired never serves, and no row ever names bytes that a purge removed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from registry import artifacts
from registry.errors import RegistryError
from registry.models import Artifact, ModelVersion
from registry.services import artifacts as files
from registry.services import lifecycle
from registry.services.slots import assigning, rollouts
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture
def house(live_database: str) -> House:
    return houses.build()


def at_once(*calls: Callable[[], object]) -> list[str]:
    """All calls on connections of their own: done, or the refusal's name, in the calls' order."""
    start = threading.Barrier(len(calls))

    def alone(call: Callable[[], object]) -> str:
        start.wait()
        try:
            call()
        except RegistryError as error:
            return type(error).__name__
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(alone, calls))


def retire(version: ModelVersion, house: House) -> ModelVersion:
    return lifecycle.retire(version, actor=acting(house.engineer), reason="Replaced.")


@pytest.mark.parametrize("attempt", range(4))
def test_retire_and_execute_at_once_let_exactly_one_through(house: House, attempt: int) -> None:
    promotion = houses.approved(house)
    version = promotion.model_version
    found = at_once(
        lambda: retire(version, house),
        lambda: rollouts.execute(promotion, actor=acting(house.operator), reason="Due."),
    )
    serves, lifecycle_now = assigning.champion(house.slot) is not None, recorded.fresh(version).lifecycle
    assert (found.count("done"), serves, lifecycle_now) in [(1, True, "registered"), (1, False, "retired")]


@pytest.mark.parametrize("attempt", range(6))
def test_purge_and_the_same_bytes_stored_at_once_leave_row_and_file_agreed(house: House, attempt: int) -> None:
    version = houses.measured(house)
    data = artifacts.read(version.artifact_digest)
    retire(version, house)

    def store() -> None:
        with transaction.atomic(durable=True):
            files.store(data, media_type="application/onnx", actor=factories.bootstrap())

    purge = lambda: lifecycle.purge(version, actor=acting(house.engineer), reason="Its time is over.")  # noqa: E731
    assert at_once(purge, store, store) == ["done", "done", "done"]
    row = Artifact.objects.get(digest=version.artifact_digest)
    assert artifacts.exists(version.artifact_digest) == (row.purged_at is None)


def test_purges_of_two_versions_of_one_artifact_at_once_free_it_once(house: House) -> None:
    first, second = (factories.version(house.model, data=house.data, bias=-99.0) for _ in range(2))
    retire(first, house), retire(second, house)
    calls = [
        lambda: lifecycle.purge(first, actor=acting(house.engineer), reason="Over."),
        lambda: lifecycle.purge(second, actor=acting(house.engineer), reason="Over."),
    ]
    assert at_once(*calls) == ["done", "done"]
    assert recorded.names(Artifact.objects.get(digest=first.artifact_digest)) == ["artifact.stored", "artifact.purged"]
    assert not artifacts.exists(first.artifact_digest)
