"""A corpus of malformed files through the real API and worker: each is refused in words and leaves nothing behind."""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registry.models import Artifact, DatasetVersion, EvidenceSet, Ingestion
from tests import factories, recorded
from tests.clients import signed_in
from workers.tasks import ingestion

pytestmark = pytest.mark.django_db


def parquet(table: pa.Table) -> bytes:
    target = io.BytesIO()
    pyarrow.parquet.write_table(table, target)
    return target.getvalue()


def zipped(name: str, data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return target.getvalue()


def wide() -> bytes:
    return (",".join(f"c{place}" for place in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n").encode()


def damaged() -> bytes:
    """A footer that reads, and pages that do not."""
    data = bytearray(parquet(pa.table({"a": [f"text {number}" for number in range(5_000)]})))
    data[200:4_000] = b"\x00" * 3_800
    return bytes(data)


CORPUS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "truncated parquet": ("parquet", lambda: parquet(pa.table({"a": [1, 2, 3]}))[:-9], "not readable as parquet"),
    "damaged parquet": ("parquet", damaged, "not readable as parquet"),
    "csv called parquet": ("parquet", lambda: b"a,b\n1,2\n", "not readable as parquet"),
    "nested parquet": ("parquet", lambda: parquet(pa.table({"a": [[1], [2]]})), "'a' has the type list"),
    "duplicate names in parquet": (
        "parquet",
        lambda: parquet(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])),
        "more than once: 'a'",
    ),
    "mixed encodings": ("csv", lambda: "name\nJosé\n".encode() + "José\n".encode("latin-1"), "byte 14 is not UTF-8"),
    "utf-16": ("csv", lambda: "a,b\n1,2\n".encode("utf-16"), "wrong encoding"),
    "nul bytes": ("csv", lambda: b"a,b\n1,\x002\n", "NUL bytes"),
    "ten thousand columns": ("csv", wide, "10000 columns, at most 2000"),
    "duplicate names": ("csv", lambda: b"a,b,a\n1,2,3\n", "more than once: 'a'"),
    "unnamed column": ("csv", lambda: b"a,,b\n1,2,3\n", "A column has no name"),
    "ragged": ("csv", lambda: b"a,b\n1,2\n3\n", "Expected 2 columns, got 1"),
    "empty": ("csv", lambda: b"\n", "csv"),
    "header only": ("csv", lambda: b"a,b\n", "has no rows"),
    "nested json": ("jsonl", lambda: json.dumps({"a": {"b": 1}}).encode() + b"\n", "'a' has the type struct"),
    "json of two types": ("jsonl", lambda: b'{"a": 1}\n{"a": "x"}\n', "changed from number to string"),
    "json cut off": ("jsonl", lambda: b'{"a": 1}\n{"a":', "not readable as jsonl"),
    "personal data": ("csv", lambda: b"mail,n\nann@example.org,1\n", "'mail' (email)"),
    "zip bomb": ("images", lambda: zipped("a.png", bytes(4_000_000)), "'a.png' unpacks to more than 100 times"),
    "path traversal": ("images", lambda: zipped("../../etc/a.png", b"x"), "'../../etc/a.png' leads out of the archive"),
    "no image": ("images", lambda: zipped("a/b.png", b"<script>"), "'a/b.png' is no readable PNG"),
    "no archive": ("images", lambda: b"PK\x03\x04 no archive", "not readable as a zip or tar"),
}  # fmt: skip


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go, empty."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("case", CORPUS)
def test_malformed_file_is_refused_in_words_and_leaves_nothing_behind(case: str, workplace: Path) -> None:
    format, content, cause = CORPUS[case]
    dataset = factories.dataset()
    client = signed_in(dataset.system.owner)
    body = {"file": SimpleUploadedFile(f"rows.{format}", content()), "format": format}
    answer = client.post(f"/api/v1/datasets/{dataset.pk}/ingestions", body, format="multipart")
    ingestion.ingest(answer.json()["id"])
    shown = client.get(answer["Location"]).json()
    assert (answer.status_code, shown["state"], shown["dataset_version"]) == (202, "failed", None)
    assert cause in shown["failure"]
    assert str(workplace) not in shown["failure"]
    assert recorded.names(Ingestion.objects.get()) == ["ingestion.requested", "ingestion.started", "ingestion.failed"]
    assert (DatasetVersion.objects.count(), EvidenceSet.objects.count(), list(workplace.iterdir())) == (0, 0, [])
    assert [one.digest for one in Artifact.objects.all()] == [shown["source_digest"]]


def test_file_without_bytes_is_refused_at_the_door() -> None:
    dataset = factories.dataset()
    body = {"file": SimpleUploadedFile("rows.csv", b""), "format": "csv"}
    path = f"/api/v1/datasets/{dataset.pk}/ingestions"
    answer = signed_in(dataset.system.owner).post(path, body, format="multipart")
    assert (answer.status_code, Ingestion.objects.count()) == (422, 0)


def test_bom_belongs_to_no_column(workplace: Path) -> None:
    dataset = factories.dataset()
    body = {"file": SimpleUploadedFile("rows.csv", b"\xef\xbb\xbfage,n\n40,1\n"), "format": "csv"}
    path = f"/api/v1/datasets/{dataset.pk}/ingestions"
    answer = signed_in(dataset.system.owner).post(path, body, format="multipart")
    ingestion.ingest(answer.json()["id"])
    assert [column["name"] for column in DatasetVersion.objects.get().schema] == ["age", "n"]


def test_declared_personal_data_enter_as_evidence_and_never_show(workplace: Path) -> None:
    dataset = factories.dataset(purpose="To answer complaints.", personal_columns=["mail"])
    body = {"file": SimpleUploadedFile("rows.csv", b"mail,n\nann@example.org,1\nann@example.org,2\n"), "format": "csv"}
    path = f"/api/v1/datasets/{dataset.pk}/ingestions"
    answer = signed_in(dataset.system.owner).post(path, body, format="multipart")
    ingestion.ingest(answer.json()["id"])
    version = DatasetVersion.objects.get()
    (item,) = version.evidence_sets.get().items.filter(kind="personal_data")
    assert (item.attribute, item.n, item.fields["kinds"], item.fields["purpose"]) == (
        "mail", 2, {"email": 1.0}, "To answer complaints.",
    )  # fmt: skip
    assert "ann@" not in json.dumps([version.profile, version.schema, item.fields])
    assert version.profile["columns"]["mail"] == {
        "type": "string", "missing": 0, "distinct": 1, "distinct_capped": False, "personal": True,
    }  # fmt: skip
