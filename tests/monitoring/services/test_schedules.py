"""When monitors look: one worker a due time, a look that is overtaken is void, one whose worker died is done again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from audit import actors as system_actors
from monitoring.models import Monitor, MonitorRun
from monitoring.services import checks, monitors
from registry.errors import AlreadyExists, NotPermitted, RevisionMismatch
from tests import houses, recorded
from tests.factories import acting
from tests.houses import House
from tests.monitoring.services import logs

WORKER = system_actors.system("worker")


@pytest.fixture
def house(db: None) -> House:
    return served()


def served() -> House:
    built = houses.build()
    champion = houses.champion(built).champion
    assert champion is not None
    logs.answer(built, champion)
    return built


def due(house: House, *, seconds: float = 0.0) -> Monitor:
    """A monitor that has been due for so long."""
    monitor = logs.monitor(house)
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now() - timedelta(seconds=seconds))
    return recorded.fresh(monitor)


def looked(monitor: Monitor) -> MonitorRun | None:
    return monitors.check(str(monitor.pk), actor=WORKER)


# Changes


def test_change_is_on_record_with_what_changed_and_why(house: House) -> None:
    monitor = due(house)
    changes = {"cadence_seconds": 30, "name": "other", "enabled": True}
    changed = monitors.change(monitor, changes=changes, revision=1, actor=acting(house.operator), reason="Too slow.")
    newest = recorded.newest(monitor)
    assert (changed.revision, newest["event"], newest["data"]["changed"]) == (
        2, "monitor.changed", ["cadence_seconds", "name"],
    )  # fmt: skip
    assert changed.next_due_at <= timezone.now() + timedelta(seconds=30)


def test_change_of_parameters_forgets_what_was_gathered_and_a_change_of_name_does_not(house: House) -> None:
    monitor = due(house)
    Monitor.objects.filter(pk=monitor.pk).update(progress={"log_e": 1.0})
    monitor = monitors.change(monitor, changes={"name": "other"}, revision=1, actor=acting(house.operator))
    assert monitor.progress == {"log_e": 1.0}
    changes = {"parameters": {"psi_floor": 0.2}}
    monitor = monitors.change(monitor, changes=changes, revision=2, actor=acting(house.operator))
    assert monitor.progress == {}


def test_change_of_an_old_revision_is_refused_and_on_record(house: House) -> None:
    monitor = due(house)
    with pytest.raises(RevisionMismatch):
        monitors.change(monitor, changes={"enabled": False}, revision=7, actor=acting(house.operator))
    assert recorded.names(monitor) == ["monitor.created", "monitor.refused"]


def test_change_by_who_may_not_or_to_a_taken_name_is_refused(house: House) -> None:
    monitor, other = due(house), due(house)
    with pytest.raises(NotPermitted):
        monitors.change(monitor, changes={"enabled": False}, revision=1, actor=acting(house.validator))
    with pytest.raises(AlreadyExists):
        monitors.change(monitor, changes={"name": other.name}, revision=1, actor=acting(house.operator))
    assert recorded.fresh(monitor).enabled


# Looks that are overtaken


@pytest.mark.parametrize("overtaken", ["changed", "asked for again"])
def test_look_that_a_person_overtakes_is_void_and_the_next_reads_its_rows(
    house: House, monkeypatch: pytest.MonkeyPatch, overtaken: str
) -> None:
    monitor, look = due(house), checks.look

    def meanwhile(*given: object, **more: object) -> object:
        found = look(*given, **more)  # type: ignore[arg-type]
        if overtaken == "changed":
            monitors.change(monitor, changes={"name": "other"}, revision=1, actor=acting(house.operator))
        else:
            monitors.run_now(monitor, actor=acting(house.operator))
        return found

    with monkeypatch.context() as slow:
        slow.setattr(checks, "look", meanwhile)
        assert looked(monitor) is None
    assert not MonitorRun.objects.exists()
    monitors.run_now(recorded.fresh(monitor), actor=acting(house.operator))
    run = looked(monitor)
    assert run is not None
    assert run.n == 1


def test_look_whose_worker_died_is_done_again_when_its_lease_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = due(house)

    def killed(*given: object, **more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(checks, "look", killed)
        with pytest.raises(SystemExit):
            looked(monitor)
    assert looked(monitor) is None
    leased = recorded.fresh(monitor).next_due_at
    assert timezone.now() < leased <= timezone.now() + monitors.LEASE
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    assert looked(monitor) is not None


def test_slot_that_serves_nobody_moves_on_without_a_look(db: None) -> None:
    monitor = due(houses.build())
    assert looked(monitor) is None
    assert recorded.fresh(monitor).next_due_at > timezone.now()
    assert not MonitorRun.objects.exists()


# Messages


def test_nudge_sends_the_longest_overdue_first_and_rests_those_at_rest(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(monitors.jobs, "send", lambda task, pk: sent.append(str(pk)))
    monkeypatch.setattr(monitors, "MOST_NUDGES", 2)
    _short, long, longer, resting = (due(house, seconds=seconds) for seconds in (1, 20, 30, 40))
    monitors.change(resting, changes={"enabled": False}, revision=1, actor=acting(house.operator))
    assert monitors.nudge_due() == 2
    assert sent == [str(longer.pk), str(long.pk)]
    assert looked(resting) is None


def test_two_workers_at_once_look_once(live_database: str) -> None:
    monitor = due(served())

    def look(_: int) -> bool:
        try:
            return looked(monitor) is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(4))) == 1
    assert MonitorRun.objects.count() == 1
