"""Every committed event gets one place, whatever the order of commits, crashes and rivals."""

import os
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from django.conf import settings
from django.db import IntegrityError, connection, connections, transaction

from audit.database import grants
from audit.models import Checkpoint, Event, Leaf, Tile
from audit.signing import keys, sequencer
from audit.tlog import canonical, checkpoint, merkle, note
from audit.tree import proofs
from tests import databases, factories, recorded
from tests.audit.conftest import ORIGIN

pytestmark = pytest.mark.usefixtures("live_database")


LEAF = canonical.encode(
    {
        "v": 1,
        "id": "01a20858-9052-733b-8a16-82d8fbc33c3a",
        "event": "x.y",
        "subject": {"type": "x", "id": "1"},
        "actor": "a",
        "at": "2026-11-23T12:00:00.000000Z",
        "request": "",
        "row": None,
        "sealed": {},
        "data": {},
    }
)
INSERT = """
    INSERT INTO audit_event (id, leaf, event, subject_type, subject_id, actor, at, request)
    VALUES ('01a20858-9052-733b-8a16-82d8fbc33c3a', %s, 'x.y', 'x', '1', 'a', '2026-11-23T12:00:00Z', '')
    RETURNING ticket
"""


def roots_agree(signer: note.Signer) -> bool:
    """Whether every signed head commits to exactly the entries below its size, recomputed from the entries alone."""
    order = dict(Leaf.objects.values_list("ticket", "index"))
    entries = {order[event.ticket]: bytes(event.leaf or b"") for event in Event.objects.all() if event.ticket in order}
    hashes = [merkle.leaf_hash(entries[index]) for index in range(len(entries))]
    heads = [
        checkpoint.open_signed(row.note.encode(), [signer.verifier]).head for row in Checkpoint.objects.order_by("size")
    ]
    return all(head.root == merkle.root(hashes[: head.size]) for head in heads)


def test_sequence_places_every_event_once_under_signed_heads(sequenced: None, signer: note.Signer) -> None:
    assert Leaf.objects.count() == Event.objects.count() > 256
    assert sorted(Leaf.objects.values_list("index", flat=True)) == list(range(Event.objects.count()))
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [Event.objects.count(), 104, 4, 1]
    assert list(Tile.objects.values_list("level", "n")) == [(0, 0)]
    assert roots_agree(signer)


def test_sequence_without_events_signs_nothing(sequenced: None, signer: note.Signer) -> None:
    before = Checkpoint.objects.count()
    assert recorded.place(signer, origin=ORIGIN).events == 0
    assert Checkpoint.objects.count() == before


def test_sequence_finds_event_that_commits_late(signer: note.Signer) -> None:
    with psycopg.connect(databases.url(connection.settings_dict["NAME"])) as slow:
        early = slow.execute(INSERT, [LEAF]).fetchone()
        factories.person()  # commits with a higher ticket
        recorded.place(signer, origin=ORIGIN)
    recorded.place(signer, origin=ORIGIN)
    assert early is not None
    assert Leaf.objects.latest("index").ticket == early[0] < Event.objects.latest("ticket").ticket
    assert roots_agree(signer)


def test_sequence_with_changed_tree_stops(sequenced: None, signer: note.Signer) -> None:
    with databases.superuser(connection.settings_dict["NAME"]) as tampering:
        tampering.execute("ALTER TABLE audit_leaf DISABLE TRIGGER append_only")
        tampering.execute("UPDATE audit_leaf SET hash = sha256('other') WHERE index = 257")
    factories.person()
    with pytest.raises(sequencer.TreeMismatch, match="Nothing is signed"):
        recorded.place(signer, origin=ORIGIN)


OTHER_THINGS = [
    b"{}",
    LEAF.replace(b'"x.y"', b'"x.z"'),
    LEAF.replace(b'"type":"x"', b'"type":"y"'),
    LEAF.replace(b'"id":"1"', b'"id":"2"'),
    LEAF.replace(b"33c3a", b"33c3b"),
    LEAF.replace(b'"actor":"a"', b'"actor":"b"'),
    LEAF.replace(b'"request":""', b'"request":"r"'),
    # The columns' words stand in the data, where they say nothing.
    LEAF.replace(b'"x.y"', b'"x.z"').replace(b"{}", b'{"z":["},"],"zz":"event"}', 1),
]


def insert_past_the_guards(leaf: bytes, actor: str = "a") -> int:
    """As a superuser may, for whom triggers are a matter of taste; the event's ticket."""
    with databases.superuser(connection.settings_dict["NAME"]) as superuser:
        superuser.execute("ALTER TABLE audit_event DISABLE TRIGGER spoken")
        row = superuser.execute(INSERT.replace("'a'", "%s"), [leaf, actor]).fetchone()
        superuser.execute("ALTER TABLE audit_event ENABLE ALWAYS TRIGGER spoken")
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("leaf", OTHER_THINGS)
def test_entry_that_says_other_things_than_its_columns_is_refused_and_signed_never(
    signer: note.Signer, leaf: bytes
) -> None:
    with pytest.raises(IntegrityError, match="other things than its columns"), connection.cursor() as cursor:
        cursor.execute(INSERT, [leaf])
    insert_past_the_guards(leaf)
    with pytest.raises(sequencer.EntryMismatch, match="gets no place"):
        recorded.place(signer, origin=ORIGIN)
    assert Checkpoint.objects.count() == 0


