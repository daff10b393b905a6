"""What looks are compared with: made once, on record, shared by all; what is not there is said."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connections

from audit.actors import system
from monitoring.models import ReferenceProfile
from monitoring.services import profiles
from monitoring.services.profiles import Missing, References
from registry import artifacts
from registry.models import ModelVersion
from tests import factories, recorded
from tests.monitoring.services import held
from tests.monitoring.services.held import Held

WORKER = system("worker")


@pytest.mark.django_db
def test_inputs_are_profiled_once_and_on_record() -> None:
    version = factories.version()
    first, second = (References(WORKER).inputs(version) for _ in range(2))
    row = ReferenceProfile.objects.get()
    assert [column.name for column in first.columns] == ["AGEP", "SCHL"]
    assert first is second
    assert (row.kind, row.n, recorded.names(row)) == (
        "inputs",
        version.dataset_version.row_count,
        ["reference_profile.made"],
    )


@pytest.mark.django_db
def test_versions_of_the_same_data_and_columns_share_a_profile() -> None:
    first = factories.version()
    second = factories.version(first.model, data=first.dataset_version, bias=-7.0)
    for version in (first, second):
        References(WORKER).inputs(version)
    assert ReferenceProfile.objects.count() == 1


@pytest.mark.django_db
def test_answers_are_kept_with_their_truth_and_asked_for_once() -> None:
    version, models = factories.version(), Held()
    found = [References(WORKER, models).answers(version) for _ in range(2)]
    assert np.array_equal(found[1].truth, models.answers.truth)
    assert (models.asked, ReferenceProfile.objects.get().n) == (1, held.ROWS)


@pytest.mark.django_db
def test_answers_of_very_many_rows_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "MOST_ANSWERS", 500)
    models = Held()
    kept = References(WORKER, models).answers(factories.version())
    assert len(kept) == 500
    assert set(kept.score) <= set(models.answers.score)


@pytest.mark.django_db
def test_answers_without_a_worker_are_missing() -> None:
    with pytest.raises(Missing, match="a worker must look"):
        References(WORKER).answers(factories.version())


@pytest.mark.django_db
def test_data_that_are_gone_are_missing() -> None:
    version = factories.version()
    artifacts.remove(version.dataset_version.digest)
    with pytest.raises(Missing, match="are gone"):
        References(WORKER).inputs(version)
    assert not ReferenceProfile.objects.exists()


def test_two_workers_at_once_leave_one_profile(live_database: str) -> None:
    version = factories.version()

    def made(_: int) -> int:
        try:
            return References(WORKER).inputs(ModelVersion.objects.get(pk=version.pk)).rows
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(made, range(4))) == {version.dataset_version.row_count}
    assert ReferenceProfile.objects.count() == 1
