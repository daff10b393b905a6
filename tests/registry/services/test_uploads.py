"""Uploads: pieces that stay, a whole that becomes an ingestion, and what is refused on the way."""

import base64
import hashlib
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry import artifacts, pieces
from registry.errors import ChecksumMismatch, Conflict, Gone, Invalid, NotPermitted, TooLarge
from registry.models import Ingestion, Upload
from registry.roles import Role
from registry.services import uploads
from registry.services.uploads import Checksum
from tests import factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db
ROWS = b"AGEP,SEX\n40,1\n"


def opened(length: int = len(ROWS), **changed: Any) -> Upload:
    dataset = factories.dataset()
    given = {"name": "rows.csv", "format": "csv", "length_bytes": length, **changed}
    return uploads.open(dataset, actor=acting(dataset.system.owner), **given)


def sent(upload: Upload, data: bytes, *, offset: int, **options: Any) -> Upload:
    return uploads.append(upload, io.BytesIO(data), offset=offset, actor=acting(upload.uploaded_by), **options)


def kept(upload: Upload) -> bytes:
    return pieces.joined(upload.pk, recorded.fresh(upload).parts).read()


class Broken(io.BytesIO):
    """A line that breaks after what it holds."""

    def read(self, size: int | None = -1) -> bytes:
        chunk = super().read(size)
        if not chunk:
            raise OSError("connection reset")
        return chunk


def test_pieces_become_one_ingestion_of_the_whole_file(django_capture_on_commit_callbacks: Any) -> None:
    upload = opened()
    with django_capture_on_commit_callbacks(execute=False) as after:
        sent(upload, ROWS[:5], offset=0)
        done = sent(recorded.fresh(upload), ROWS[5:], offset=5)
    ingestion = done.ingestion
    assert ingestion is not None
    assert ingestion.source is not None
    assert (done.state, done.parts, ingestion.source_name, ingestion.format) == ("complete", [], "rows.csv", "csv")
    assert artifacts.read(ingestion.source.digest) == ROWS
    assert recorded.names(done) == ["upload.opened", "upload.completed"]
    assert recorded.newest(done)["data"] == {"ingestion": str(ingestion.pk), "digest": hashlib.sha256(ROWS).hexdigest()}
    assert len(after) == 2  # the pieces go, and a worker is asked


def test_open_of_more_than_the_limit_is_refused(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 10
    with pytest.raises(TooLarge):
        opened(11)
    assert not Upload.objects.exists()


@pytest.mark.parametrize("changed", [{"length": 0}, {"format": "xlsx"}, {"name": ""}])
def test_open_of_what_can_become_no_version_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        opened(**changed)


def test_append_by_somebody_of_another_system_is_refused() -> None:
    upload, stranger = opened(), factories.person(Role.ENGINEER, system=factories.system())
    with pytest.raises(NotPermitted):
        uploads.append(upload, io.BytesIO(ROWS), offset=0, actor=acting(stranger))


def test_append_at_another_offset_is_refused_and_keeps_nothing() -> None:
    upload = sent(opened(), ROWS[:5], offset=0)
    for offset in (0, 4, 6):
        with pytest.raises(Conflict, match="at byte 5"):
            sent(upload, b"x", offset=offset)
    assert (recorded.fresh(upload).offset_bytes, kept(upload)) == (5, ROWS[:5])


def test_append_by_two_at_once_counts_one_of_them() -> None:
    upload = opened()
    stale = recorded.fresh(upload)
    sent(upload, ROWS[:5], offset=0)
    with pytest.raises(Conflict):
        sent(stale, ROWS[:5], offset=0)
    assert kept(upload) == ROWS[:5]


def test_append_with_a_wrong_checksum_keeps_nothing() -> None:
    upload = opened()
    with pytest.raises(ChecksumMismatch):
        sent(upload, ROWS, offset=0, checksum=Checksum(hashlib.sha256(b"other").digest()))
    assert (recorded.fresh(upload).offset_bytes, recorded.fresh(upload).parts) == (0, [])
    right = Checksum.parse("sha256 " + base64.b64encode(hashlib.sha256(ROWS).digest()).decode())
    assert sent(upload, ROWS, offset=0, checksum=right).state == "complete"


@pytest.mark.parametrize("header", ["md5 AAAA", "sha256", "sha256 AAAA", "sha256 ÄÄ"])
def test_checksum_that_cannot_be_read_is_refused(header: str) -> None:
    with pytest.raises(Invalid):
        Checksum.parse(header)


def test_append_over_a_line_that_breaks_keeps_what_came() -> None:
    upload = opened()
    broken = uploads.append(upload, Broken(ROWS[:7]), offset=0, actor=acting(upload.uploaded_by))
    assert (broken.offset_bytes, kept(upload)) == (7, ROWS[:7])


def test_append_of_a_large_piece_is_kept_stretch_by_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "KEPT_BYTES", 4)
    upload = sent(opened(), ROWS[:10], offset=0)
    assert (upload.offset_bytes, len(upload.parts), kept(upload)) == (10, 3, ROWS[:10])


def test_append_of_more_than_was_announced_is_refused() -> None:
    upload = opened()
    with pytest.raises(TooLarge):
        sent(upload, ROWS + b"x", offset=0)
    assert recorded.fresh(upload).offset_bytes == 0


def test_abort_removes_the_pieces_and_is_final(django_capture_on_commit_callbacks: Any) -> None:
    upload = sent(opened(), ROWS[:5], offset=0)
    with django_capture_on_commit_callbacks(execute=True):
        uploads.abort(upload, actor=acting(upload.uploaded_by))
    with pytest.raises(Gone):
        sent(recorded.fresh(upload), ROWS[5:], offset=5)
    with pytest.raises(FileNotFoundError):
        pieces.joined(upload.pk, upload.parts).read()
    assert recorded.newest(upload)["data"] == {"because": "asked", "offset_bytes": 5}


def test_expire_ends_what_took_too_long_and_finishes_what_a_crash_left_whole() -> None:
    late, whole, young = opened(), opened(), opened()
    Upload.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    names = [pieces.put(whole.pk, [ROWS])]
    Upload.objects.filter(pk=whole.pk).update(offset_bytes=len(ROWS), parts=names)
    assert uploads.expire(actor=factories.bootstrap()) == 2
    assert [recorded.fresh(one).state for one in (late, whole, young)] == ["aborted", "complete", "open"]
    assert Ingestion.objects.get().upload == whole
    assert uploads.expire(actor=factories.bootstrap()) == 0


def test_joined_pieces_can_be_read_again_from_the_start() -> None:
    upload = opened()
    names = [pieces.put(upload.pk, [part]) for part in (b"ab", b"", b"cde")]
    whole = pieces.joined(upload.pk, names)
    assert (whole.read(3), whole.read(), whole.seek(0), whole.read()) == (b"abc", b"de", 0, b"abcde")
