"""A log with something in it."""

import pytest

from audit.models import Event
from registry.models import AISystem
from tests import factories


@pytest.fixture
def system(db: None) -> AISystem:
    """A system whose registration is the newest event."""
    return factories.system()


@pytest.fixture
def event(system: AISystem) -> Event:
    """The registration, committed and not sequenced."""
    return Event.objects.get(event="system.registered")


@pytest.fixture
def sequenced(event: Event) -> Event:
    """The registration, under a signed tree head."""
    factories.sequence()
    return event
