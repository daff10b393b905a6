"""The command line of the verifier, as a stranger runs it: another process, without Django."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit.tlog import archive, note, pack
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

LEAVES = [examples.entry(number) for number in range(6)]
PROOF = examples.proof_of(LEAVES, 4, examples.head(LEAVES, LOG, WITNESS))
POLICY = f"log {LOG.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n"


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
    assert lines[0] == "README.txt: The file is missing, or its words were never given out with packs of this version."
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
        ["{log}", "--key", LOG.vkey, "--since", "{empty}"],
        ["{log}", "--key", LOG.vkey, "--policy", "missing"],
        ["{log}", "--policy", "{source}"],
        ["{log}", "--key", LOG.vkey, "--witness", LOG.vkey],
        ["{proof}", "--key", LOG.vkey],
        ["{proof}", "--key", LOG.vkey, "--leaf", "missing"],
        ["https://host/?log", "--key", LOG.vkey],
    ],
)
def test_command_that_cannot_judge_exits_2_and_says_why(
    source: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (source.parent / "empty").mkdir()
    (source.parent / "x.tlog-proof").write_bytes(PROOF)
    examples.publish(source.parent / "log", LEAVES)
    paths = {name: source.parent / name for name in ("log", "empty")} | {"proof": source.parent / "x.tlog-proof"}
    filled = [argument.format(source=source, folder=source.parent, **paths) for argument in arguments]
    assert main(filled) == 2
    assert capsys.readouterr().err.startswith(f"Cannot verify {filled[0]}: ")


def test_command_without_a_key_exits_2(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([str(source)])
    assert (exit_.value.code, "--key" in capsys.readouterr().err) == (2, True)


def test_read_keys_of_a_key_itself_is_that_key() -> None:
    assert read_keys(WITNESS.vkey) == [WITNESS.verifier]


def test_command_on_a_proof_says_in_one_sentence_which_entry_stands_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_bytes(PROOF)
    (tmp_path / "leaf").write_bytes(LEAVES[4])
    assert main([str(tmp_path / "x"), "--leaf", str(tmp_path / "leaf"), "--key", LOG.vkey]) == 0
    assert capsys.readouterr().out == (
        "Verified: entry 4 (promotion.approved of promotion 42, 2026-01-01T00:00:00.000004Z) of the log "
        "models.example.org/audit at size 6, signed by models.example.org/audit.\n"
    )


@pytest.mark.parametrize(
    ("raw", "leaf", "reason"),
    [
        (PROOF, LEAVES[3], "proof: The inclusion proof leads to the root "),
        (PROOF.replace(b"index 4", b"index 5"), LEAVES[4], "proof: The inclusion proof leads to the root "),
        (examples.proof_of(LEAVES, 4, examples.head(LEAVES, STRANGER)), LEAVES[4], "proof: No known key signed"),
        (examples.proof_of([*LEAVES[:4], b"[]"], 4, examples.head([*LEAVES[:4], b"[]"])), b"[]", "leaf: The entry is"),
    ],
)
def test_command_on_a_proof_that_does_not_hold_exits_1(
    tmp_path: Path, raw: bytes, leaf: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_bytes(raw)
    (tmp_path / "leaf").write_bytes(leaf)
    assert main([str(tmp_path / "x"), "--leaf", str(tmp_path / "leaf"), "--key", LOG.vkey]) == 1
    assert capsys.readouterr().out.startswith(reason)


def test_command_on_a_proof_with_extra_data_notes_that_nothing_proves_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_bytes(PROOF.replace(b"index 4", b"extra AAAA\nindex 4"))
    (tmp_path / "leaf").write_bytes(LEAVES[4])
    assert main([str(tmp_path / "x"), "--leaf", str(tmp_path / "leaf"), "--key", LOG.vkey]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        "Note: The proof carries 3 bytes of extra data, which nothing proves."
    )


@pytest.mark.parametrize(("signers", "code"), [((LOG,), 1), ((LOG, WITNESS), 0)])
def test_command_with_a_policy_asks_for_its_quorum_of_log_pack_and_proof(
    tmp_path: Path, signers: tuple[note.Signer, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy").write_text(POLICY)
    (tmp_path / "leaf").write_bytes(LEAVES[4])
    (tmp_path / "x").write_bytes(examples.proof_of(LEAVES, 4, examples.head(LEAVES, *signers)))
    examples.publish(tmp_path / "log", LEAVES, *signers)
    pack.write(tmp_path / "pack.zip", examples.example_pack(*signers))
    judge = ["--policy", str(tmp_path / "policy"), "--leaf", str(tmp_path / "leaf")]
    assert [main([str(tmp_path / name), *judge]) for name in ("log", "pack.zip", "x")] == [code] * 3
    said = ["checkpoint: The quorum is not reached: it asks for w; cosigned by none of them."] if code else []
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("checkpoint")] == said * 3


def test_command_with_a_witness_asks_for_its_cosignature(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examples.publish(tmp_path, LEAVES, LOG, WITNESS)
    assert main([str(tmp_path), "--key", LOG.vkey, "--witness", WITNESS.vkey]) == 0
    assert capsys.readouterr().out.endswith(
        "asked of witnesses: witness.example.org/w1; cosigned by witness.example.org/w1 at 2023-11-14T22:13:20Z.\n"
    )
    examples.publish(tmp_path, LEAVES)
    assert main([str(tmp_path), "--key", LOG.vkey, "--witness", WITNESS.vkey]) == 1


def test_command_with_a_folder_of_older_checkpoints_names_the_file_that_is_not_continued(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples.publish(tmp_path / "log", LEAVES)
    examples.write(tmp_path / "kept", {str(size): examples.head(LEAVES[:size]) for size in (1, 3, 5)})
    judge = [str(tmp_path / "log"), "--key", LOG.vkey, "--since", str(tmp_path / "kept"), "--since"]
    assert main([*judge, str(tmp_path / "kept/3")]) == 0
    assert capsys.readouterr().out.endswith("; 1 tile; 3 checkpoints before it.\n")
    (tmp_path / "fork").write_bytes(examples.head(LEAVES[1:5]))
    assert main([*judge, str(tmp_path / "fork")]) == 1
    assert capsys.readouterr().out.startswith("since fork: The log does not continue the older checkpoint of size 4: ")


def test_command_run_by_two_processes_says_on_stderr_alone_how_far_it_is(tmp_path: Path) -> None:
    examples.publish(tmp_path, [examples.entry(number) for number in range(16_700)])
    done = run(tmp_path, "--key", LOG.vkey, "--jobs", "2", "--hashes-only", "--progress", "--json")
    assert (done.returncode, done.stderr, json.loads(done.stdout)["proven"]["entry"]) == (0, "", 16_700)


@pytest.mark.parametrize("jobs", ["0", "-1", "257", "many"])
def test_command_with_an_impossible_number_of_processes_exits_2(jobs: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["log", "--key", LOG.vkey, "--jobs", jobs])
    assert exit_.value.code == 2