def test_sequence_refuses_column_that_continues_the_entry(signer: note.Signer) -> None:
    """The bytes begin as the column does, and the column says more than the actor."""
    leaf = LEAF.replace(b'"data":{}', b'"data":{"a":"b","at":"c"}')
    insert_past_the_guards(leaf, leaf[len('{"actor":"') : leaf.rindex(b'","at"')].decode())
    with pytest.raises(sequencer.EntryMismatch, match="other things than its columns"):
        recorded.place(signer, origin=ORIGIN)


def test_event_without_a_place_does_not_keep_the_others_from_theirs(signer: note.Signer) -> None:
    bad = insert_past_the_guards(b"{}")
    factories.person()
    assert recorded.place(signer, origin=ORIGIN, but_for={bad}).events == Event.objects.count() - 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT ticket FROM audit_pending")
        assert cursor.fetchall() == [(bad,)]
    assert roots_agree(signer)


@pytest.mark.parametrize("name", ["log.key_added", "log.resumed", "log.histories_fixed", "entries.archived"])
def test_application_does_not_speak_for_the_log(name: str) -> None:
    leaf = LEAF.replace(b'"x.y"', f'"{name}"'.encode())
    with pytest.raises(IntegrityError, match="Only the sequencer and the owner"), connection.cursor() as cursor:
        cursor.execute(INSERT.replace("'x.y'", f"'{name}'"), [leaf])


def test_clock_that_goes_backwards_changes_no_order(signer: note.Signer) -> None:
    """Time is what a writer claims; the order is the index."""
    factories.person()
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [LEAF])  # claims an earlier moment than the event before it
    recorded.place(signer, origin=ORIGIN)
    placed = [Event.objects.get(ticket=leaf.ticket).at for leaf in Leaf.objects.order_by("index")]
    assert placed[-1] < placed[-2]
    assert roots_agree(signer)


def test_rival_sequencers_place_every_event_once(signer: note.Signer) -> None:
    stop = threading.Event()

    def rival() -> None:
        while not stop.is_set():
            recorded.place(signer, origin=ORIGIN, limit=3)
        connections.close_all()

    rivals = [threading.Thread(target=rival) for _ in range(3)]
    for thread in rivals:
        thread.start()
    for _ in range(20):
        factories.person()
    stop.set()
    for thread in rivals:
        thread.join()
    recorded.place(signer, origin=ORIGIN)
    assert Leaf.objects.count() == Event.objects.count()
    assert roots_agree(signer)


def test_rolled_back_event_leaves_no_place(signer: note.Signer) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, [LEAF])
        transaction.set_rollback(True)
    factories.person()
    recorded.place(signer, origin=ORIGIN)
    assert list(Leaf.objects.values_list("index", flat=True)) == list(range(Event.objects.count()))


def test_sequencer_killed_at_random_loses_nothing() -> None:
    """kill -9 of the real process, three times, while events are written."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
        "DATABASE_URL": databases.url(connection.settings_dict["NAME"], role=grants.SEQUENCER),
        "MERGE_DELAY_MS": "5",
    }
    command = [sys.executable, "manage.py", "sequencer"]
    for writes_under_way in (0, 3, 7):
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL)
        signed, until = Checkpoint.objects.count(), time.monotonic() + 60
        while Checkpoint.objects.count() == signed and time.monotonic() < until:
            factories.person()
        for _ in range(writes_under_way):
            factories.person()
        process.send_signal(signal.SIGKILL)
        process.wait()
    signer = sequencer.log_signer(settings.LOG_ORIGIN)
    recorded.place(signer, origin=settings.LOG_ORIGIN)
    assert Leaf.objects.count() == Event.objects.count()
    assert Checkpoint.objects.count() >= 3
    assert roots_agree(signer)


def test_inclusion_proof_of_every_kind_of_place_verifies(sequenced: None, signer: note.Signer) -> None:
    for place in (0, 1, 103, 104, 255, 256, Leaf.objects.count() - 1):
        event = Event.objects.get(ticket=Leaf.objects.get(index=place).ticket)
        assert (
            proofs.inclusion(event.id).verify(bytes(event.leaf or b""), [signer.verifier]).head.size
            == Leaf.objects.count()
        )


def test_inclusion_proof_of_unsequenced_event_is_refused(sequenced: None) -> None:
    factories.person()
    with pytest.raises(proofs.NotSequenced, match="not yet under a signed head"):
        proofs.inclusion(Event.objects.latest("ticket").id)


def test_consistency_proof_between_heads_verifies(sequenced: None, signer: note.Signer) -> None:
    old, new = Checkpoint.objects.get(size=104), Checkpoint.objects.latest("size")
    heads = [checkpoint.open_signed(row.note.encode(), [signer.verifier]).head for row in (old, new)]
    proof = proofs.consistency(old.size, new.size)
    merkle.verify_consistency(old.size, new.size, proof, heads[0].root, heads[1].root)


def test_key_is_made_once_and_only_its_owner_reads_it() -> None:
    first = keys.private("another").private_bytes_raw()
    path = settings.SIGNING_KEY_DIR / "another.key"
    assert keys.private("another").private_bytes_raw() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.public("another") == keys.private("another").public_key().public_bytes_raw()


def test_public_key_of_missing_key_is_refused() -> None:
    with pytest.raises(keys.KeyMissing, match="no key 'absent'"):
        keys.public("absent")
