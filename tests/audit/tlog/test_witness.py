"""The witness as a process: it cosigns growth, refuses the rest, and remembers through kill -9."""

import hashlib
import http.client
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.tlog import checkpoint, merkle, note, witness, witnessing
from tests.audit.tlog import examples

HASHES = examples.hashes(600)
OTHER = [merkle.leaf_hash(b"other"), *HASHES[1:]]
NAME = "witness.example.org/w2"


def signed(size: int, *, hashes: list[bytes] = HASHES, signer: note.Signer = examples.LOG) -> bytes:
    head = checkpoint.Checkpoint(signer.verifier.name, size, merkle.root(hashes[:size]))
    return note.sign(head.text(), signer)


def body(old: int, new: int, *, hashes: list[bytes] = HASHES, signer: note.Signer = examples.LOG) -> bytes:
    proof = merkle.consistency_proof(hashes[:new], old)
    return witnessing.Request(old, tuple(proof), signed(new, hashes=hashes, signer=signer)).format()


class Running:
    """A witness process and the way to ask it."""

    def __init__(self, process: subprocess.Popen[str], vkey: str, port: int) -> None:
        self.process, self.vkey, self.port = process, vkey, port

    def ask(self, method: str, path: str, content: bytes = b"") -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, content)
        answer = connection.getresponse()
        told = (answer.status, answer.headers.get_content_type(), answer.read())
        connection.close()
        return told

    def add(self, content: bytes) -> tuple[int, str, bytes]:
        return self.ask("POST", "/add-checkpoint", content)


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    options = ["--state", f"{folder}/state", "--key", f"{folder}/key", "--log", examples.LOG.vkey]
    command = [sys.executable, "-m", "audit.tlog.witness", *options, "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            vkey, _, url = process.stdout.readline().split()
            yield Running(process, vkey, int(url.rpartition(":")[2]))
        finally:
            process.terminate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    witness.main(["--make-key", NAME, "--key", str(tmp_path / "key"), "--state", str(tmp_path / "state")])
    return tmp_path


def test_witness_cosigns_growth_with_a_signature_that_verifies(folder: Path) -> None:
    with running(folder) as asked:
        for old, new in ((0, 1), (1, 300), (300, 300), (300, 600)):
            status, kind, line = asked.add(body(old, new))
            opened = note.open_note(signed(new) + line, [note.Verifier.parse(asked.vkey)])
            assert (status, kind, len(opened.verified)) == (200, "text/plain", 1)


def test_witness_answers_each_refusal_with_its_status(folder: Path) -> None:
    stranger = note.Signer("other.example.org/log", examples.key("other"))
    with running(folder) as asked:
        asked.add(body(0, 300))
        assert asked.add(b"old 3\n\nnothing\n")[0] == 400
        assert asked.add(body(300, 600, signer=examples.STRANGER))[0] == 403
        assert asked.add(body(300, 600, signer=stranger))[0] == 404
        assert asked.add(body(5, 600)) == (409, "text/x.tlog.size", b"300\n")
        assert asked.add(body(5, 10)) == (409, "text/x.tlog.size", b"300\n")
        assert asked.add(body(300, 600, hashes=OTHER))[0] == 422
        assert asked.add(body(300, 300, hashes=OTHER))[0] == 422
        assert asked.add(body(300, 600))[0] == 200


def test_witness_keeps_refused_fork_as_evidence(folder: Path) -> None:
    with running(folder) as asked:
        asked.add(body(0, 300))
        asked.add(body(300, 300, hashes=OTHER))
    kept = folder / "state" / witnessing.origin_hash(examples.ORIGIN) / "refused"
    assert [path.read_bytes() for path in kept.iterdir()] == [body(300, 300, hashes=OTHER)]


def test_witness_killed_remembers_what_it_answered(folder: Path) -> None:
    for old, new in ((0, 100), (100, 200), (200, 300)):
        with running(folder) as asked:
            assert asked.add(body(old, new))[0] == 200
            asked.process.send_signal(signal.SIGKILL)
    with running(folder) as asked:
        assert asked.add(body(0, 600)) == (409, "text/x.tlog.size", b"300\n")


def test_witness_shows_its_last_note(folder: Path) -> None:
    path = f"/{witnessing.origin_hash(examples.ORIGIN)}/checkpoint"
    with running(folder) as asked:
        assert asked.ask("GET", path)[0] == 404
        line = asked.add(body(0, 300))[2]
        assert asked.ask("GET", path) == (200, "text/plain", signed(300) + line)
        assert asked.ask("GET", "/../key/checkpoint")[0] == 404


def test_witness_is_not_poisoned_by_lines_of_strangers(folder: Path) -> None:
    lines = b"".join(note.sign("x\n", note.Signer(f"n{n}", examples.key("n"))).split(b"\n\n")[1] for n in range(63))
    with running(folder) as asked:
        assert asked.add(body(0, 300) + lines)[0] == 200
        assert asked.add(body(300, 600))[0] == 200


def test_racing_requests_never_roll_the_witness_back(folder: Path) -> None:
    """Forty requests at once from the same old size: one wins, and what it said stands."""
    with running(folder) as asked:
        asked.add(body(0, 100))
        answers: list[tuple[int, int]] = []
        rivals = [
            threading.Thread(target=lambda new=new: answers.append((asked.add(body(100, new))[0], new)))
            for new in range(101, 141)
        ]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()
        won = [new for status, new in answers if status == 200]
        assert sorted(status for status, _ in answers) == [200] + [409] * 39
        assert asked.add(body(0, 600)) == (409, "text/x.tlog.size", f"{won[0]}\n".encode())


def test_second_witness_on_the_same_state_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(folder):
        assert witness.main(["--state", f"{folder}/state", "--key", f"{folder}/key"]) == 2
    assert "Another witness works in" in capsys.readouterr().err


def test_witness_without_its_memory_does_not_start(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "state").rmdir()
    assert witness.main(["--state", f"{folder}/state", "--key", f"{folder}/key"]) == 2
    assert "cannot start" in capsys.readouterr().err


def test_witness_with_spoilt_memory_does_not_start(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoilt = folder / "state" / witnessing.origin_hash(examples.ORIGIN) / "checkpoint"
    witness.write_durably(spoilt, signed(3)[:-20])
    assert witness.main(["--state", f"{folder}/state", "--key", f"{folder}/key", "--log", examples.LOG.vkey]) == 2
    assert "cannot start" in capsys.readouterr().err


def test_made_key_is_its_owners_alone_and_never_replaced(folder: Path) -> None:
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        witness.make_key(NAME, folder / "key")


def test_request_that_is_too_long_is_refused_unread(folder: Path) -> None:
    with running(folder) as asked:
        assert asked.add(b"x" * (witnessing.MAX_REQUEST_BYTES + 1))[0] == 400
        assert asked.ask("POST", "/elsewhere", body(0, 1))[0] == 404


def test_witness_keeps_a_fork_after_strangers_sent_false_proofs_of_public_heads(tmp_path: Path) -> None:
    own = witness.Witness(tmp_path, NAME, examples.key("w2"), [examples.LOG.verifier])
    own.add_checkpoint(body(0, 300))
    heads = [signed(300 + 1 + number) for number in range(60)]
    for number, head in enumerate([*heads, *[heads[0]] * 100]):
        proof = (number.to_bytes(32, "big"),)
        verdict, _ = own.add_checkpoint(witnessing.Request(300, proof, head).format())
        assert verdict.status is witnessing.Status.FORKED
    kept = tmp_path / witnessing.origin_hash(examples.ORIGIN) / "refused"
    before = len(list(kept.iterdir()))
    own.add_checkpoint(body(300, 300, hashes=OTHER))
    assert (before, len(list(kept.iterdir()))) == (50, 51)
    fork = hashlib.sha256(note.text_of(signed(300, hashes=OTHER)).encode()).hexdigest()
    assert (kept / fork).read_bytes() == body(300, 300, hashes=OTHER)


def test_witness_keeps_a_refused_head_once_whatever_proof_came_with_it(tmp_path: Path) -> None:
    own = witness.Witness(tmp_path, NAME, examples.key("w2"), [examples.LOG.verifier])
    own.add_checkpoint(body(0, 300))
    for number in range(120):
        own.add_checkpoint(witnessing.Request(300, (number.to_bytes(32, "big"),), signed(400)).format())
    kept = tmp_path / witnessing.origin_hash(examples.ORIGIN) / "refused"
    assert len(list(kept.iterdir())) == 1
