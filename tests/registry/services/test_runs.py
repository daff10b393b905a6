"""Training runs and the versions they register."""

import pytest

from audit import rows
from registry import records
from registry.errors import Conflict, Invalid, NotPermitted
from registry.models import ModelVersion, TrainingRun
from registry.roles import Role
from registry.services import runs
from tests import factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


def test_request_fixes_data_recipe_and_seed() -> None:
    run = factories.run()
    told = recorded.newest(run)
    assert (told["event"], told["data"]) == (
        "training_run.requested",
        {
            "model": str(run.model_id),
            "dataset": run.dataset_version.digest,
            "recipe": records.digest(records.without_floats(factories.RECIPE)),
            "seed": 7,
        },
    )
    assert (run.state, run.requested_by) == ("queued", run.model.system.owner)


@pytest.mark.parametrize("seed", [0, -5, 2**63 - 1])
def test_request_takes_every_seed_that_its_column_holds(seed: int) -> None:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system))
    actor = acting(model.system.owner)
    run = runs.request(model, dataset_version=data, recipe=factories.RECIPE, seed=seed, actor=actor)
    assert recorded.newest(run)["row"] == rows.digest(recorded.fresh(run))


def test_request_with_a_sensitive_feature_is_refused() -> None:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system))
    recipe = {**factories.RECIPE, "features": {"AGEP": "numeric", "SEX": "category"}}
    with pytest.raises(Invalid, match=r"Sensitive columns are never features: SEX.") as refused:
        runs.request(model, dataset_version=data, recipe=recipe, seed=1, actor=acting(model.system.owner))
    assert [problem.pointer for problem in refused.value.problems] == ["/recipe/features/SEX"]
    assert not TrainingRun.objects.filter(model=model).exists()


def test_request_on_data_that_broke_its_contract_is_refused() -> None:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system), verdict="fail")
    with pytest.raises(Invalid, match="broke its data contract"):
        factories.run(model, data=data)


def test_request_on_another_systems_data_is_refused() -> None:
    model, foreign = factories.model(), factories.dataset_version()
    with pytest.raises(Invalid, match=r"The dataset version belongs to another system."):
        factories.run(model, data=foreign)


def test_request_without_the_role_is_refused() -> None:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system))
    auditor = acting(factories.person(Role.AUDITOR))
    with pytest.raises(NotPermitted):
        runs.request(model, dataset_version=data, recipe=factories.RECIPE, seed=1, actor=auditor)


def test_complete_registers_the_next_version_and_ends_the_run() -> None:
    version = factories.version()
    run = version.run
    told = recorded.newest(version)
    assert (told["event"], told["data"]) == (
        "model_version.registered",
        {
            "model": str(version.model_id),
            "number": 1,
            "artifact": version.artifact.digest,
            "dataset": version.dataset_version.digest,
            "run": str(run.pk),
            "record": records.digest(records.model_version(recorded.fresh(version))),
        },
    )
    assert recorded.names(run) == ["training_run.requested", "training_run.started", "training_run.succeeded"]
    assert recorded.newest(run)["data"]["model_version"] == str(version.pk)
    assert (version.trained_by, recorded.fresh(run).state) == (run.requested_by, "succeeded")


def test_complete_numbers_the_versions_of_each_model() -> None:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system))
    assert [factories.version(model, data=data, bias=-n).number for n in (1.0, 2.0)] == [1, 2]


def test_complete_of_a_run_that_is_done_is_refused() -> None:
    version = factories.version()
    fitted = runs.Fitted(b"onnx", [], 0.5, {}, {}, "c" * 64, {})
    with pytest.raises(Conflict, match=r"The run is succeeded; it cannot be completed."):
        runs.complete(version.run, fitted=fitted, actor=factories.bootstrap())
    assert ModelVersion.objects.filter(model=version.model).count() == 1
