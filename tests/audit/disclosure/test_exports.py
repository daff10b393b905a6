"""Exports: the log's own bytes, in order, nothing left out, under the words that other tools expect."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.database import grants
from audit.disclosure import exports, ocsf
from audit.models import Checkpoint, Event, Leaf
from audit.signing import rotation
from audit.tlog import verify
from audit.tree import proofs
from tests import databases
from tests.audit import outside

pytestmark = pytest.mark.usefixtures("live_database")

# OCSF 1.3, Entity Management [3004]: what the published schema requires of the event and of the objects in it.
REQUIRED = {"activity_id", "category_uid", "class_uid", "entity", "metadata", "severity_id", "time", "type_uid"}
REQUIRED_OF_METADATA = {"product", "version"}
REQUIRED_OF_PRODUCT = {"vendor_name"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.SIGNING_KEY_DIR = tmp_path / "keys"
    return tmp_path


@pytest.fixture
def size() -> int:
    """A log of a little more than one bundle."""
    outside.happen(270)
    return outside.place()


def exported(form: str = "jsonl", **bounds: Any) -> list[Any]:
    return [json.loads(line) for line in exports.lines(exports.covering(**bounds), form)]


def test_jsonl_holds_the_bytes_of_every_leaf_in_the_order_of_the_tree(size: int) -> None:
    lines = list(exports.lines(exports.covering(), "jsonl"))
    leaves = [line.partition(b'"entry":')[2].removesuffix(b"}\n") for line in lines]
    hashes = [hashlib.sha256(b"\x00" + leaf).hexdigest() for leaf in leaves]
    assert hashes == [json.loads(line)["leaf_hash"] for line in lines]
    assert hashes == [bytes(leaf.hash).hex() for leaf in Leaf.objects.order_by("index")]


def test_export_between_two_places_begins_and_ends_there(size: int) -> None:
    assert [line["index"] for line in exported(since=255, until=258)] == [255, 256, 257]


def test_export_from_the_end_of_the_last_one_misses_none(size: int) -> None:
    first = exported()
    outside.happen(3)
    grown = outside.place()
    assert [line["index"] for line in exported(since=len(first))] == list(range(size, grown))


def test_export_of_what_is_not_signed_yet_leaves_it_out(size: int) -> None:
    outside.happen()
    assert len(exported()) == size
    with pytest.raises(proofs.NotSequenced, match=f"reaches entry {size + 1}"):
        exports.covering(size + 1)


def test_export_by_time_takes_the_start_and_leaves_the_end(size: int) -> None:
    moments = list(Event.objects.order_by("ticket").values_list("at", flat=True))
    taken = exported(since=moments[100], until=moments[200])
    assert [line["index"] for line in taken] == [
        place for place, at in enumerate(moments) if moments[100] <= at < moments[200]
    ]


def test_export_by_time_begins_at_a_head_that_was_signed_before(size: int) -> None:
    note = Checkpoint.objects.get(size=size).note
    with databases.acting_as(grants.SEQUENCER):
        Checkpoint.objects.create(size=size + 1, note=note, at=datetime.now(UTC) + timedelta(days=1))
    later = datetime.now(UTC) + timedelta(days=2)
    assert (exports.covering(since=later).first, exports.covering(since=datetime.now(UTC)).first) == (size + 1, 0)


@pytest.mark.parametrize("form", ["jsonl", "ocsf", "cef"])
def test_every_format_has_one_line_an_entry(size: int, form: str) -> None:
    lines = list(exports.lines(exports.covering(), form))
    assert (len(lines), {line.count(b"\n") for line in lines}) == (size, {1})


def test_ocsf_has_what_the_schema_requires(size: int) -> None:
    for event in exported("ocsf"):
        assert event.keys() >= REQUIRED
        assert event["metadata"].keys() >= REQUIRED_OF_METADATA
        assert event["metadata"]["product"].keys() >= REQUIRED_OF_PRODUCT
        assert (event["class_uid"], event["category_uid"]) == (3004, 3)
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]


def test_ocsf_says_who_did_what_to_what_and_when(size: int) -> None:
    (shown,) = exported("ocsf", until=1)
    event = Event.objects.earliest("ticket")
    assert (shown["actor"]["user"], shown["entity"]["type"], shown["entity"]["uid"]) == (
        {"uid": "system:test", "type_id": 3, "type": "System"},
        "log",
        "test",
    )
    assert (shown["time"], shown["metadata"]["uid"]) == (int(event.at.timestamp() * 1000), str(event.id))
    assert (shown["metadata"]["event_code"], shown["metadata"]["sequence"]) == ("log.exported", 0)
    assert shown["raw_data"].encode() == bytes(event.leaf or b"")


@pytest.mark.parametrize(
    ("name", "activity", "severity", "status"),
    [
        ("system.registered", ocsf.CREATE, ocsf.INFORMATIONAL, ocsf.SUCCESS),
        ("system.updated", ocsf.UPDATE, ocsf.INFORMATIONAL, ocsf.SUCCESS),
        ("log.exported", ocsf.READ, ocsf.LOW, ocsf.SUCCESS),
        ("redaction.executed", ocsf.DELETE, ocsf.MEDIUM, ocsf.SUCCESS),
        ("policy.approval_refused", ocsf.UPDATE, ocsf.LOW, ocsf.FAILURE),
        ("log.resumed", ocsf.UPDATE, ocsf.HIGH, ocsf.SUCCESS),
    ],
)
def test_ocsf_activity_severity_and_status_follow_the_name(
    name: str, activity: int, severity: int, status: int
) -> None:
    entry = {
        "id": "1",
        "event": name,
        "subject": {"type": "x", "id": "1"},
        "actor": "person:1",
        "at": "2026-11-23T10:00:00.123456Z",
        "request": None,
        "data": {},
    }
    shown = ocsf.event(entry, b"{}", index=0, origin="example.org/log")
    assert (shown["activity_id"], shown["severity_id"], shown["status_id"]) == (activity, severity, status)
    assert shown["time"] == 1_795_428_000_123


def test_cef_escapes_what_would_end_a_field() -> None:
    entry = {
        "id": "1",
        "event": "a|b.c",
        "subject": {"type": "x", "id": "1=2\\"},
        "actor": "person:1",
        "at": "2026-11-23T10:00:00.000000Z",
        "request": "r\n",
    }
    line = ocsf.cef(entry, index=7, leaf_hash="00")
    assert line == (
        "CEF:0|mlops|System of record for machine-learning decisions|1.0.0|a\\|b.c|a\\|b.c|1|rt=1795428000000 "
        "suid=person:1 externalId=1 outcome=success cs1Label=subject cs1=x/1\\=2\\\\ cs2Label=leafHash cs2=00 "
        "cs3Label=request cs3=r\\n cn1Label=index cn1=7"
    )


def test_tlog_export_is_accepted_by_the_verifier(size: int, folder: Path) -> None:
    call_command("export_log", format="tlog", out=str(folder / "tree"))
    outside.place()  # the export's own event comes after what it took
    found = verify.verify_directory(folder / "tree", rotation.verifiers())
    assert (found.findings, (folder / "tree" / "checkpoint").read_text()) == (
        [],
        Checkpoint.objects.get(size=size).note,
    )


def test_tlog_export_into_a_folder_with_something_in_it_is_refused(size: int, folder: Path) -> None:
    (folder / "tree").mkdir()
    (folder / "tree" / "mine").touch()
    with pytest.raises(CommandError, match="is not empty"):
        call_command("export_log", format="tlog", out=str(folder / "tree"))


def test_command_writes_a_file_and_is_on_record(size: int, folder: Path) -> None:
    call_command("export_log", format="ocsf", out=str(folder / "log.jsonl"), since=10, until=20)
    assert [
        json.loads(line)["metadata"]["sequence"] for line in (folder / "log.jsonl").read_text().splitlines()
    ] == list(range(10, 20))
    event = Event.objects.latest("ticket")
    told = json.loads(bytes(event.leaf or b""))
    assert (event.event, event.actor, told["data"]) == (
        "log.exported",
        "system:export_log",
        {"format": "ocsf", "first": 10, "end": 20},
    )
