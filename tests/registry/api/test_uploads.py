"""Uploads in pieces over the API, as the tus 1.0 protocol has them."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.models import Dataset, Upload
from registry.roles import Role
from tests import factories
from tests.clients import signed_in

pytestmark = pytest.mark.django_db
ROWS = b"AGEP,SEX\n40,1\n"
TUS = {"Tus-Resumable": "1.0.0"}


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def created(client: Any, dataset: Dataset, **headers: str) -> Any:
    told = {"Upload-Metadata": f"filename {encoded(b'rows.csv')},format {encoded(b'csv')}"}
    sent = {**TUS, "Upload-Length": str(len(ROWS)), **told, **headers}
    return client.post(f"/api/v1/datasets/{dataset.pk}/uploads", headers=sent)


def patched(client: Any, address: str, data: bytes, offset: int, **headers: str) -> Any:
    sent = {**TUS, "Upload-Offset": str(offset), **headers}
    return client.patch(address, data, content_type="application/offset+octet-stream", headers=sent)


@pytest.fixture
def dataset() -> Dataset:
    return factories.dataset()


def test_upload_is_created_asked_and_completed(dataset: Dataset) -> None:
    client = signed_in(dataset.system.owner)
    opened = created(client, dataset)
    address = opened["Location"]
    first = patched(client, address, ROWS[:5], 0)
    asked = client.head(address, headers=TUS)
    second = patched(client, address, ROWS[5:], 5)
    shown = client.get(address).json()
    assert [one.status_code for one in (opened, first, asked, second)] == [201, 204, 200, 204]
    assert (first["Upload-Offset"], asked["Upload-Offset"], asked["Upload-Length"]) == ("5", "5", "14")
    assert (asked["Cache-Control"], asked["Tus-Resumable"], "Upload-Expires" in asked) == ("no-store", "1.0.0", True)
    assert (shown["state"], shown["offset_bytes"]) == ("complete", 14)
    assert client.get(f"/api/v1/ingestions/{shown['ingestion']}").json()["source_name"] == "rows.csv"


def test_options_say_what_the_server_can_do(dataset: Dataset) -> None:
    answer = signed_in(dataset.system.owner).options(f"/api/v1/datasets/{dataset.pk}/uploads")
    assert (answer.status_code, answer["Tus-Version"]) == (204, "1.0.0")
    assert answer["Tus-Extension"] == "creation,expiration,checksum,termination"
    assert answer["Tus-Max-Size"] == str(512 * 1024 * 1024)


def test_piece_at_the_wrong_offset_is_a_conflict(dataset: Dataset) -> None:
    client = signed_in(dataset.system.owner)
    answer = patched(client, created(client, dataset)["Location"], ROWS, 3)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


def test_piece_with_the_wrong_checksum_is_460_and_the_right_one_is_kept(dataset: Dataset) -> None:
    client = signed_in(dataset.system.owner)
    address = created(client, dataset)["Location"]
    sums = [encoded(hashlib.sha256(data).digest()) for data in (b"other", ROWS)]
    answers = [patched(client, address, ROWS, 0, **{"Upload-Checksum": f"sha256 {one}"}) for one in sums]
    assert [answer.status_code for answer in answers] == [460, 204]
    assert answers[0].json()["type"] == "/problems/checksum-mismatch"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "many"}, 422),
        ({"Upload-Length": str(10**12)}, 413),
        ({"Upload-Metadata": "filename ?"}, 422),
        ({"Upload-Metadata": ""}, 422),
    ],
)
def test_creation_that_cannot_be_used_is_refused(dataset: Dataset, headers: dict[str, str], status: int) -> None:
    answer = created(signed_in(dataset.system.owner), dataset, **headers)
    assert (answer.status_code, answer["Tus-Version"], Upload.objects.count()) == (status, "1.0.0", 0)


def test_piece_in_another_media_type_is_refused(dataset: Dataset) -> None:
    client = signed_in(dataset.system.owner)
    address = created(client, dataset)["Location"]
    answer = client.patch(address, {}, headers={**TUS, "Upload-Offset": "0"})
    assert answer.status_code == 415


def test_upload_that_was_given_up_is_gone(dataset: Dataset) -> None:
    client = signed_in(dataset.system.owner)
    address = created(client, dataset)["Location"]
    ended = client.delete(address, headers=TUS)
    answers = [
        client.head(address, headers=TUS),
        patched(client, address, ROWS, 0),
        client.delete(address, headers=TUS),
    ]
    assert (ended.status_code, [one.status_code for one in answers]) == (204, [410, 410, 410])


def test_upload_that_took_too_long_is_gone(dataset: Dataset) -> None:
    client = signed_in(dataset.system.owner)
    address = created(client, dataset)["Location"]
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert patched(client, address, ROWS, 0).status_code == 410


def test_auditor_reads_uploads_and_sends_none(dataset: Dataset) -> None:
    address = created(signed_in(dataset.system.owner), dataset)["Location"]
    client = signed_in(factories.person(Role.AUDITOR))
    assert (client.get(address).status_code, patched(client, address, ROWS, 0).status_code) == (200, 403)


def test_stranger_finds_no_upload(dataset: Dataset) -> None:
    address = created(signed_in(dataset.system.owner), dataset)["Location"]
    client = signed_in(factories.person(Role.ENGINEER, system=factories.system()))
    assert [client.get(address).status_code, patched(client, address, ROWS, 0).status_code] == [404, 404]
    assert created(client, dataset).status_code == 404
