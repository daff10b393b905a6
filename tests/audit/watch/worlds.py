"""A log in which everything that can stand in one stands once, and who tampers with it behind every guard."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from audit import actors, log
from audit.database import grants
from audit.disclosure import histories
from audit.erasure import holds, redaction
from audit.events import timestamp
from audit.keeping import retention
from audit.models import Checkpoint, Cosignature, Event
from audit.tlog import note
from audit.watch import verifications
from registry.events import SystemUpdated
from tests import databases, desks, factories
from tests.audit import outside
from tests.audit.tlog import examples

GROUND = "GDPR Art. 17(1)(b)"
ACTOR = actors.system("test")
WHO = "person:018f0000-0000-7000-8000-000000000007"
OLD = timedelta(days=1000)


def old_entries(count: int) -> None:
    """Events of three years ago, placed: whole bundles of them may go to the archive."""
    begun = datetime.now(UTC) - OLD
    rows = []
    for number in range(count):
        identity, at = uuid.uuid4(), begun + timedelta(seconds=number)
        leaf = examples.entry(
            number, id=str(identity), subject={"type": "old", "id": str(number % 7)}, at=timestamp(at), actor=WHO
        )
        columns = {"subject_type": "old", "subject_id": str(number % 7), "actor": WHO, "at": at}
        rows.append(Event(id=identity, leaf=leaf, event="promotion.approved", **columns))
    Event.objects.bulk_create(rows)


def place() -> None:
    outside.place()


def said(words: str) -> Event:
    """Something that somebody said in the log."""
    system = factories.system()
    event = SystemUpdated(changed=[], revision=2)
    return Event.objects.get(id=log.record(event, subject=system, actor=factories.acting(system.owner), reason=words))


def erase(**scope: Any) -> None:
    """As two people do it."""
    first, second = (factories.acting(factories.person()) for _ in range(2))
    asked = redaction.request(ground=GROUND, actor=first, **scope)
    place()
    redaction.approve(asked, actor=second, reason="It has no further use.")


def cosign() -> None:
    """A witness's line on the newest head."""
    head = Checkpoint.objects.latest("size")
    witness = note.Cosigner("witness.example.org/w1", examples.key("w1"), time=int(time.time()))
    line = note.signature_line(note.text_of(head.note.encode()), witness)
    with databases.acting_as(grants.SEQUENCER):
        Cosignature.objects.create(size=head.size, witness=witness.verifier.name, line=line)


def policy(folder: Path) -> Path:
    """A trust policy that names the witness; nothing asks it."""
    path = folder / "policy"
    path.write_text(f"witness w1 {outside.known('w1').vkey}\nquorum none\n")
    return path


def build() -> None:
    """Bundles, heads, seals, erasures, a hold, fixed histories, a verification, an event that waits for its place."""
    old_entries(300)
    place()
    desks.world()
    place()
    erase(event=said("Grace from sales asked for it.").id, fields=["reason"])
    erase(person=said("I go.").actor)
    hold = holds.place(ground="a dispute", actor=ACTOR, subject_type="old", subject_id="1")
    holds.release(hold, actor=ACTOR, reason="settled")
    said("This stays.")
    place()
    with databases.acting_as(grants.SEQUENCER):
        histories.fix(actor=ACTOR)
    place()
    databases.by_owner(retention.archive, actor=ACTOR)
    place()
    cosign()
    verifications.verify(actor=ACTOR)
    place()
    factories.person()
