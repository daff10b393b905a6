"""Runs on record, what the next one looks at, and the alarm that no setting switches off."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from audit import actors
from audit.models import Event, Verification
from audit.watch import selfcheck, spans, verifications
from audit.watch.findings import Finding
from registry.services import predictions
from tests import databases, desks, factories, recorded
from tests.audit.watch import tampering, worlds
from workers.tasks import watch

ACTOR = actors.system("test")
FOUND = Finding("audit_event", "17", "actor", "'person:1'", "'person:2'")


def banner(path: str = "/admin/") -> str:
    """What the page says in red, if anything."""
    page = desks.reader().get(path).content.decode()
    return page.partition('class="alarm')[2].partition("</p>")[0]


def ran(days_ago: float = 0, **fields: object) -> Verification:
    at = timezone.now() - timedelta(days=days_ago)
    result = selfcheck.Result(at, size=10, entries=10, finished_at=at)
    result.add(fields.pop("findings", ()))  # type: ignore[arg-type]
    for name, value in fields.items():
        setattr(result, name, value)
    return verifications.record(result, actor=ACTOR)


# The alarm
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([{}], ""),
        ([{"findings": [FOUND]}], "does not agree with itself: 1 finding."),
        ([{"findings": [FOUND]}, {"entries": 1}], "does not agree with itself: 1 finding."),
        ([{}, {"entries": 1, "findings": [FOUND, FOUND]}], "does not agree with itself: 2 findings."),
        ([{"findings": [FOUND]}, {}], ""),
        ([{"complete": False}], "could not look at everything"),
        ([{"days_ago": 3}], "for more than two days"),
        ([{"days_ago": 3}, {"entries": 1}], "for more than two days"),
    ],
)
def test_alarm_follows_the_newest_run_and_the_newest_of_everything(runs: list[dict[str, object]], words: str) -> None:
    for run in runs:
        ran(**run)  # type: ignore[arg-type]
    alarm = verifications.alarm()
    assert words in (alarm.words if alarm else "")
    assert bool(alarm) == bool(words)


@pytest.mark.django_db
def test_banner_stands_on_every_page_with_the_way_to_the_findings() -> None:
    assert banner() == ""
    row = ran(findings=[FOUND])
    for path in ("/admin/", "/admin/audit/event/", desks.page(row)):
        assert "does not agree with itself: 1 finding." in banner(path)
        assert desks.page(row) in banner(path)


@pytest.mark.django_db
def test_page_says_where_and_what() -> None:
    shown = desks.reader().get(desks.page(ran(findings=[FOUND]))).content.decode()
    assert "audit_event 17, column actor" in shown
    assert "Should be &#x27;person:1&#x27;; is &#x27;person:2&#x27;." in shown


@pytest.mark.django_db
def test_findings_of_one_table_leave_room_for_others() -> None:
    many = [Finding("audit_checkpoint", str(number), "note", "a", "b") for number in range(5000)]
    row = ran(findings=[*many, FOUND])
    assert (row.finding_count, len(row.findings)) == (5001, 21)
    assert row.findings[-1]["where"] == "audit_event 17, column actor"


# Runs
@pytest.fixture
def house(live_database: str) -> None:
    desks.world()
    recorded.sequence()


def test_verify_records_itself_and_finds_nothing(house: None) -> None:
    row = verifications.verify(actor=ACTOR)
    told = recorded.newest(row)
    assert (row.findings, row.finding_count, row.complete) == ([], 0, True)
    assert told["event"] == "log.verified"
    assert (told["data"]["size"], told["data"]["findings"], told["data"]["complete"]) == (row.size, 0, True)
    assert told["data"]["heads"] > 0


def test_two_processes_find_what_one_finds(house: None, live_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "LENGTH", 256)
    worlds.old_entries(600)
    recorded.sequence()
    with databases.superuser(live_database) as superuser, tampering.changed(superuser, "registry_aisystem", "purpose"):
        one, two = selfcheck.run(), selfcheck.run(jobs=2)
    assert one.findings == two.findings != []


def test_recent_run_looks_at_what_is_new(house: None, live_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "LENGTH", 256)
    worlds.old_entries(300)
    recorded.sequence()
    verifications.verify(actor=ACTOR)
    recorded.sequence()
    assert verifications.verify_recent(actor=ACTOR) is None
    system = factories.system()
    row = verifications.verify_recent(actor=ACTOR)
    assert row is not None
    attack, where = "registry_aisystem", f"id = '{system.pk}'"
    with databases.superuser(live_database) as superuser, tampering.changed(superuser, attack, "purpose", where=where):
        found = selfcheck.run(since=row.size)
    assert (row.finding_count, row.complete, row.entries < row.size) == (0, True, True)
    assert [one.column for one in found.findings] == ["purpose"]


def test_deleted_head_stays_a_finding(house: None, live_database: str) -> None:
    verifications.verify(actor=ACTOR)
    with databases.superuser(live_database) as superuser, tampering.deleted(superuser, "audit_checkpoint"):
        first, second = (verifications.verify(actor=ACTOR) for _ in range(2))
    assert {line["where"] for line in first.findings} >= {"audit_checkpoint"}
    assert {line["where"] for line in second.findings} >= {"audit_checkpoint"}


def test_part_that_fails_leaves_the_others_and_is_said(house: None) -> None:
    def failing() -> list[Finding]:
        raise ValueError("no such thing")

    result = selfcheck.run(extra={"the moon": failing})
    assert not result.complete
    assert result.warnings == ["Not everything was looked at: the moon (ValueError)."]
    assert (result.findings, result.rows > 40) == ([], True)


def test_changed_prediction_is_found(house: None, live_database: str) -> None:
    assert list(predictions.changed_batches()) == []
    with databases.superuser(live_database) as superuser, tampering.changed(superuser, "registry_prediction", "score"):
        found = selfcheck.run(extra=watch.EXTRA).findings
    assert [one.table for one in found] == ["registry_prediction"]


def test_command_says_what_it_found_and_ends_accordingly(
    house: None, live_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as clean:
        call_command("verify_log", jobs=1)
    with (
        databases.superuser(live_database) as superuser,
        tampering.changed(superuser, "audit_leaf", "hash"),
        pytest.raises(SystemExit) as spoilt,
    ):
        call_command("verify_log", "--json", jobs=1)
    words, document = capsys.readouterr().out.split("\n", 1)
    assert (clean.value.code, spoilt.value.code) == (0, 1)
    assert words.startswith("No findings: ")
    assert json.loads(document)["finding_count"] >= 1
    assert Event.objects.filter(event="log.verified").count() == 3


def test_tasks_verify_all_and_then_only_what_is_new(house: None) -> None:
    assert (watch.verify_log(), watch.verify_recent(), Verification.objects.count()) == (0, 0, 2)  # one is the world's
    factories.system()
    assert (watch.verify_recent(), Verification.objects.count()) == (0, 3)
