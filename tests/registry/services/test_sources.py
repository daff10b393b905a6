"""Sources: what they may hold, how they move, and that one is read by one ingestion at a time."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.errors import AlreadyExists, Conflict, Invalid, NotPermitted, RevisionMismatch, Stale
from registry.models import DataSource, Ingestion
from registry.roles import Role
from registry.services import jobs, sources
from tests import factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db
SETTINGS = {"url": "s3://lake/*.csv", "format": "csv"}


def registered(**changed: Any) -> DataSource:
    """A lake that is read every minute."""
    dataset = factories.dataset()
    given = {"name": "lake", "kind": "files", "settings": SETTINGS, "interval_seconds": 60, **changed}
    return sources.register(dataset, actor=acting(dataset.system.owner), **given)


def running(source: DataSource) -> Ingestion:
    """A reading that a worker has."""
    waiting = sources.begin(source, batch={"last": "9"}, actor=factories.bootstrap())
    assert waiting is not None
    job = jobs.claim(Ingestion, str(waiting.pk), actor=factories.bootstrap())
    assert job is not None
    return job


def pointers(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [problem.pointer for problem in refused.value.problems]


def test_register_records_the_kind_and_no_setting() -> None:
    dataset = factories.dataset()
    name = f"SOURCE__{dataset.system.name.upper().replace('-', '_')}__KEY"
    source = sources.register(
        dataset, name="lake", kind="files", settings=SETTINGS, secrets={"key_id": f"env:{name}"},
        interval_seconds=60, actor=acting(dataset.system.owner),
    )  # fmt: skip
    told = recorded.newest(source)
    settings = told["data"].pop("settings")
    assert (told["event"], told["data"], len(settings)) == (
        "data_source.registered",
        {"dataset": str(dataset.pk), "kind": "files", "secrets": ["key_id"], "interval_seconds": 60},
        64,
    )
    assert (source.state, source.due_at is not None) == ("active", True)


def test_register_under_a_taken_name_is_refused() -> None:
    source = registered()
    with pytest.raises(AlreadyExists):
        sources.register(
            source.dataset, name="lake", kind="files", settings=SETTINGS, actor=acting(source.dataset.system.owner)
        )


def test_register_by_somebody_of_another_system_is_refused() -> None:
    stranger = factories.person(Role.ENGINEER, system=factories.system())
    with pytest.raises(NotPermitted):
        sources.register(factories.dataset(), name="x", kind="files", settings=SETTINGS, actor=acting(stranger))


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"password": "hunter2"}, "/settings/password"),
        ({"apiKey": "hunter2"}, "/settings/apiKey"),
        ({"headers": {"X-Auth-Token": "hunter2"}}, "/settings/headers/X-Auth-Token"),
        ({"headers": {"Cookie": "hunter2"}}, "/settings/headers/Cookie"),
        ({"url": "https://me:hunter2@example.org/"}, "/settings/url"),
        ({"url": "https://example.org/?api_key=hunter2"}, "/settings/url"),
        ({"url": "https://example.org/?X-Amz-Signature=hunter2"}, "/settings/url"),
        ({"host": "host=db password=hunter2"}, "/settings/host"),
        ({"headers": {"X-Client": "Bearer hunter2hunter2"}}, "/settings/headers/X-Client"),
        ({"parameters": ["AKIAIOSFODNN7EXAMPLE"]}, "/settings/parameters/0"),
    ],
)
def test_credential_in_the_settings_is_refused_and_not_repeated(settings: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        registered(settings=settings)
    assert pointers(refused) == [pointer]
    assert "hunter2" not in str(refused.value.problems)
    assert "by reference" in refused.value.problems[0].remedy


@pytest.mark.parametrize("reference", ["hunter2", "env:SECRET_KEY", "file:../keys/log", "file:other/key", "env:", 7])
def test_secret_that_is_no_reference_of_the_system_is_refused(reference: Any) -> None:
    with pytest.raises(Invalid) as refused:
        registered(secrets={"key_id": reference})
    assert pointers(refused) == ["/secrets/key_id"]
    assert "hunter2" not in str(refused.value.problems)


def test_settings_that_the_kind_does_not_know_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        registered(settings={"url": "s3://lake/*.csv"})
    assert pointers(refused) == ["/settings"]


def test_change_keeps_the_position_and_records_what_changed() -> None:
    source = registered()
    by = acting(source.dataset.system.owner)
    changed = sources.change(source, changes={"interval_seconds": 5}, revision=1, actor=by)
    assert (changed.interval_seconds, changed.revision) == (5, 2)
    assert recorded.newest(source)["data"] == {"changed": ["interval_seconds"], "revision": 2}
    with pytest.raises(RevisionMismatch):
        sources.change(source, changes={"name": "sea"}, revision=1, actor=by)


def test_change_while_it_is_read_is_refused() -> None:
    source = registered()
    running(source)
    with pytest.raises(Conflict, match="being read"):
        sources.change(source, changes={"name": "sea"}, revision=1, actor=acting(source.dataset.system.owner))


def test_paused_source_is_not_due_and_a_retired_one_stays_so() -> None:
    source = registered()
    by = acting(source.dataset.system.owner)
    paused = sources.pause(source, actor=by)
    resumed = sources.resume(source, actor=by)
    retired = sources.retire(source, actor=by)
    assert [(one.state, one.due_at is None) for one in (paused, resumed, retired)] == [
        ("paused", True),
        ("active", False),
        ("retired", True),
    ]
    with pytest.raises(Conflict, match="retired"):
        sources.resume(source, actor=by)
    assert recorded.names(source)[1:] == ["data_source.paused", "data_source.resumed", "data_source.retired"]


def test_read_now_makes_one_ingestion_at_a_time() -> None:
    source = registered()
    by = acting(source.dataset.system.owner)
    ingestion = sources.read_now(source, actor=by)
    with pytest.raises(Conflict, match="being read"):
        sources.read_now(source, actor=by)
    assert (ingestion.state, ingestion.source, ingestion.position) == ("queued", None, {"before": {}})
    assert recorded.newest(ingestion)["data"] == {"dataset": str(source.dataset_id), "source": str(source.pk)}


def test_begin_gives_way_to_whoever_was_quicker() -> None:
    source = registered()
    first = sources.begin(source, batch={}, actor=factories.bootstrap())
    assert first is not None
    assert sources.begin(source, batch={}, actor=factories.bootstrap()) is None


def test_nudge_takes_each_source_that_is_due_once() -> None:
    source = registered()
    assert (sources.nudge_due(), sources.nudge_due()) == (1, 0)
    wait = recorded.fresh(source).due_at - timezone.now()
    assert timedelta(seconds=50) < wait <= timedelta(seconds=60)


def test_nudge_waits_longer_for_a_source_that_fails() -> None:
    source = registered()
    for _ in range(3):
        jobs.fail(running(source), failure="No.", actor=factories.bootstrap())
    DataSource.objects.filter(pk=source.pk).update(due_at=timezone.now())
    sources.nudge_due()
    wait = recorded.fresh(source).due_at - timezone.now()
    assert timedelta(seconds=470) < wait <= timedelta(seconds=480)


def test_found_nothing_ends_the_ingestion_and_may_move_the_position() -> None:
    source = registered()
    ingestion = running(source)
    sources.found_nothing(ingestion, position={"files": {}}, actor=factories.bootstrap())
    ended = recorded.fresh(ingestion)
    assert (ended.state, ended.position["after"], recorded.fresh(source).position) == (
        "succeeded",
        {"files": {}},
        {"files": {}},
    )
    assert recorded.names(ingestion)[-1] == "ingestion.found_nothing"
    assert recorded.names(source) == ["data_source.registered", "data_source.advanced"]


def test_advance_of_a_source_that_started_over_is_refused() -> None:
    source = registered()
    ingestion = running(source)
    DataSource.objects.filter(pk=source.pk).update(position={"files": {"a": {}}})
    with pytest.raises(Stale):
        sources.found_nothing(ingestion, position={"files": {}}, actor=factories.bootstrap())
    assert recorded.fresh(ingestion).state == "running"
