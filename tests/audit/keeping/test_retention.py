"""Old entries move to the archive: nothing is lost at any step, and everything reads and proves as before."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from audit import actors, log
from audit.database import grants
from audit.erasure import holds
from audit.keeping import retention
from audit.log_events import EntriesArchived
from audit.models import ArchivedBundle, Event, Leaf
from audit.tlog import entry, tiles
from audit.tree import entries, proofs
from audit.watch import selfcheck
from tests import databases, desks, recorded
from tests.audit.watch import worlds

pytestmark = pytest.mark.usefixtures("old_log")
ACTOR = actors.system("test")


@pytest.fixture
def old_log(live_database: str, tmp_path: Path, settings: Any) -> None:
    """600 entries of three years ago and their head: two bundles that may go, and one that is not full."""
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    worlds.old_entries(600)
    recorded.sequence()


def raw() -> list[bytes]:
    """Every entry, in the order of the log."""
    tickets = Leaf.objects.order_by("index").values_list("ticket", flat=True)
    events = Event.objects.in_bulk(list(tickets))
    return entries.raw(events[ticket] for ticket in tickets)


def clean() -> bool:
    result = selfcheck.run()
    assert (result.findings, result.complete) == ([], True)
    return True


def test_archive_moves_full_old_bundles_and_says_so() -> None:
    before = raw()
    assert databases.by_owner(retention.archive, actor=ACTOR) == [0, 1]
    assert Event.objects.filter(leaf=None).count() == 512
    assert raw()[:600] == before
    told = entry.parse(bytes(Event.objects.get(event="entries.archived").leaf or b""))["data"]
    assert isinstance(told, dict)
    assert (told["first_bundle"], told["last_bundle"]) == (0, 1)
    assert clean()


def test_archived_bundle_is_the_one_that_the_log_serves(client: Any) -> None:
    served = client.get("/log/tile/entries/000").content
    databases.by_owner(retention.archive, actor=ACTOR)
    row = ArchivedBundle.objects.get(n=0)
    assert Path(row.url.removeprefix("file://")).read_bytes() == served
    assert client.get("/log/tile/entries/000").content == served


def test_archived_event_reads_and_proves_as_before() -> None:
    event = Event.objects.get(ticket=Leaf.objects.get(index=7).ticket)
    page = desks.page(event)
    databases.by_owner(retention.archive, actor=ACTOR)
    recorded.sequence()
    shown = desks.reader().get(page)
    assert "promotion.approved" in shown.content.decode()
    assert proofs.inclusion(event.id).index == 7
    api = desks.reader().get(f"/api/v1/audit/events/{event.id}")
    assert (api.status_code, api.json()["entry"]["data"]) == (200, {"number": 7})


def test_row_that_names_another_place_is_not_followed(live_database: str, tmp_path: Path, client: Any) -> None:
    event = Event.objects.get(ticket=Leaf.objects.get(index=7).ticket)
    databases.by_owner(retention.archive, actor=ACTOR)
    shutil.copytree(tmp_path / "archive", tmp_path / "elsewhere")
    places = [f"file://{tmp_path}/elsewhere", f"file://{tmp_path}/archive/../elsewhere", "http://127.0.0.1:9", ""]
    for place in places:
        with databases.superuser(live_database) as superuser:
            superuser.execute("ALTER TABLE audit_archived_bundle DISABLE TRIGGER ALL")
            superuser.execute("UPDATE audit_archived_bundle SET url = %s", [f"{place}/{tiles.bundle_path(0)}"])
        with pytest.raises(entries.ArchiveUnreadable, match="Bundle 0 is said to be at"):
            entries.bundle(0)
    answer = desks.reader().get(f"/api/v1/audit/events/{event.id}")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/archive-unreadable")
    assert str(tmp_path) not in answer.content.decode()


def test_archive_twice_moves_nothing_more() -> None:
    databases.by_owner(retention.archive, actor=ACTOR)
    assert databases.by_owner(retention.archive, actor=ACTOR) == []
    assert Event.objects.filter(event="entries.archived").count() == 1


def test_log_keeps_what_it_says_about_itself() -> None:
    """Keys and origins are read from these entries by whoever signs and verifies."""
    worlds.old_entries(168)
    event = EntriesArchived(first_bundle=0, last_bundle=0, digest="")
    databases.by_owner(log.record, event, subject=log.Subject("log", "x"), actor=ACTOR)
    databases.by_owner(retention.archive, actor=ACTOR)
    assert not Event.objects.filter(subject_type="log", leaf=None).exists()


@pytest.mark.parametrize("scope", [{"subject_type": "old", "subject_id": "3"}, {"person": worlds.WHO}, {}])
def test_held_entries_stay_until_the_hold_is_released(scope: dict[str, str]) -> None:
    hold = holds.place(ground="a dispute", actor=ACTOR, **scope)
    held = databases.by_owner(retention.archive, actor=ACTOR)
    holds.release(hold, actor=ACTOR, reason="settled")
    assert (held, databases.by_owner(retention.archive, actor=ACTOR)) == ([], [0, 1])


@pytest.mark.parametrize("days", [1001, 999])
def test_entries_stay_as_long_as_the_setting_says(settings: Any, days: int) -> None:
    settings.AUDIT_ARCHIVE_AFTER_DAYS = days
    assert bool(retention.due()) == (days < worlds.OLD.days)


# Crashes: at each step an error takes the process away; the next run finds everything as it must be.
def stop(*args: Any, **options: Any) -> None:
    raise KeyboardInterrupt


def after(step: Callable[..., None]) -> Callable[..., None]:
    def both(*given: Any) -> None:
        step(*given)
        stop()

    return both


STEPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before the first byte": lambda patch: patch.setattr(retention, "_write", stop),
    "before the transaction": lambda patch: patch.setattr(retention, "_take_over", stop),
    "before the event": lambda patch: patch.setattr(log, "record", stop),
    "before the rows": lambda patch: patch.setattr(retention, "_empty_rows", stop),
    "before the commit": lambda patch: patch.setattr(retention, "_empty_rows", after(retention._empty_rows)),
}


@pytest.mark.parametrize("step", STEPS)
def test_crash_at_any_step_loses_nothing(step: str) -> None:
    before = raw()
    with pytest.MonkeyPatch.context() as patch:
        STEPS[step](patch)
        with pytest.raises(KeyboardInterrupt):
            databases.by_owner(retention.archive, actor=ACTOR)
    connection.close()
    assert (raw(), ArchivedBundle.objects.count(), clean()) == (before, 0, True)
    assert databases.by_owner(retention.archive, actor=ACTOR) == [0, 1]
    assert (raw()[:600], clean()) == (before, True)


def test_half_written_file_of_a_crash_is_no_bundle(settings: Any) -> None:
    path = Path(settings.AUDIT_ARCHIVE_URL.removeprefix("file://")) / tiles.bundle_path(0)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    with pytest.raises(retention.ArchiveRefused, match="another bundle stood there"):
        databases.by_owner(retention.archive, actor=ACTOR)
    assert Event.objects.filter(leaf=None).count() == 0


def test_changed_entry_is_not_archived(live_database: str) -> None:
    with databases.superuser(live_database) as superuser:
        superuser.execute("ALTER TABLE audit_leaf DISABLE TRIGGER append_only")
        superuser.execute("UPDATE audit_leaf SET hash = sha256('x') WHERE index = 300")
    with pytest.raises(retention.ArchiveRefused, match="not what its hash says"):
        databases.by_owner(retention.archive, actor=ACTOR)


# What the database itself refuses, whoever asks
def asked(n: int, digest: bytes, *, said: bool = True) -> None:
    with databases.acting_as(grants.OWNER), transaction.atomic(), connection.cursor() as cursor:
        if said:
            event = EntriesArchived(first_bundle=n, last_bundle=n, digest="")
            log.record(event, subject=log.Subject("log", "x"), actor=ACTOR)
        cursor.execute("SELECT audit_archive(%s, %s, %s)", [n, digest, "file:///nowhere"])


def test_database_refuses_what_is_not_the_bundle() -> None:
    with pytest.raises(IntegrityError, match="not what is said to be in the archive"):
        asked(0, bytes(32))
    with pytest.raises(IntegrityError, match="Bundle 2 is not full"):
        asked(2, bytes(32))


def test_database_refuses_silence_and_holds(settings: Any) -> None:
    digest = retention._store(0).digest
    with pytest.raises(IntegrityError, match="only with an event"):
        asked(0, digest, said=False)
    holds.place(ground="a dispute", actor=ACTOR, subject_type="old", subject_id="3")
    with pytest.raises(IntegrityError, match="A hold stands over an entry of bundle 0"):
        asked(0, digest)


def test_database_refuses_entries_younger_than_six_months(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "OLD", timedelta(days=100))
    worlds.old_entries(168)
    recorded.sequence()
    digest = retention._store(2).digest
    with pytest.raises(IntegrityError, match="append-only"):
        asked(2, digest)


def test_command_moves_what_is_due(capsys: pytest.CaptureFixture[str]) -> None:
    databases.by_owner(call_command, "archive_log", dry_run=True)
    databases.by_owner(call_command, "archive_log")
    assert capsys.readouterr().out.splitlines() == [
        "2 bundles of 256 entries are due.",
        "2 bundles of 256 entries moved to the archive.",
    ]
    assert settings.AUDIT_ARCHIVE_AFTER_DAYS == 730
