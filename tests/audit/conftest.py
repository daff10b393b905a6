"""A log with a few hundred events under signed heads."""

import pytest

from audit.signing import sequencer
from audit.tlog import note
from tests import factories, recorded

ORIGIN = "example.org/test-log"


@pytest.fixture
def signer() -> note.Signer:
    return sequencer.log_signer(ORIGIN)


@pytest.fixture
def sequenced(live_database: str, signer: note.Signer) -> None:
    """More than one tile of events, placed in batches of uneven size."""
    account = factories.person()
    for _ in range(130):
        factories.token(account)
    for _ in range(130):
        factories.token(account)
    for limit in (1, 3, 100, 4096):
        recorded.place(signer, origin=ORIGIN, limit=limit)
