"""The public log: what a stranger downloads is the tree that was signed, and nothing beyond its head."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from audit.signing import keys
from audit.tlog import canonical, checkpoint, entry, merkle, note, tiles
from tests import factories
from tests.audit.api.cosigning import cosign

FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture
def size(sequenced: Event) -> int:
    """The size of the small log."""
    return Event.objects.count()


@pytest.fixture
def long_log(event: Event) -> int:
    """A log of 600 entries: two full tiles of hashes, one of 88, and a tile of two roots above them."""
    told = entry.parse(bytes(event.leaf or b""))
    copies = [uuid4() for _ in range(600 - Event.objects.count())]
    Event.objects.bulk_create(
        Event(
            id=identity,
            leaf=canonical.encode({**told, "id": str(identity)}),
            event=event.event,
            subject_type=event.subject_type,
            subject_id=event.subject_id,
            actor=event.actor,
            at=event.at,
            request=event.request,
        )
        for identity in copies
    )
    factories.sequence()
    return 600


def fetched(path: str) -> bytes:
    answer = Client().get(f"/log/{path}")
    assert (answer.status_code, answer["Cache-Control"]) == (200, FOR_EVER)
    return answer.content


def test_checkpoint_is_signed_by_the_log_and_kept_for_a_moment(size: int) -> None:
    answer = Client().get("/log/checkpoint")
    known = note.Verifier(settings.LOG_ORIGIN, note.ED25519, keys.public(keys.LOG))
    signed = checkpoint.open_signed(answer.content, [known])
    assert (signed.head.size, answer["Cache-Control"]) == (size, "public, max-age=1, must-revalidate")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


def test_checkpoint_of_an_empty_log_is_not_found(db: None) -> None:
    assert Client().get("/log/checkpoint").status_code == 404


def test_bundle_and_tile_of_the_same_entries_fit(size: int) -> None:
    entries = tiles.decode_bundle(fetched(tiles.bundle_path(0, size)), size)
    hashes = tiles.decode_tile(fetched(tiles.tile_path(0, 0, size)), size)
    assert [merkle.leaf_hash(raw) for raw in entries] == list(hashes)
    assert [entry.parse(raw)["id"] for raw in entries] == [str(row.id) for row in Event.objects.order_by("ticket")]


def test_log_downloaded_whole_has_the_root_that_was_signed(long_log: int) -> None:
    def fetch(wanted: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[bytes, ...]]:
        widths = {(level, n): tiles.width_of(level, n, long_log) for level, n in wanted}
        return {at: tiles.decode_tile(fetched(tiles.tile_path(*at, width)), width) for at, width in widths.items()}

    signed = checkpoint.parse(note.text_of(Client().get("/log/checkpoint").content))
    assert tiles.tree_root(long_log, fetch) == signed.root


@pytest.mark.parametrize("path", [tiles.tile_path(0, 1, 7), tiles.tile_path(0, 2, 87), tiles.tile_path(1, 0, 1)])
def test_tile_of_an_older_width_is_the_start_of_todays(long_log: int, path: str) -> None:
    wanted = tiles.parse_path(path)
    assert wanted.level is not None
    width = tiles.width_of(wanted.level, wanted.n, long_log)
    assert fetched(tiles.tile_path(wanted.level, wanted.n, width)).startswith(fetched(path))
    assert len(fetched(path)) == 32 * wanted.width


@pytest.mark.parametrize(
    "path",
    ["tile/0/002", "tile/0/002.p/89", "tile/0/003.p/1", "tile/1/000.p/3", "tile/2/000.p/1", "tile/entries/002.p/89"],
)
def test_tile_beyond_the_head_is_not_found(long_log: int, path: str) -> None:
    assert Client().get(f"/log/{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["tile/0/0", "tile/00/000", "tile/0/x000/000", "tile/0/000.p/256", "tile/64/000", "tile/"]
)
def test_tile_under_another_spelling_is_not_found(long_log: int, path: str) -> None:
    assert Client().get(f"/log/{path}").status_code == 404


def test_entries_hold_no_name_and_no_words(size: int) -> None:
    raw = fetched(tiles.bundle_path(0, size))
    assert (b"Person-" in raw, b"person-" in raw) == (False, False)


def test_log_takes_no_post(size: int) -> None:
    assert Client().post("/log/checkpoint").status_code == 405


def test_tile_that_the_reader_has_is_not_sent_again(size: int) -> None:
    path = f"/log/{tiles.bundle_path(0, size)}"
    tag = Client().get(path)["ETag"]
    again = Client().get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again["ETag"], again["Cache-Control"]) == (304, b"", tag, FOR_EVER)


def test_checkpoint_that_moved_has_another_tag(size: int) -> None:
    tag = Client().get("/log/checkpoint")["ETag"]
    assert Client().get("/log/checkpoint", headers={"If-None-Match": tag}).status_code == 304
    factories.system()
    factories.sequence()
    assert Client().get("/log/checkpoint", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        (tiles.tile_path(0, 0), 2),
        (tiles.tile_path(0, 2, 88), 2),
        (tiles.tile_path(1, 0, 2), 2),
        (tiles.bundle_path(0), 3),
    ],
)
def test_file_of_the_log_takes_few_queries_whatever_it_is_made_of(long_log: int, path: str, queries: int) -> None:
    with CaptureQueriesContext(connection) as captured:
        fetched(path)
    assert len(captured) <= queries


def test_checkpoint_under_a_policy_is_the_newest_that_the_quorum_signed(
    size: int, witnesses: list[note.Cosigner]
) -> None:
    assert Client().get("/log/checkpoint").status_code == 404
    signed = cosign(*witnesses)
    factories.system()
    factories.sequence()
    cosign(witnesses[0])
    assert Client().get("/log/checkpoint").content.decode() == signed
