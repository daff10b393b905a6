"""The log says itself which keys sign it; a rotation overlaps, and what is retired signs no more."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from audit.database import grants
from audit.models import Checkpoint, Event
from audit.outside import publisher
from audit.signing import keys, rotation, sequencer
from audit.tlog import checkpoint, entry, note
from tests import databases, factories
from tests.audit import outside
from tests.audit.signing.test_keys import Device

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.LOG_PUBLISH_DIR = tmp_path / "published"
    settings.SIGNING_KEY_DIR = tmp_path / "keys"
    return tmp_path / "keys"


@pytest.fixture
def device() -> Iterator[Device]:
    held = Device()
    yield held
    held.close()


def rotate(*options: str) -> None:
    databases.by_owner(
        call_command,
        "rotate_log_key",
        "--as",
        factories.person().username,
        "--reason",
        "Yearly.",
        *options,
        verbosity=0,
    )


def signed_by(row: Checkpoint) -> list[str]:
    return [line.key_id.hex() for line in note.parse(row.note.encode())[1]]


def ids() -> list[str]:
    return [span.verifier.key_id.hex() for span in rotation.spans()]


def test_opened_log_names_its_first_key(folder: Path) -> None:
    outside.place()
    assert [(span.from_size, span.at_size) for span in rotation.spans()] == [(0, None)]
    assert rotation.spans()[0].verifier.public_key == keys.public(keys.LOG)
    outside.place()
    assert Event.objects.filter(event="log.opened").count() == 1


def test_added_key_signs_beside_the_old_one_and_the_old_one_vouches_for_it(folder: Path) -> None:
    outside.place()
    rotate()
    outside.place()
    assert signed_by(Checkpoint.objects.latest("size")) == ids()
    assert len(ids()) == 2
    known = rotation.spans()[0].verifier  # who knows the old key alone still believes, and reads of the new one
    assert checkpoint.open_signed(Checkpoint.objects.latest("size").note.encode(), [known])
    assert (folder / "log.vkey").read_text().split() == [span.verifier.vkey for span in rotation.spans()]


def test_added_key_is_recorded_with_who_and_from_which_size() -> None:
    size = outside.place()
    person = factories.person()
    databases.by_owner(call_command, "rotate_log_key", "--as", person.username, "--reason", "Yearly.", verbosity=0)
    told = entry.parse(bytes(Event.objects.get(event="log.key_added").leaf or b""))
    assert (told["actor"], told["data"]) == (
        f"person:{person.pk}",
        {"vkey": rotation.spans()[1].verifier.vkey, "from_size": size},
    )


def test_retired_key_signs_no_head_beyond_its_size() -> None:
    outside.place()
    rotate()
    size = outside.place()
    rotate("--retire")
    outside.place()
    first, second = rotation.spans()
    assert (first.at_size, second.at_size) == (size, None)
    assert signed_by(Checkpoint.objects.latest("size")) == [second.verifier.key_id.hex()]
    assert rotation.active() == [second.verifier]


def test_old_heads_verify_for_ever() -> None:
    for _ in range(3):
        outside.place()
        rotate()
        outside.place()
        rotate("--retire")
    outside.place()
    for row in Checkpoint.objects.all():
        assert checkpoint.open_signed(row.note.encode(), rotation.verifiers()).head.size == row.size


def test_signer_that_was_retired_meanwhile_signs_nothing() -> None:
    outside.place()
    stale = rotation.signers()
    rotate()
    outside.place()
    rotate("--retire")
    before = Checkpoint.objects.count()
    with pytest.raises(rotation.Stale, match="Nothing was signed"), databases.acting_as(grants.SEQUENCER):
        sequencer.sequence(*stale, origin=settings.LOG_ORIGIN)
    assert Checkpoint.objects.count() == before


def test_head_that_a_key_signed_after_its_retirement_is_not_published() -> None:
    outside.place()
    rotate()
    outside.place()
    old = rotation.signers()[0]
    rotate("--retire")
    size = outside.place()
    forged = note.sign(note.text_of(Checkpoint.objects.get(size=size).note.encode()), old).decode()
    with databases.superuser(connection.settings_dict["NAME"]) as superuser:
        superuser.execute("ALTER TABLE audit_checkpoint DISABLE TRIGGER USER")
        superuser.execute("UPDATE audit_checkpoint SET note = %s WHERE size = %s", [forged, size])
    with pytest.raises(publisher.NotPublishable, match="No known key signed"):
        outside.publish()


def test_retiring_the_only_key_is_refused() -> None:
    outside.place()
    with pytest.raises(CommandError, match="The log has one key"):
        rotate("--retire")


def test_retiring_before_the_next_has_signed_is_refused() -> None:
    outside.place()
    rotate()
    with pytest.raises(CommandError, match="has signed no head yet"):
        rotate("--retire")


def test_rotation_before_the_log_is_opened_is_refused() -> None:
    with pytest.raises(CommandError, match="Start the sequencer first"):
        rotate()


def test_rotation_by_nobody_is_refused() -> None:
    with pytest.raises(CommandError, match="no active person"):
        databases.by_owner(call_command, "rotate_log_key", "--as", "nobody", "--reason", "Yearly.")


def test_signers_without_any_active_key_say_which_is_missing(folder: Path) -> None:
    outside.place()
    (folder / "log.key").unlink()
    with pytest.raises(keys.KeyMissing, match="rotate_log_key"):
        rotation.signers()


def test_lost_key_is_replaced_by_a_rotation(folder: Path) -> None:
    outside.place()
    (folder / "log.key").unlink()
    (folder / "log.pub").unlink()
    rotate()
    outside.place()
    rotate("--retire")
    outside.place()
    assert len(rotation.active()) == 1
    assert rotation.signers()[0].verifier == rotation.active()[0]


def test_rotation_from_file_to_device_and_on(settings: Any, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    outside.place()
    monkeypatch.setattr(f"{__name__}.held", [keys.private(keys.LOG), device], raising=False)
    settings.LOG_KEY_FACTORY = f"{__name__}:from_held"
    rotate()
    outside.place()
    rotate("--retire")
    outside.place()
    assert rotation.active()[0].public_key == device.public
    opened = checkpoint.open_signed(Checkpoint.objects.latest("size").note.encode(), rotation.active())
    assert opened.head.size == Checkpoint.objects.latest("size").size


def from_held() -> list[note.SigningKey]:
    return globals()["held"]


def test_rotation_with_two_new_keys_is_refused(settings: Any) -> None:
    outside.place()
    seeds = [keys.private(name).private_bytes_raw() for name in (keys.LOG, "other", "third")]
    settings.LOG_SIGNING_KEY = " ".join(base64.b64encode(seed).decode() for seed in seeds)
    with pytest.raises(CommandError, match="2 keys are new"):
        rotate()
