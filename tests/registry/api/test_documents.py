"""Documents, exports and texts over the API."""

import base64
import json
from typing import Any

import pytest
from django.urls import reverse

from audit.models import Event
from registry import artifacts
from registry.models import CardText, ModelVersion, User
from registry.roles import Role
from registry.services.documents import model_cards, pages
from tests import factories, recorded
from tests.clients import count_queries, signed_in

pytestmark = pytest.mark.django_db
PAGES = ("model-versions-card", "dataset-versions-datasheet", "promotions-record")
EXPORTS = {
    "model-versions-bom": "cyclonedx",
    "model-versions-statement": "provenance",
    "model-versions-signature": "oms",
    "model-versions-file": "onnx",
    "dataset-versions-croissant": "croissant",
    "promotions-statement": "decision",
}


def address(name: str, version: ModelVersion) -> str:
    """The document of the version, its data or its promotion."""
    rows = {
        "model-versions": version,
        "dataset-versions": version.dataset_version,
        "promotions": version.promotions.first(),
    }
    row = rows[name.rpartition("-")[0]]
    assert row is not None
    return reverse(name, args=[row.pk])


def writing(account: User, **changed: Any) -> dict[str, Any]:
    entered = factories.credentials(account)
    return {
        "section": "intended_use",
        "text": "To rank applications.",
        "reason": "The first text.",
        "password": entered.password,
        "code": entered.code,
        **changed,
    }


def test_card_is_the_document_of_the_records_with_its_digest_as_etag() -> None:
    version = factories.version()
    answer = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/model-versions/{version.pk}/card")
    document = model_cards.document(recorded.fresh(version))
    assert (answer.status_code, answer.json()) == (200, document)
    assert answer["ETag"] == f'"{pages.digest(document)}"'


@pytest.mark.parametrize("name", PAGES)
def test_page_comes_as_html_or_markdown_to_whoever_asks_for_it(name: str) -> None:
    path = address(name, factories.promotion().model_version)
    client = signed_in(factories.person(Role.VALIDATOR))
    html = client.get(path, HTTP_ACCEPT="text/html,application/xhtml+xml,*/*;q=0.8")
    markdown = client.get(f"{path}?format=md")
    assert [one["Content-Type"] for one in (html, markdown)] == [
        "text/html; charset=utf-8",
        "text/markdown; charset=utf-8",
    ]
    title = client.get(path).json()["title"]
    assert (f"<h1>{title}</h1>" in html.content.decode(), "<script" in html.content.decode()) == (True, False)
    assert "default-src 'none'" in html["Content-Security-Policy"]
    assert markdown.content.decode().startswith(f"# {title}\n")


@pytest.mark.parametrize(("name", "form"), EXPORTS.items())
def test_export_is_on_record(name: str, form: str) -> None:
    version = factories.approved().model_version
    answer = signed_in(factories.person(Role.AUDITOR)).get(address(name, version))
    event = Event.objects.get(event="document.exported")
    assert (answer.status_code, json.loads(bytes(event.leaf or b""))["data"]["form"]) == (200, form)
    assert answer["Content-Disposition"].startswith("attachment; filename=")


@pytest.mark.parametrize("name", [*PAGES, *EXPORTS])
def test_document_of_a_system_one_may_not_read_does_not_exist(name: str) -> None:
    path = address(name, factories.approved().model_version)
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    assert signed_in(stranger).get(path).status_code == 404
    assert Event.objects.filter(event="document.exported").count() == 0


def test_file_is_the_registered_one() -> None:
    version = factories.version()
    answer = signed_in(version.model.system.owner).get(f"/api/v1/model-versions/{version.pk}/file")
    assert answer.content == artifacts.read(version.artifact_digest)


def test_export_in_a_form_that_it_does_not_have_is_refused() -> None:
    version = factories.version()
    client = signed_in(factories.person(Role.AUDITOR))
    answer = client.get(f"/api/v1/model-versions/{version.pk}/bom", HTTP_ACCEPT="text/html")
    assert (answer.status_code, Event.objects.filter(event="document.exported").count()) == (406, 0)


def test_statement_about_a_request_that_nobody_decided_is_a_conflict() -> None:
    promotion = factories.promotion()
    answer = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/promotions/{promotion.pk}/statement")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


def test_text_by_the_systems_engineer_is_signed_and_shown() -> None:
    version = factories.version()
    author = version.model.system.owner
    answer = signed_in(author).post(f"/api/v1/model-versions/{version.pk}/texts", writing(author))
    row = CardText.objects.get()
    assert (answer.status_code, answer.json()["id"], row.text) == (201, str(row.pk), "To rank applications.")
    assert not {"password", "code", "reason"} & set(answer.json())


def test_text_of_a_datasheet_has_sections_of_its_own() -> None:
    version = factories.dataset_version()
    author = version.dataset.system.owner
    client, path = signed_in(author), f"/api/v1/dataset-versions/{version.pk}/texts"
    refused = client.post(path, writing(author))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/section")
    assert client.post(path, writing(author, section="motivation")).status_code == 201


def test_text_by_an_auditor_is_refused() -> None:
    version, auditor = factories.version(), factories.person(Role.AUDITOR)
    answer = signed_in(auditor).post(f"/api/v1/model-versions/{version.pk}/texts", writing(auditor))
    assert (answer.status_code, CardText.objects.count()) == (403, 0)


def test_text_with_a_wrong_code_is_refused() -> None:
    version = factories.version()
    author = version.model.system.owner
    answer = signed_in(author).post(f"/api/v1/model-versions/{version.pk}/texts", writing(author, code="000000"))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/signature-rejected")


def test_signing_keys_name_the_key_of_an_envelope() -> None:
    client = signed_in(factories.person(Role.AUDITOR))
    statement = client.get(f"/api/v1/model-versions/{factories.version().pk}/statement").json()
    shown = {key["name"]: key["key_id"] for key in client.get("/api/v1/signing-keys").json()}
    assert (sorted(shown), shown["signing"]) == (["oms", "signing"], statement["signatures"][0]["keyid"])
    assert json.loads(base64.b64decode(statement["payload"]))["predicateType"] == "https://slsa.dev/provenance/v1"


def test_card_takes_as_many_queries_for_three_figures_as_for_one() -> None:
    version = factories.version()
    client = signed_in(factories.person(Role.AUDITOR))
    path = f"/api/v1/model-versions/{version.pk}/card"
    factories.evidence_set(version)
    first = count_queries(client, path)
    factories.evidence_set(version, auc=0.81)
    factories.evidence_set(version, auc=0.82)
    assert count_queries(client, path) == first
