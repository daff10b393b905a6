"""A database that was taken back in time signs nothing until a person decides; then it goes on under a new name."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from audit import continuity, grants, keys, rotation
from audit.models import Checkpoint, Event
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
    call_command("resume_log", "--as", factories.person().username, "--reason", "Disk lost; backup of Monday.")
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
