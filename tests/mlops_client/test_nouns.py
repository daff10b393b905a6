"""Each noun against the server itself: what is sent, what comes back, and both as the API's description says."""

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from mlops_client import Invalid, JobCancelled, NotFound, NotPermitted, Unusable
from registry.models import AISystem, Dataset, RegisteredModel, TrainingRun
from registry.models import Evaluation as EvaluationRow
from registry.roles import Role
from tests import factories, houses
from tests.mlops_client.conftest import ClientOf

pytestmark = pytest.mark.django_db


def test_register_system_dataset_and_model_makes_them(client_of: ClientOf) -> None:
    client, contract = client_of(factories.person(Role.ENGINEER)), {"columns": {"AGEP": {"type": "integer"}}}
    system = client.systems.register("screening", purpose="To screen.", risk_tier="minimal")
    dataset = client.datasets.register(system, "rows", licence="CC0-1.0", contract=contract)
    model = client.models.register("screening", "classifier")
    assert (AISystem.objects.get().name, str(AISystem.objects.get().pk)) == ("screening", system.id)
    assert (Dataset.objects.get().contract, str(Dataset.objects.get().pk)) == (contract, dataset.id)
    assert str(RegisteredModel.objects.get().pk) == model.id


def test_update_by_a_risk_officer_confirms_the_tier(client_of: ClientOf) -> None:
    registered = factories.system(risk_tier="limited")
    system = client_of(factories.person(Role.RISK_OFFICER)).systems.get(registered.name)
    assert system.update(risk_tier="high").risk_tier == "high"
    registered.refresh_from_db()
    assert (registered.risk_tier, registered.revision) == ("high", system.revision)


def test_get_by_id_and_by_name_gives_the_same(client_of: ClientOf) -> None:
    registered = factories.system()
    client = client_of(factories.person(Role.VALIDATOR))
    assert client.systems.get(registered.name) == client.systems.get(str(registered.pk))


def test_get_of_what_is_not_there_is_refused(client_of: ClientOf) -> None:
    client = client_of(factories.person(Role.ENGINEER))
    with pytest.raises(Unusable, match="There is no system 'nothing' that you may read"):
        client.systems.get("nothing")
    with pytest.raises(NotFound):
        client.systems.get("0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a01")


def test_train_by_names_asks_for_the_newest_data(client_of: ClientOf) -> None:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system))
    client = client_of(factories.person(Role.ENGINEER))
    run = client.train(model.name, data.dataset.name, recipe=factories.RECIPE, seed=7)
    made = TrainingRun.objects.get()
    assert (run.id, run.state, made.dataset_version, made.seed) == (str(made.pk), "queued", data, 7)


def test_train_by_an_auditor_is_refused(client_of: ClientOf) -> None:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system))
    client = client_of(factories.person(Role.AUDITOR))
    with pytest.raises(NotPermitted):
        client.train(model.name, f"{data.dataset.name}@1", recipe=factories.RECIPE, seed=7)


def test_run_that_succeeded_gives_its_version(client_of: ClientOf) -> None:
    version = factories.version()
    client = client_of(factories.person(Role.VALIDATOR))
    run = client.runs.get(str(version.run_id)).follow(show=False)
    assert (run.version.id, run.version.name) == (str(version.pk), str(version))
    assert [one.id for one in client.models.get(version.model.name).versions()] == [str(version.pk)]


def test_run_that_has_not_ended_has_no_version_yet(client_of: ClientOf) -> None:
    run = client_of(factories.person(Role.ENGINEER)).runs.get(str(factories.run().pk))
    with pytest.raises(Unusable, match="has made nothing yet"):
        _ = run.version
    with pytest.raises(TimeoutError):
        run.follow(show=False, timeout_seconds=0)


def test_version_by_name_and_number_is_found(client_of: ClientOf) -> None:
    version = factories.version()
    client = client_of(factories.person(Role.VALIDATOR))
    assert client.versions.get(f"{version.model.name}@1").id == str(version.pk)
    assert client.versions.get(str(version)).id == str(version.pk)
    with pytest.raises(Unusable, match=f"has no version 2.\n  -> The newest is {version.model.name}@1."):
        client.versions.get(f"{version.model.name}@2")


def test_evaluate_on_other_data_measures_all_its_rows(client_of: ClientOf) -> None:
    version = factories.version()
    other = factories.dataset_version(version.dataset_version.dataset, rows=50)
    client = client_of(factories.person(Role.ENGINEER))
    on_own, on_other = client.evaluate(str(version.pk)), client.evaluate(str(version.pk), data=str(other.pk))
    assert (on_own.split, on_other.split) == ("holdout", "all")


