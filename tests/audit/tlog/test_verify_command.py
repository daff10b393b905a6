"""The command line of the verifier, as a stranger runs it: another process, without Django."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit.tlog import archive, pack
from audit.tlog.verify import main, read_keys
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG, STRANGER, WITNESS

ROOT = Path(__file__).parents[3]
# Runs a module and then fails if it imported anything that a verifier must do without.
GUARDED = """
import runpy, sys
code = 0
try:
    runpy.run_module("audit.tlog.verify", run_name="__main__")
except SystemExit as end:
    code = end.code
allowed = sys.stdlib_module_names | {"audit", "cryptography", "_cffi_backend", "__main__"}
foreign = {name.partition(".")[0] for name in sys.modules} - allowed
ours = {name for name in sys.modules if name.startswith("audit.") and not name.startswith("audit.tlog")}
sys.exit(code if not ours and not {"django", "orjson", "rfc8785", "numpy"} & foreign else f"imported {foreign | ours}")
"""


@pytest.fixture(name="source")
def _source(tmp_path: Path) -> Path:
    pack.write(tmp_path / "pack.zip", examples.example_pack())
    return tmp_path / "pack.zip"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", GUARDED, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_command_on_a_clean_pack_exits_0_and_says_what_was_proven(source: Path) -> None:
    done = run(source, "--key", LOG.vkey, "--key", WITNESS.vkey)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Verified: 2 entries of the log models.example.org/audit at size 7, signed by ")


def test_command_on_a_changed_pack_exits_1_with_a_sentence_for_each_finding(source: Path) -> None:
    members = pack.members(examples.example_pack()) | {"README.txt": b"", "entries/2.json": examples.entry(2)}
    source.write_bytes(b"".join(archive.write(members)))
    done = run(source, "--key", LOG.vkey)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0] == "README.txt: The file is missing or does not have the words that every pack has."
    assert lines[-1] == f"Not verified: {len(lines) - 1} findings. Rely on nothing here until each is explained."


def test_command_run_as_a_module_works(source: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "audit.tlog.verify", str(source), "--key", LOG.vkey]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_command_with_keys_in_a_file_and_json_prints_the_report(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys").write_text(f"{LOG.vkey}\n\n{WITNESS.vkey}\n")
    assert main([str(source), "--key", str(tmp_path / "keys"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["clean"], report["size"], report["findings"], len(report["signers"])) == (True, 7, [], 2)


def test_command_with_a_wrong_key_exits_1(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(source), "--key", STRANGER.vkey]) == 1
    assert "checkpoint: No known key signed the note" in capsys.readouterr().out


def test_command_on_a_directory_with_since_judges_the_continuation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaves = [examples.entry(number) for number in range(20)]
    examples.publish(tmp_path / "log", leaves)
    (tmp_path / "old").write_bytes(examples.head(leaves[:7]))
    (tmp_path / "fork").write_bytes(examples.head(leaves[5:12]))
    judge = [str(tmp_path / "log"), "--key", LOG.vkey, "--since"]
    assert [main([*judge, str(tmp_path / old)]) for old in ("old", "fork")] == [0, 1]
    assert "since: The log does not continue the older checkpoint of size 7" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.zip", "--key", LOG.vkey],
        ["{source}", "--key", "missing.vkey"],
        ["{source}", "--key", "{source}"],
        ["{source}", "--key", LOG.vkey, "--since", "{source}"],
        ["{folder}", "--key", LOG.vkey],
        ["{folder}", "--key", LOG.vkey, "--since", "missing"],
    ],
)
def test_command_that_cannot_judge_exits_2_and_says_why(
    source: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [argument.format(source=source, folder=source.parent) for argument in arguments]
    assert main(filled) == 2
    assert capsys.readouterr().err.startswith(f"Cannot verify {filled[0]}: ")


def test_command_without_a_key_exits_2(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([str(source)])
    assert (exit_.value.code, "--key" in capsys.readouterr().err) == (2, True)


def test_read_keys_of_a_key_itself_is_that_key() -> None:
    assert read_keys(WITNESS.vkey) == [WITNESS.verifier]
