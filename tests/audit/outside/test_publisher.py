"""The published files are the log, whole at every moment, and never another log than the one before."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from audit.database import grants
from audit.models import Checkpoint
from audit.outside import continuity, publisher
from audit.signing import rotation
from audit.tlog import checkpoint, note, tiles
from tests import databases
from tests.audit import outside

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.LOG_PUBLISH_DIR = tmp_path / "published"
    settings.SIGNING_KEY_DIR = tmp_path / "keys"
    return tmp_path / "published"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {".lock"}


def head(folder: Path) -> checkpoint.Checkpoint:
    return checkpoint.open_signed((folder / "checkpoint").read_bytes(), rotation.verifiers()).head


def test_publish_of_nothing_writes_nothing(folder: Path) -> None:
    assert outside.publish() == publisher.Published(0)
    assert files(folder) == set()


@pytest.mark.parametrize("count", [0, 1, 255, 256, 300, 600])
def test_publish_writes_exactly_the_trees_files(folder: Path, count: int) -> None:
    outside.happen(count)
    size = outside.place()
    done = outside.publish()
    expected = {tiles.tile_path(level or 0, n, width) for level, n, width in tiles.new_tiles(0, size)}
    expected |= {tiles.bundle_path(tile.n, tile.width) for tile in tiles.new_bundles(0, size)}
    assert files(folder) == expected | {"checkpoint"}
    assert done == publisher.Published(size, len(expected))
    assert outside.verified(folder) == []


def test_publish_twice_changes_no_file(folder: Path) -> None:
    outside.happen(300)
    size = outside.place()
    outside.publish()
    before = {path: (folder / path).stat().st_mtime_ns for path in files(folder)}
    assert outside.publish() == publisher.Published(size)
    assert {path: (folder / path).stat().st_mtime_ns for path in files(folder)} == before


def test_publish_of_many_heads_at_once_ends_at_the_newest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "STEP", 100)
    outside.happen(800)
    sizes = [outside.place(limit) for limit in (1, 2, 253, 1, 50, 300, 4096)]
    outside.publish()
    assert head(folder).size == sizes[-1] == Checkpoint.objects.latest("size").size
    assert outside.verified(folder) == []


def test_publish_step_by_step_removes_partial_tiles_of_full_ones(folder: Path) -> None:
    outside.happen(260)
    for limit in (10, 200, 46, 4096):
        outside.place(limit)
        outside.publish()
        assert outside.verified(folder) == []
    size = head(folder).size
    kept = {path for path in files(folder) if ".p/" in path}
    assert kept == {f"tile/0/001.p/{size - 256}", f"tile/entries/001.p/{size - 256}", "tile/1/000.p/1"}


def test_publish_over_another_file_is_a_fork(folder: Path) -> None:
    outside.happen(300)
    outside.place()
    path = folder / tiles.bundle_path(0)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"other")
    with pytest.raises(continuity.Forked, match="was published with other bytes"):
        outside.publish()
    assert not (folder / "checkpoint").exists()


def test_publish_of_entries_that_do_not_lead_to_the_signed_root_is_refused(folder: Path) -> None:
    outside.happen(300)
    outside.place()
    with databases.superuser(connection.settings_dict["NAME"]) as superuser:
        superuser.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        superuser.execute(
            "UPDATE audit_event SET leaf = leaf || ' ' WHERE ticket = (SELECT min(ticket) FROM audit_event)"
        )
    with pytest.raises(publisher.NotPublishable, match="Nothing of it is published"):
        outside.publish()
    assert files(folder) == set()


def test_publish_of_head_that_a_stranger_signed_is_refused(folder: Path) -> None:
    outside.happen(3)
    size = outside.place()
    stranger = note.Signer(settings.LOG_ORIGIN, outside.examples.key("stranger"))
    forged = note.sign(note.text_of(Checkpoint.objects.get(size=size).note.encode()), stranger).decode()
    with databases.superuser(connection.settings_dict["NAME"]) as superuser:
        superuser.execute("ALTER TABLE audit_checkpoint DISABLE TRIGGER USER")
        superuser.execute("UPDATE audit_checkpoint SET note = %s", [forged])
    with pytest.raises(publisher.NotPublishable, match="is not the log's"):
        outside.publish()
    assert files(folder) == set()


KILLED = """
import os, pathlib, signal, django
django.setup()
from audit.outside import publisher
done, rename = [], pathlib.Path.rename
def counted(self, target):
    if done:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(rename(self, target))
pathlib.Path.rename = counted
publisher.publish()
"""


def test_publish_killed_between_any_two_renames_leaves_a_log_that_verifies(folder: Path) -> None:
    """Each run gets one file further, and leaves the draft of the next."""
    outside.happen(258)
    outside.place(255)
    outside.publish()
    outside.place()
    first, kills, ended = head(folder).size, 0, 1
    while ended:
        ended = subprocess.run([sys.executable, "-c", KILLED], env=_environment(folder), check=False).returncode
        assert ended in (0, -signal.SIGKILL)
        assert outside.verified(folder) == []
        assert head(folder).size == first or not ended
        kills += bool(ended)
    assert kills == 5  # a full bundle, a full tile, a partial one of each, one above; then the checkpoint


def _environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
        "DATABASE_URL": databases.url(connection.settings_dict["NAME"], role=grants.SEQUENCER),
        "LOG_PUBLISH_DIR": str(folder),
        "SIGNING_KEY_DIR": str(settings.SIGNING_KEY_DIR),
    }
