"""Sources from the look to the version, and that a secret is in no record, event, line or word of a failure."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db import connection
from pytest_django import Settings

from audit.models import Event
from audit.sealed import sealing
from registry.models import DatasetVersion, DataSource, Ingestion
from registry.services import sources
from tests import factories, recorded
from tests.factories import acting
from workers.ingestion import secrets
from workers.ingestion.errors import SecretMissing
from workers.tasks import ingestion
from workers.tasks import sources as tasks

pytestmark = pytest.mark.django_db
SECRET = "hunter2-of-the-lake"


@pytest.fixture
def lake(tmp_path: Path, settings: Settings) -> Path:
    """A folder that sources may read, with a file in it."""
    settings.SOURCE_ROOTS, settings.SOURCE_SECRETS_DIR = [str(tmp_path)], tmp_path / "secrets"
    (tmp_path / "a.csv").write_text("AGEP,EMPLOYED\n40,1\n41,0\n")
    return tmp_path


def source(kind: str, settings: dict[str, Any], **more: Any) -> DataSource:
    dataset = factories.dataset()
    by = acting(dataset.system.owner)
    return sources.register(dataset, name="s", kind=kind, settings=settings, interval_seconds=1, actor=by, **more)


def looked(at: DataSource) -> Ingestion | None:
    """What came of a look, once a worker has done it."""
    before = set(at.ingestions.values_list("pk", flat=True))
    tasks.look_at_source(str(at.pk))
    made = at.ingestions.exclude(pk__in=before).first()
    if made is not None:
        ingestion.ingest(str(made.pk))
        made.refresh_from_db()
    return made


def test_look_makes_a_version_of_what_is_new_and_nothing_of_the_rest(lake: Path) -> None:
    files = source("files", {"url": f"file://{lake}/*.csv", "format": "csv"})
    first, again = looked(files), looked(files)
    (lake / "b.csv").write_text("AGEP,EMPLOYED\n50,1\n")
    second = looked(files)
    assert (first is not None, again, second is not None) == (True, None, True)
    assert [one.row_count for one in DatasetVersion.objects.order_by("number")] == [2, 1]
    assert recorded.names(files) == ["data_source.registered", "data_source.advanced", "data_source.advanced"]
    assert recorded.fresh(files).position["files"].keys() == {f"{lake}/a.csv", f"{lake}/b.csv"}


def test_reading_on_request_that_finds_nothing_ends_without_a_version(lake: Path) -> None:
    files = source("files", {"url": f"file://{lake}/*.csv", "format": "csv"})
    looked(files)
    asked = sources.read_now(files, actor=acting(files.dataset.system.owner))
    ingestion.ingest(str(asked.pk))
    assert (recorded.fresh(asked).state, DatasetVersion.objects.count()) == ("succeeded", 1)
    assert recorded.names(asked)[-1] == "ingestion.found_nothing"


def test_version_that_is_refused_leaves_the_position(lake: Path) -> None:
    (lake / "a.csv").write_text("AGEP,AGEP\n40,1\n")
    files = source("files", {"url": f"file://{lake}/*.csv", "format": "csv"})
    failed = looked(files)
    assert failed is not None
    assert (failed.state, recorded.fresh(files).position, DatasetVersion.objects.count()) == ("failed", {}, 0)


def test_paused_source_is_not_looked_at(lake: Path) -> None:
    files = source("files", {"url": f"file://{lake}/*.csv", "format": "csv"})
    sources.pause(files, actor=acting(files.dataset.system.owner))
    assert (looked(files), tasks.nudge_sources()) == (None, 0)


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("database", "password", {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u", "table": "t"}),
        ("stream", "password", {"host": "127.0.0.1", "port": 1, "key": "k"}),
        ("http", "Authorization", {"url": "http://127.0.0.1:49151/", "attempts": 1}),
        ("files", "secret_key", {"url": "s3://lake/*.csv", "format": "csv", "endpoint_url": "http://127.0.0.1:1"}),
    ],
)
def test_secret_of_a_reading_that_fails_stands_nowhere(
    kind: str,
    name: str,
    told: dict[str, Any],
    lake: Path,
    settings: Settings,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.SOURCE_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    dataset = factories.dataset()
    folder = lake / "secrets" / dataset.system.name
    folder.mkdir(parents=True)
    (folder / "lake").write_text(f"{SECRET}\n")
    given = {
        name: f"file:{dataset.system.name}/lake",
        **({"key_id": f"file:{dataset.system.name}/lake"} if kind == "files" else {}),
    }
    read = sources.register(
        dataset, name="s", kind=kind, settings=told, secrets=given, actor=acting(dataset.system.owner)
    )
    asked = sources.read_now(read, actor=acting(dataset.system.owner))
    ingestion.ingest(str(asked.pk))
    printed = capfd.readouterr()
    assert recorded.fresh(asked).state == "failed"
    assert SECRET not in "\n".join([printed.out, printed.err, caplog.text, everything()])


def everything() -> str:
    """All rows of all tables, the log's entries and what is sealed beside them, opened."""
    rows = [row for model in apps.get_models() for row in model._base_manager.all()]
    told = [bytes(event.leaf or b"").decode(errors="replace") for event in Event.objects.all()]
    opened = [str(one.value) for one in sealing.opened(list(Event.objects.all()))]
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(failure, '') FROM registry_ingestion")
        (failures,) = cursor.fetchone()
    return "\n".join([serializers.serialize("json", rows), *told, *opened, failures or ""])


def test_secret_in_the_words_of_a_library_is_struck_out() -> None:
    words = "could not connect with pa/ss and pa%2Fss"
    assert secrets.without(words, {"password": "pa/ss"}) == "could not connect with … and …"


def test_secret_is_read_from_the_systems_own_folder_and_variables_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for system in ("credit", "other"):
        (tmp_path / system).mkdir()
        (tmp_path / system / "key").write_text(f"of {system}\n")
    (tmp_path / "credit" / "link").symlink_to(tmp_path / "other" / "key")
    monkeypatch.setenv("SOURCE__CREDIT__KEY", "from the environment")
    found = secrets.resolve({"a": "file:credit/key", "b": "env:SOURCE__CREDIT__KEY"}, system="credit", folder=tmp_path)
    assert found == {"a": "of credit", "b": "from the environment"}
    for reference in (
        "file:other/key",
        "file:credit/link",
        "file:credit/../other/key",
        "env:SECRET_KEY",
        "env:SOURCE__CREDIT__NONE",
    ):
        with pytest.raises(SecretMissing):
            secrets.resolve({"a": reference}, system="credit", folder=tmp_path)
