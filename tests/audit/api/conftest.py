"""A log with something in it."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.models import Event
from audit.tlog import note
from registry.models import AISystem
from tests import factories
from tests.audit import outside


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


@pytest.fixture
def witnesses(tmp_path: Path, settings: Any) -> list[note.Cosigner]:
    """Two witnesses, both of whom the policy asks for."""
    cosigners = [note.Cosigner(f"{name}.example", Ed25519PrivateKey.generate(), time=1) for name in ("w1", "w2")]
    lines = [f"witness {cosigner.verifier.name[:2]} {cosigner.vkey}" for cosigner in cosigners]
    settings.LOG_TRUST_POLICY = outside.policy(tmp_path, lines, "group both all w1 w2; quorum both")
    return cosigners
