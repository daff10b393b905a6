"""The pages of sources and uploads: what they show, and what their buttons do."""

import pytest

from registry.models import DataSource, Ingestion
from registry.roles import Role
from registry.services import sources
from tests import desks, factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> DataSource:
    """A lake with a secret, read every hour."""
    dataset = factories.dataset()
    return sources.register(
        dataset,
        name="lake",
        kind="files",
        settings={"url": "s3://lake/*.csv", "format": "csv"},
        secrets={"key_id": f"file:{dataset.system.name}/lake"},
        interval_seconds=3600,
        actor=acting(dataset.system.owner),
    )


def test_page_shows_what_is_read_how_often_and_by_which_reference(source: DataSource) -> None:
    shown = desks.reader().get(desks.page(source)).content.decode()
    expected = ["s3://lake/*.csv", "every hour", source.secrets["key_id"], "Nothing was read yet."]
    assert [words for words in expected if words not in shown] == []
    assert "Read now" not in shown


def test_buttons_act_for_who_may(source: DataSource) -> None:
    client = desks.at(source.dataset.system.owner)
    assert "Read now" in client.get(desks.page(source)).content.decode()
    for act in ("read_now", "pause", "resume", "retire"):
        assert client.post(desks.page(source, act)).status_code == 302
    assert (recorded.fresh(source).state, Ingestion.objects.get().data_source) == ("retired", source)


def test_button_of_an_auditor_is_refused(source: DataSource) -> None:
    client = desks.at(factories.person(Role.AUDITOR))
    assert (client.post(desks.page(source, "pause")).status_code, recorded.fresh(source).state) == (403, "active")