def test_request_puts_a_version_before_the_gates(client_of: ClientOf) -> None:
    house = houses.build()
    version = houses.measured(house, auc=0.7)
    client = client_of(house.engineer)
    draft = client.promotions.draft(
        f"{house.model.name}@{version.number}", slot=house.slot.key, policy=house.policy.name, reason="It ranks better."
    )
    assert (draft.state, draft.submit().state) == ("draft", "blocked")
    assert [(gate["gate"], gate["verdict"]) for gate in draft.gates] == [
        ("data.contract", "pass"),
        ("perf.auc.floor", "fail"),
    ]
    assert draft.withdraw("It is not good enough.").state == "withdrawn"


def test_slot_predicts_and_takes_outcomes(client_of: ClientOf) -> None:
    house = houses.build()
    houses.executed(house)
    caller = factories.person(Role.CALLER, Role.OPERATOR)
    slot = client_of(caller).slots.get(house.slot.key)
    rows = [{"AGEP": 41, "SCHL": 21, "who": "p-1", "SEX": 2}, {"AGEP": 30, "SCHL": 16, "who": "p-2", "SEX": 1}]
    answers = slot.predict(rows, entity="who", attributes=["SEX"])
    assert [type(one.score) for one in answers] == [float, float]
    assert (slot.serving, len({one.id for one in answers})) == (f"{house.model.name} v1", 2)
    assert slot.report({answers[0].id: 1, answers[1].id: False}) == 2
    with pytest.raises(Unusable, match=f"of prediction {answers[1].id} is missing or not finite"):
        slot.report({answers[0].id: 0, answers[1].id: float("nan")})
    with pytest.raises(Invalid, match="/outcomes/0/value"):
        slot.report({answers[0].id: 0.5})
    assert [one["champion_name"] for one in slot.history()] == [f"{house.model.name} v1"]


def test_run_is_cancelled_and_its_log_read(client_of: ClientOf) -> None:
    run = client_of(factories.person(Role.ENGINEER)).runs.get(str(factories.run().pk))
    assert run.cancel("The wrong data.").state == "cancelled"
    assert all(isinstance(line.text, str) for line in run.lines())
    with pytest.raises(JobCancelled):
        run.follow(show=False)


def test_run_that_succeeded_is_done_again(client_of: ClientOf) -> None:
    run = client_of(factories.person(Role.ENGINEER)).runs.get(str(factories.version().run_id))
    reproduction = run.reproduce()
    assert (reproduction.run, reproduction.state, reproduction.verdict) == (run.id, "queued", "")
    assert [one.id for one in run.reproductions()] == [reproduction.id]


def test_source_is_registered_read_paused_and_retired(client_of: ClientOf, tmp_path: Path, settings: Settings) -> None:
    settings.SOURCE_ROOTS = [str(tmp_path)]
    client = client_of(factories.person(Role.ENGINEER))
    where = {"url": f"file://{tmp_path}/*.csv", "format": "csv"}
    source = client.sources.register(factories.dataset().name, "landing", kind="files", settings=where)
    assert (source.pause().state, source.resume().state) == ("paused", "active")
    assert source.update(interval_seconds=3600).interval_seconds == 3600
    assert [one.id for one in client.sources.all(dataset=source.dataset)] == [source.id]
    assert source.read_now().dataset == source.dataset
    other = client.sources.register(source.dataset, "outbox", kind="files", settings=where)
    assert other.retire().state == "retired"


def test_explanation_is_asked_for_and_cancelled(client_of: ClientOf) -> None:
    version = factories.version()
    client = client_of(factories.person(Role.VALIDATOR, Role.ENGINEER))
    asked = client.explanations.request(str(version.pk), settings={"rows": 20})
    assert (asked.kind, asked.state, asked.cancel().state) == ("global", "queued", "cancelled")
    assert [one.id for one in client.explanations.all(model_version=str(version.pk))] == [asked.id]


def test_evaluate_takes_settings(client_of: ClientOf) -> None:
    version = factories.version()
    client = client_of(factories.person(Role.ENGINEER))
    asked = client.evaluate(str(version.pk), settings={"curves": True})
    assert EvaluationRow.objects.get(pk=asked.id).settings["curves"] is True


def test_monitor_is_set_up_changed_asked_and_read(client_of: ClientOf) -> None:
    house = houses.build()
    client = client_of(house.operator)
    monitor = client.monitors.create(house.slot.key, "inputs", kind="drift", cadence_seconds=3600)
    changed = monitor.change(parameters={"fdr": 0.1}, enabled=True)
    assert (changed.parameters, changed.revision, changed.arm) == ({"fdr": 0.1}, 2, "champion")
    assert monitor.run().next_due_at < changed.created_at + timedelta(hours=1)
    assert client.monitors.get("inputs").id == monitor.id
    assert (list(monitor.runs()), list(monitor.calibrations())) == ([], [])
    assert {one["kind"] for one in client.monitors.kinds()} >= {"drift", "detector"}


def test_monitor_that_cannot_be_names_what_is_wrong(client_of: ClientOf) -> None:
    house = houses.build()
    client = client_of(house.operator)
    with pytest.raises(Invalid, match="fdr"):
        client.monitors.create(house.slot.key, "inputs", kind="drift", cadence_seconds=60, parameters={"fdr": 2})
