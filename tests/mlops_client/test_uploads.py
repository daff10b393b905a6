"""Large files in pieces, over a line that breaks where it likes."""

import hashlib
from collections.abc import Set
from pathlib import Path

import httpx
import pytest

from mlops_client import Client, NotFound, Unreachable, unfinished, uploads
from registry.models import Dataset, Ingestion, Upload
from registry.roles import Role
from tests import factories
from tests.mlops_client.conftest import URL
from tests.mlops_client.published import Judge

pytestmark = pytest.mark.django_db
CONTENT = b"AGEP,SCHL\n" + b"41,21\n" * 400


class Line(httpx.BaseTransport):
    """Breaks at the given pieces, before or after they have arrived."""

    def __init__(
        self, inner: httpx.BaseTransport, *, before: Set[int] = frozenset(), after: Set[int] = frozenset()
    ) -> None:
        self._inner, self._before, self._after = inner, before, after
        self.pieces = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "PATCH":
            return self._inner.handle_request(request)
        self.pieces += 1
        if self.pieces in self._before:
            raise httpx.WriteError("broken")
        answer = self._inner.handle_request(request)
        if self.pieces in self._after:
            raise httpx.ReadError("broken")
        return answer


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PIECE_BYTES", 1000)
    monkeypatch.setattr("mlops_client.uploads.time.sleep", lambda seconds: None)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.csv"
    file.write_bytes(CONTENT)
    return file


def over(line: httpx.BaseTransport) -> Client:
    return Client(URL, factories.token(factories.person(Role.ENGINEER)).split()[1], transport=line)


def arrived(dataset: Dataset) -> tuple[str, str, str]:
    ingestion = Ingestion.objects.get(dataset=dataset)
    assert ingestion.source is not None
    return ingestion.source_name, ingestion.format, ingestion.source.digest


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [(set(), set(), 3), ({2}, set(), 4), (set(), {1}, 3), (set(), {3}, 3), ({1, 2, 3}, {5}, 6)],
)
def test_file_in_pieces_arrives_whole_wherever_the_line_breaks(
    judge: Judge, rows: Path, before: set[int], after: set[int], sent: int
) -> None:
    dataset, line = factories.dataset(), Line(judge, before=before, after=after)
    ingestion = over(line).datasets.get(dataset.name).deliver(rows, show=False)
    assert arrived(dataset) == ("rows.csv", "csv", hashlib.sha256(CONTENT).hexdigest())
    assert (ingestion.state, ingestion.source_name, line.pieces) == ("queued", "rows.csv", sent)


def test_line_that_stays_broken_is_given_up_and_the_rest_is_kept(judge: Judge, rows: Path) -> None:
    dataset, line = factories.dataset(), Line(judge, before=set(range(2, 99)))
    with pytest.raises(Unreachable):
        over(line).datasets.get(dataset.name).deliver(rows, show=False)
    assert (line.pieces, Upload.objects.get().offset_bytes) == (1 + uploads.ATTEMPTS, 1000)


def test_upload_that_somebody_gave_up_is_not_sent_for_ever(judge: Judge, rows: Path) -> None:
    dataset = factories.dataset()

    class GivingUp(Line):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if self.pieces == 1 and request.method == "PATCH":
                address = f"/api/v1/uploads/{Upload.objects.get().pk}"
                client.session.send("DELETE", address, headers={"Tus-Resumable": "1.0.0"})
            return super().handle_request(request)

    client = over(GivingUp(judge))
    with pytest.raises(NotFound, match="given up"):
        client.datasets.get(dataset.name).deliver(rows, show=False)
    assert Ingestion.objects.count() == 0


def interrupted(judge: Judge, dataset: Dataset, rows: Path) -> None:
    """As the machine goes off after the first piece."""
    with pytest.raises(Unreachable):
        over(Line(judge, before=set(range(2, 99)))).datasets.get(dataset.name).deliver(rows, show=False)


def test_file_that_was_interrupted_goes_on_in_the_next_command(judge: Judge, rows: Path) -> None:
    dataset, line = factories.dataset(), Line(judge)
    interrupted(judge, dataset, rows)
    over(line).datasets.get(dataset.name).deliver(rows, show=False)
    assert (line.pieces, Upload.objects.count()) == (2, 1)
    assert arrived(dataset) == ("rows.csv", "csv", hashlib.sha256(CONTENT).hexdigest())
    assert unfinished.find(URL, str(dataset.pk), f"csv {hashlib.sha256(CONTENT).hexdigest()}") is None


def test_file_that_changed_in_between_is_sent_from_its_start(judge: Judge, rows: Path) -> None:
    dataset, line = factories.dataset(), Line(judge)
    interrupted(judge, dataset, rows)
    rows.write_bytes(changed := CONTENT.replace(b"41", b"42"))
    over(line).datasets.get(dataset.name).deliver(rows, show=False)
    assert (line.pieces, arrived(dataset)[2]) == (3, hashlib.sha256(changed).hexdigest())


def test_file_whose_upload_the_server_has_forgotten_is_sent_from_its_start(judge: Judge, rows: Path) -> None:
    dataset, line = factories.dataset(), Line(judge)
    interrupted(judge, dataset, rows)
    Upload.objects.all().delete()
    over(line).datasets.get(dataset.name).deliver(rows, show=False)
    assert (line.pieces, arrived(dataset)[2]) == (3, hashlib.sha256(CONTENT).hexdigest())
