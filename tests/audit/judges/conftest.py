"""The logs that are judged, and where the programs are that judge them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audit.judges import logs, witness

INSTALLED = Path(sys.prefix) / "judges"


@pytest.fixture(scope="session", params=logs.SIZES)
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> logs.Log:
    """A log of real entries, in one size after the other."""
    return logs.write(tmp_path_factory.mktemp("log"), logs.entries(request.param))


@pytest.fixture(scope="session")
def large_log(tmp_path_factory: pytest.TempPathFactory) -> logs.Log:
    """A log with three levels of tiles; its entries are short, because only hashes count here."""
    leaves = [number.to_bytes(4, "big") for number in range(logs.LARGE)]
    return logs.write(tmp_path_factory.mktemp("large"), leaves)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Where the packages from npm are."""
    return _installed("npm/node_modules")


@pytest.fixture(scope="session")
def tlog_tool() -> Path:
    """Where a reader and writer of tiles is, in Python."""
    return _installed("python")


@pytest.fixture
def running_witness(tmp_path: Path) -> Iterator[witness.Running]:
    """A witness of another make, in a process of its own, that knows the log and has seen nothing of it."""
    with witness.run(_installed("python"), tmp_path) as running:
        yield running


def _installed(part: str) -> Path:
    folder = INSTALLED / part
    if not folder.is_dir():
        pytest.fail(f"{folder} is missing. The judges are installed by `make judges`; `make test` does that too.")
    return folder
