"""A database that was taken back in time signs nothing until a person decides; then it goes on under a new name."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from audit.database import grants
from audit.models import Checkpoint, Event
from audit.outside import continuity
from audit.signing import keys, rotation
from audit.tlog import checkpoint, entry, note
from tests import databases, factories
from tests.audit import outside
from tests.audit.tlog import examples

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.LOG_PUBLISH_DIR = tmp_path / "published"
    settings.SIGNING_KEY_DIR = tmp_path / "keys"
    settings.WITNESS_TIMEOUT_SECONDS = 2.0
    return tmp_path


def once() -> None:
    with databases.acting_as(grants.SEQUENCER):
        call_command("sequencer", "--once")


def resume() -> str:
    databases.by_owner(
        call_command, "resume_log", "--as", factories.person().username, "--reason", "Disk lost; backup of Monday."
    )
    return continuity.origin()


def go_back(count: int = 3, *, published: int = 5) -> tuple[int, int]:
    """Publish, go on, and restore the backup from before; the sizes of the database and of what is outside."""
    outside.happen(count)
    size = outside.place()
    outside.publish()
    with outside.back_in_time():
        outside.happen(published)
        ahead = outside.place()
        outside.publish()
    return size, ahead


def test_check_of_a_new_log_finds_nothing() -> None:
    continuity.check()
    outside.place()
    continuity.check()


def test_check_of_a_published_log_that_went_on_finds_nothing() -> None:
    outside.place()
    outside.publish()
    outside.happen(300)
    outside.place()
    continuity.check()


def test_restored_backup_refuses_to_sign_and_names_both_sizes() -> None:
    size, ahead = go_back()
    outside.happen()
    heads = Checkpoint.objects.count()
    with pytest.raises(CommandError, match=f"remembers {ahead} entries, signed by .*; the database has {size}"):
        once()
    assert Checkpoint.objects.count() == heads


def test_restored_backup_that_went_on_as_far_is_a_fork() -> None:
    go_back()
    outside.happen(10)
    outside.place()  # somebody signed all the same
    with pytest.raises(continuity.Forked, match="remembers the root"):
        continuity.check()
    with pytest.raises(continuity.Forked):
        outside.publish()


def test_lost_database_refuses_to_begin_again() -> None:
    go_back(0)
    (Path(settings.LOG_PUBLISH_DIR) / "checkpoint").write_bytes(
        note.sign(checkpoint.Checkpoint(settings.LOG_ORIGIN, 9, bytes(32)).text(), examples.LOG)
    )
    with pytest.raises(continuity.Behind, match="signed by no key that the database knows of"):
        continuity.check()


def test_anchor_alone_remembers(folder: Path, settings: Any) -> None:
    settings.LOG_ANCHOR_URLS = [f"file://{folder}/anchor"]
    go_back()
    settings.LOG_PUBLISH_DIR = folder / "empty"
    with pytest.raises(continuity.Behind, match="anchor remembers"):
        continuity.check()


def test_anchor_that_is_away_is_no_reason_to_stop(folder: Path, settings: Any) -> None:
    (folder / "file").touch()
    settings.LOG_ANCHOR_URLS = [f"file://{folder}/file", "nothing://such", f"http://127.0.0.1:1/{folder.name}"]
    outside.place()
    assert outside.publish().size == 1
    continuity.check()


def test_witness_alone_remembers(folder: Path, settings: Any) -> None:
    outside.place()
    with outside.witnessing(folder, "a") as lines:
        settings.LOG_TRUST_POLICY = outside.policy(folder, [lines["a"]], "quorum a")
        go_back()
        settings.LOG_PUBLISH_DIR = folder / "empty"
        with pytest.raises(continuity.Behind, match="the witness a remembers"):
            continuity.check()


def test_witness_refuses_the_fork_of_a_restored_backup(folder: Path, settings: Any) -> None:
    outside.place()
    with outside.witnessing(folder, "a") as lines:
        settings.LOG_TRUST_POLICY = outside.policy(folder, [lines["a"]], "quorum a")
        go_back()
        settings.LOG_PUBLISH_DIR = folder / "empty"
        outside.happen(20)
        outside.place()
        with pytest.raises(continuity.Forked, match="witness a"):
            outside.publish()


def test_published_checkpoint_of_a_stranger_is_refused() -> None:
    outside.place()
    outside.publish()
    path = Path(settings.LOG_PUBLISH_DIR) / "checkpoint"
    stranger = note.Signer(settings.LOG_ORIGIN, examples.key("stranger"))
    path.write_bytes(note.sign(note.text_of(path.read_bytes()), stranger))
    with pytest.raises(continuity.Forked, match="No known key signed"):
        continuity.check()


def test_resume_goes_on_under_a_new_origin_with_the_same_entries(folder: Path) -> None:
    size, ahead = go_back()
    outside.happen(2)
    assert resume() == "localhost/mlops~2"
    once()
    outside.publish()
    newest = checkpoint.open_signed((folder / "published" / "~2" / "checkpoint").read_bytes(), rotation.verifiers())
    assert newest.head == checkpoint.parse(note.text_of(Checkpoint.objects.latest("size").note.encode()))
    assert newest.head.origin == "localhost/mlops~2"
    old = checkpoint.parse(note.text_of((folder / "published" / "checkpoint").read_bytes()))
    assert (old.origin, old.size) == (settings.LOG_ORIGIN, ahead)
    assert newest.head.size > size


def test_resume_records_what_was_lost() -> None:
    size, ahead = go_back()
    lost = (Path(settings.LOG_PUBLISH_DIR) / "checkpoint").read_bytes()
    resume()
    told = entry.parse(bytes(Event.objects.get(event="log.resumed").leaf or b""))
    data = told["data"]
    assert isinstance(data, dict)
    assert (data["restored_size"], data["outside_size"]) == (size, ahead)
    assert data["outside_root"] == checkpoint.parse(note.text_of(lost)).root.hex()
    assert (data["old_origin"], data["new_origin"]) == (settings.LOG_ORIGIN, f"{settings.LOG_ORIGIN}~2")


def test_resumed_log_signs_with_the_same_key_under_its_new_name() -> None:
    go_back()
    resume()
    assert [(key.name, key.public_key) for key in rotation.active()] == [
        (f"{settings.LOG_ORIGIN}~2", keys.public(keys.LOG))
    ]


def test_origin_of_an_opened_log_is_its_own_whatever_the_setting_says(settings: Any) -> None:
    outside.place()
    settings.LOG_ORIGIN = "other.example.org/log"
    outside.happen()
    outside.place()
    assert continuity.origin() == rotation.active()[0].name == "localhost/mlops"


def test_resume_of_a_log_that_agrees_is_refused() -> None:
    outside.place()
    outside.publish()
    with pytest.raises(CommandError, match="nothing to resume"):
        resume()


def test_backup_from_before_a_resumption_takes_an_origin_that_nobody_knows() -> None:
    outside.happen(3)
    outside.place()
    outside.publish()
    with outside.back_in_time():
        go_back(0, published=9)
        resume()
        once()
        outside.publish()
    assert resume() == f"{settings.LOG_ORIGIN}~3"
    once()
    outside.publish()
    continuity.check()


def test_resume_from_an_unreadable_outside_is_possible() -> None:
    outside.happen(3)
    outside.place()
    Path(settings.LOG_PUBLISH_DIR).mkdir()
    (Path(settings.LOG_PUBLISH_DIR) / "checkpoint").write_bytes(b"spoilt")
    with pytest.raises(continuity.Forked, match="cannot be read"):
        continuity.check()
    assert resume() == f"{settings.LOG_ORIGIN}~2"


@contextmanager
def showing(folder: Path, settings: Any, shown: bytes) -> Iterator[None]:
    """A witness of the policy that shows the same note for every origin, and cosigns nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(shown)))
            self.end_headers()
            self.wfile.write(shown)

        def log_message(self, *args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        line = f"witness w {outside.known('w').vkey} http://127.0.0.1:{server.server_port}"
        settings.LOG_TRUST_POLICY = outside.policy(folder, [line], "quorum none")
        yield
        server.shutdown()


def head_of(name: str, size: int, signer: note.Signer) -> bytes:
    return note.sign(checkpoint.Checkpoint(name, size, bytes(32)).text(), signer)


UNSIGNED = [
    head_of("localhost/mlops", 999_999, note.Signer("localhost/mlops", examples.key("stranger"))),
    b"anything\n999999\nAAAA\n\n\xe2\x80\x94 anything AAAAAAAA\n",
    b"spoilt",
]


@pytest.mark.parametrize("shown", UNSIGNED)
def test_note_of_a_witness_that_no_key_of_ours_signed_stops_nothing(folder: Path, settings: Any, shown: bytes) -> None:
    outside.place()
    outside.publish()
    with showing(folder, settings, shown):
        continuity.check()
        with pytest.raises(continuity.NothingToResume):
            databases.by_owner(continuity.resume, actor=outside.ACTOR, reason="")


def test_resume_ends_whatever_a_witness_shows(folder: Path, settings: Any) -> None:
    go_back()
    with showing(folder, settings, UNSIGNED[1]):
        assert resume() == f"{settings.LOG_ORIGIN}~2"


def test_note_of_a_witness_under_an_origin_that_the_backup_does_not_know_is_remembered(
    folder: Path, settings: Any
) -> None:
    outside.place()
    later = f"{settings.LOG_ORIGIN}~2"
    shown = head_of(later, 7, note.Signer(later, keys.private(keys.LOG)))
    with showing(folder, settings, shown):
        assert continuity.remembered(later) == [continuity.Kept("the witness w", shown)]
        assert continuity.remembered(f"{settings.LOG_ORIGIN}~3") == []


def test_note_of_a_witness_signed_by_a_key_that_the_backup_does_not_know_is_remembered(
    folder: Path, settings: Any
) -> None:
    outside.place()
    newer = note.Signer(settings.LOG_ORIGIN, keys.new_log_key())
    with (
        showing(folder, settings, head_of(settings.LOG_ORIGIN, 999, newer)),
        pytest.raises(continuity.Behind, match="the witness w remembers 999"),
    ):
        continuity.check()


def test_resume_gives_up_where_every_origin_is_taken(folder: Path, settings: Any) -> None:
    go_back()
    for number in range(2, 70):
        (folder / "published" / f"~{number}").mkdir()
        (folder / "published" / f"~{number}" / "checkpoint").write_bytes(b"taken")
    with pytest.raises(continuity.NoOriginLeft, match="~65 is remembered"):
        databases.by_owner(continuity.resume, actor=outside.ACTOR, reason="x")
