"""Sources over the API."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.models import DataSource
from registry.roles import Role
from tests import factories
from tests.clients import signed_in

pytestmark = pytest.mark.django_db


def body(**changed: Any) -> dict[str, Any]:
    settings = {"url": "s3://lake/*.csv", "format": "csv"}
    return {"name": factories.name("lake"), "kind": "files", "settings": settings, "interval_seconds": 60, **changed}


def registered(client: Any, dataset: Any, **changed: Any) -> Any:
    return client.post("/api/v1/sources", {"dataset": str(dataset.pk), **body(**changed)})


def test_register_shows_what_is_read_and_how_often() -> None:
    dataset = factories.dataset()
    asked = body()
    answer = signed_in(dataset.system.owner).post("/api/v1/sources", {"dataset": str(dataset.pk), **asked})
    shown = answer.json()
    assert (answer.status_code, answer["ETag"], {name: shown[name] for name in asked}) == (201, '"1"', asked)
    assert (shown["state"], shown["position"], shown["secrets"]) == ("active", {}, {})


def test_register_with_a_credential_names_the_field_and_the_remedy() -> None:
    dataset = factories.dataset()
    settings = {"host": "db.example.org", "database": "d", "user": "u", "table": "t", "password": "hunter2"}
    answer = registered(signed_in(dataset.system.owner), dataset, kind="database", settings=settings)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/settings/password")
    assert "env:NAME" in error["remedy"]
    assert "hunter2" not in answer.content.decode()


def test_read_is_accepted_and_says_where_to_watch() -> None:
    dataset = factories.dataset()
    client = signed_in(dataset.system.owner)
    source = registered(client, dataset).json()
    answer = client.post(f"/api/v1/sources/{source['id']}/read")
    watched = client.get(answer["Location"])
    again = client.post(f"/api/v1/sources/{source['id']}/read")
    assert (answer.status_code, watched.json()["state"], again.status_code) == (202, "queued", 409)


def test_update_needs_the_revision_that_was_read() -> None:
    dataset = factories.dataset()
    client = signed_in(dataset.system.owner)
    address = f"/api/v1/sources/{registered(client, dataset).json()['id']}"
    changes = {"interval_seconds": 5, "start_over": True}
    answers = [client.patch(address, changes, headers=headers) for headers in ({}, {"If-Match": '"1"'})]
    assert [answer.status_code for answer in answers] == [428, 200]
    assert (answers[1].json()["interval_seconds"], answers[1]["ETag"]) == (5, '"2"')


def test_pause_resume_retire_answer_with_the_source() -> None:
    dataset = factories.dataset()
    client = signed_in(dataset.system.owner)
    address = f"/api/v1/sources/{registered(client, dataset).json()['id']}"
    states = [client.post(f"{address}/{step}").json()["state"] for step in ("pause", "resume", "retire")]
    assert states == ["paused", "active", "retired"]


def test_auditor_reads_sources_and_changes_none() -> None:
    dataset = factories.dataset()
    source = registered(signed_in(dataset.system.owner), dataset).json()
    client = signed_in(factories.person(Role.AUDITOR))
    assert client.get(f"/api/v1/sources/{source['id']}").json() == source
    assert client.post(f"/api/v1/sources/{source['id']}/read").status_code == 403


def test_list_takes_as_many_queries_for_one_source_as_for_three() -> None:
    dataset = factories.dataset()
    client = signed_in(dataset.system.owner)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            registered(client, dataset)
        with CaptureQueriesContext(connection) as captured:
            assert len(client.get("/api/v1/sources").json()["results"]) == DataSource.objects.count()
        counts.append(len(captured))
    assert counts[0] == counts[1]
