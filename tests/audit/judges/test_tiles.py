"""aics-tlog, a reader and writer of C2SP tlog-tiles of another make, judges our directories and writes its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.tlog import checkpoint, note
from tests.audit.judges import logs
from tests.audit.judges.logs import Log
from tests.audit.tlog.examples import LOG, ORIGIN, STRANGER, WITNESS

NUMBERS = [str(number).encode() for number in range(logs.LARGE)]


def tool(packages: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aics_tlog", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(packages)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def accepts(packages: Path, *arguments: str | Path) -> bool:
    return tool(packages, *arguments).returncode == 0


def files(folder: Path) -> dict[str, bytes]:
    found = [path for path in (folder / "tile").rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module", name="numbers")
def _numbers(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return logs.write(tmp_path_factory.mktemp("numbers"), NUMBERS)


def rebuilt(packages: Path, leaves: list[bytes], folder: Path) -> dict[str, bytes]:
    """The files that they write for the same entries."""
    (folder / "leaves").write_bytes(b"".join(leaf + b"\n" for leaf in leaves))
    done = tool(packages, "build-tiles", "--zero", "--leaves", folder / "leaves", "--out", folder / "theirs")
    assert done.returncode == 0, done.stderr
    return files(folder / "theirs")


def test_tiles_and_bundles_of_our_log_are_byte_for_byte_theirs(log: Log, tlog_tool: Path, tmp_path: Path) -> None:
    assert files(log.folder) == rebuilt(tlog_tool, log.leaves(), tmp_path)


def test_tiles_of_three_levels_are_byte_for_byte_theirs(numbers: Log, tlog_tool: Path, tmp_path: Path) -> None:
    assert files(numbers.folder) == rebuilt(tlog_tool, NUMBERS, tmp_path)


def test_checkpoint_with_its_cosignature_is_accepted_and_under_other_keys_not(log: Log, tlog_tool: Path) -> None:
    judge = ("verify-checkpoint", "--tiles", log.folder, "--origin", ORIGIN, "--quorum", "1")
    keys = [(LOG, WITNESS), (STRANGER, WITNESS), (LOG, STRANGER)]
    verdicts = [
        accepts(tlog_tool, *judge, "--log-key", signer.vkey, "--witness-key", witness.vkey) for signer, witness in keys
    ]
    assert verdicts == [True, False, False]


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, 69_999])
def test_inclusion_read_from_our_tiles_is_accepted_and_at_another_index_not(
    numbers: Log, tlog_tool: Path, tmp_path: Path, index: int
) -> None:
    (tmp_path / "leaf").write_bytes(NUMBERS[index])
    judge = ("verify-inclusion", "--tiles", numbers.folder, "--log-key", LOG.vkey, "--leaf", tmp_path / "leaf")
    assert accepts(tlog_tool, *judge, "--index", str(index))
    assert not accepts(tlog_tool, *judge, "--index", str(index ^ 1))


@pytest.mark.parametrize("old", [1, 255, 256, 65_536, 65_537, 70_000])
def test_consistency_read_from_our_tiles_is_accepted_and_with_a_fork_not(
    numbers: Log, tlog_tool: Path, tmp_path: Path, old: int
) -> None:
    judge = ("verify-consistency", "--tiles", numbers.folder, "--log-key", LOG.vkey, "--old-checkpoint")
    for name, root in (("older", numbers.root_at(old)), ("fork", bytes(32))):
        (tmp_path / name).write_bytes(note.sign(checkpoint.Checkpoint(ORIGIN, old, root).text(), LOG))
    assert accepts(tlog_tool, *judge, tmp_path / "older")
    assert not accepts(tlog_tool, *judge, tmp_path / "fork")
