"""Datasets, deliveries and versions over the API."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import Event
from registry.models import Dataset, Ingestion
from registry.roles import Role
from registry.services import sources
from tests import factories
from tests.clients import signed_in

pytestmark = pytest.mark.django_db


def delivered(dataset: Dataset, client: Any, **changed: Any) -> Any:
    file = SimpleUploadedFile("people.csv", b"AGEP,SEX\n40,1\n", content_type="text/csv")
    body = {"file": file, "format": "csv", **changed}
    return client.post(f"/api/v1/datasets/{dataset.pk}/ingestions", body, format="multipart")


def test_register_with_a_contract_keeps_it() -> None:
    system = factories.system()
    contract = {"columns": {"AGEP": {"type": "integer", "minimum": 0}}}
    body = {
        "system": str(system.pk),
        "name": "census",
        "licence": "CC0-1.0",
        "sensitive_columns": ["SEX"],
        "contract": contract,
    }
    answer = signed_in(system.owner).post("/api/v1/datasets", body)
    assert (answer.status_code, {key: answer.json()[key] for key in body}) == (201, body)


def test_register_with_a_contract_that_cannot_be_read_points_at_it() -> None:
    system = factories.system()
    body = {
        "system": str(system.pk),
        "name": "census",
        "licence": "CC0-1.0",
        "contract": {"columns": {"AGEP": {"type": "age"}}},
    }
    answer = signed_in(system.owner).post("/api/v1/datasets", body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/contract"])


def test_register_with_text_that_no_record_can_hold_is_refused() -> None:
    system = factories.system()
    contract = {"columns": {"AGEP": {"allowed": ["a\0b"]}}}
    body = {"system": str(system.pk), "name": "census", "licence": "CC0-1.0", "contract": contract}
    answer = signed_in(system.owner).post("/api/v1/datasets", body)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


def test_ingestion_by_an_engineer_is_accepted_and_says_where_to_watch() -> None:
    dataset = factories.dataset()
    client = signed_in(dataset.system.owner)
    answer = delivered(dataset, client)
    watched = client.get(answer["Location"])
    assert (answer.status_code, watched.json()) == (202, answer.json())
    assert (watched.json()["state"], watched.json()["source_name"]) == ("queued", "people.csv")


def test_ingestion_carries_the_id_of_its_request_into_the_log() -> None:
    dataset = factories.dataset()
    answer = delivered(dataset, signed_in(dataset.system.owner))
    event = Event.objects.get(event="ingestion.requested", subject_id=answer.json()["id"])
    assert event.request == answer["X-Request-ID"]


def test_ingestion_by_an_auditor_is_refused() -> None:
    answer = delivered(factories.dataset(), signed_in(factories.person(Role.AUDITOR)))
    assert (answer.status_code, Ingestion.objects.count()) == (403, 0)


def test_ingestion_in_an_unknown_format_names_the_field() -> None:
    dataset = factories.dataset()
    answer = delivered(dataset, signed_in(dataset.system.owner), format="xlsx")
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/format"])


def test_ingestion_sent_as_json_is_the_wrong_media_type() -> None:
    dataset = factories.dataset()
    answer = signed_in(dataset.system.owner).post(f"/api/v1/datasets/{dataset.pk}/ingestions", {"format": "csv"})
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-media-type")


def test_version_shows_its_profile_in_detail_only() -> None:
    version = factories.dataset_version()
    client = signed_in(factories.person(Role.DPO))
    (listed,) = client.get("/api/v1/dataset-versions").json()["results"]
    detail = client.get(f"/api/v1/dataset-versions/{version.pk}").json()
    assert detail == {**listed, "schema": version.schema, "profile": version.profile}


def test_ingestion_that_succeeded_names_its_version() -> None:
    version = factories.dataset_version()
    shown = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/ingestions/{version.ingestion_id}").json()
    assert (shown["state"], shown["progress_percent"], shown["dataset_version"]) == ("succeeded", 100, str(version.pk))


def test_register_with_personal_columns_shows_them_with_their_purpose() -> None:
    system = factories.system()
    body = {
        "system": str(system.pk),
        "name": "people",
        "licence": "CC0-1.0",
        "purpose": "To answer complaints.",
        "personal_columns": ["mail"],
    }
    answer = signed_in(system.owner).post("/api/v1/datasets", body)
    assert (answer.status_code, {key: answer.json()[key] for key in body}) == (201, body)


def test_ingestion_from_a_source_has_no_digest_of_a_file() -> None:
    dataset = factories.dataset()
    settings = {"url": "s3://bucket/rows.csv", "format": "csv"}
    owner = factories.acting(dataset.system.owner)
    source = sources.register(dataset, name="lake", kind="files", settings=settings, actor=owner)
    waiting = sources.read_now(source, actor=owner)
    shown = signed_in(source.dataset.system.owner).get(f"/api/v1/ingestions/{waiting.pk}").json()
    assert (shown["source_digest"], shown["data_source"], shown["position"]) == (None, str(source.pk), {"before": {}})
