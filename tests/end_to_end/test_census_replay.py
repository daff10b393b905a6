"""Four years of real people through the live path: silence where nothing decays, an alarm where something is moved."""

from collections import Counter

import pytest

from mlops_server.demo import census
from monitoring.models import Alert
from tests import replays
from tests.replays import Person, Replay

pytestmark = pytest.mark.django_db
ROWS = 1_000


@pytest.fixture
def replay() -> Replay:
    return replays.start(rows=ROWS)


def test_years_without_decay_are_quiet_and_moved_rows_alarm(replay: Replay) -> None:
    quiet = Counter(
        (kind, run.verdict)
        for year in (2016, 2017, 2018)
        for looks in replay.through(census.people(year))
        for kind, run in looks.items()
    )
    assert quiet == {(kind, "quiet"): 15 for kind in replays.WATCHED}
    assert not Alert.objects.exists()
    for kind, people in shifted(census.people(2018)[:ROWS]).items():
        replay.answer(people)
        assert replay.look()[kind].verdict == "alarm", kind


def shifted(people: list[Person]) -> dict[str, list[Person]]:
    """What each kind of monitor must find; looks share no rows, so one finds nothing of another."""
    return {
        "performance": [*replays.moved(people[:400], **{census.LABEL: lambda label: 1 - label}), *people[400:]],
        "drift": replays.moved(people, AGEP=lambda age: age + 8),
        "quality": replays.moved(people, AGEP=lambda age: -1),
        "output_drift": replays.moved(people, AGEP=lambda age: 90),
    }
