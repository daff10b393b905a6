"""What the sequencer sees to by itself."""

import pytest

from audit.database import grants
from audit.disclosure import histories
from audit.management import standing
from audit.models import Event
from audit.tlog import canonical, onefile
from tests import databases, factories, recorded

pytestmark = pytest.mark.django_db


def test_verifier_s_digest_is_put_on_record_once() -> None:
    for _ in range(2):
        with databases.acting_as(grants.SEQUENCER):
            standing.publish_verifier()
    (event,) = Event.objects.filter(event="log.verifier_published")
    told = canonical.decode(bytes(event.leaf or b""))
    assert isinstance(told, dict)
    assert told["data"] == {"digest": onefile.digest().hex()}


def test_histories_are_fixed_once_enough_has_happened_and_then_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.system()
    recorded.sequence()
    duty, fixed = standing.Histories(), Event.objects.filter(event="log.histories_fixed")
    with databases.acting_as(grants.SEQUENCER):
        duty.see_to()
        assert not fixed.exists()
        monkeypatch.setattr(histories.due, "__kwdefaults__", {"entries": 1})
        duty.see_to()
    factories.system()
    recorded.sequence()
    with databases.acting_as(grants.SEQUENCER):
        duty.see_to()
    assert fixed.count() == 1
