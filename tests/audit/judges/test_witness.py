"""A witness of another make judges our checkpoints, consistency proofs and requests, and we judge its cosignatures."""

import random
import time
from pathlib import Path

import pytest

from audit.tlog import checkpoint, merkle, note, witnessing
from audit.tlog.errors import NoteError
from audit.tlog.witnessing import Request
from tests.audit.judges import logs
from tests.audit.judges.witness import Running
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG, ORIGIN, STRANGER

LEAVES = [number.to_bytes(4, "big") for number in range(700)]


def grown(folder: Path, size: int, leaves: list[bytes] | None = None, signer: note.Signer = LOG) -> logs.Log:
    return logs.write(folder / f"{size}-{len(list(folder.iterdir()))}", (leaves or LEAVES)[:size], signer)


def request(log: logs.Log, old: int) -> Request:
    return Request(old, tuple(log.consistency(old)), log.signed)


def head_of(size: int, root: bytes, signer: note.Signer = LOG) -> bytes:
    return note.sign(checkpoint.Checkpoint(ORIGIN, size, root).text(), signer)


@pytest.fixture(name="seen")
def _seen(running_witness: Running, tmp_path: Path) -> Running:
    """A witness that cosigned our log at size 300."""
    assert running_witness.ask(request(grown(tmp_path, 300), 0))[0] == 200
    return running_witness


def test_growth_through_many_sizes_is_cosigned_and_the_cosignature_is_valid(
    running_witness: Running, tmp_path: Path
) -> None:
    old = 0
    for size in (1, 2, 3, 7, 8, 255, 256, 257, 512, 513, 600, 600):
        log = grown(tmp_path, size)
        status, line = running_witness.ask(request(log, old))
        opened = checkpoint.open_signed(log.signed + line, [LOG.verifier, running_witness.verifier])
        assert (status, opened.signers) == (200, [ORIGIN, running_witness.verifier.name])
        assert abs((opened.note.verified[1].time or 0) - time.time()) < 60
        old = size


def test_growth_from_256_to_three_levels_of_tiles_is_cosigned(
    running_witness: Running, large_log: logs.Log, tmp_path: Path
) -> None:
    small = logs.write(tmp_path / "small", [number.to_bytes(4, "big") for number in range(256)], LOG)
    answers = [running_witness.ask(request(small, 0))[0], running_witness.ask(request(large_log, 256))[0]]
    assert answers == [200, 200]


def test_note_that_the_witness_holds_is_our_checkpoint_with_its_cosignature(seen: Running, tmp_path: Path) -> None:
    opened = checkpoint.open_signed(seen.held(), [LOG.verifier, seen.verifier])
    assert (opened.head, opened.signers) == (grown(tmp_path, 300).head, [ORIGIN, seen.verifier.name])


@pytest.mark.parametrize("old", [0, 299])
def test_growth_from_another_size_than_it_holds_is_answered_409_with_that_size(
    seen: Running, tmp_path: Path, old: int
) -> None:
    assert seen.ask(request(grown(tmp_path, 400), old)) == (409, b"300\n")


def test_rollback_to_an_older_size_is_refused(seen: Running, tmp_path: Path) -> None:
    older = grown(tmp_path, 200)
    assert seen.ask(request(older, 0)) == (409, b"300\n")
    assert seen.ask(Request(300, (), older.signed))[0] == 400


def test_fork_that_went_on_differently_is_answered_422(seen: Running, tmp_path: Path) -> None:
    fork = grown(tmp_path, 400, [*LEAVES[:299], b"restored from a backup", *LEAVES[300:]])
    assert seen.ask(request(fork, 300))[0] == 422


def test_same_size_with_another_root_is_answered_422(seen: Running) -> None:
    assert seen.ask(Request(300, (), head_of(300, merkle.leaf_hash(b"fork"))))[0] == 422


def test_growth_with_a_changed_proof_is_answered_422(seen: Running, tmp_path: Path) -> None:
    right = request(grown(tmp_path, 400), 300)
    wrong = [right.proof[:-1], right.proof[::-1], (bytes(32), *right.proof[1:]), (*right.proof, bytes(32)), ()]
    assert [seen.ask(Request(300, proof, right.checkpoint))[0] for proof in wrong] == [422] * len(wrong)
    assert seen.ask(right)[0] == 200


def test_checkpoint_signed_by_another_key_of_the_same_name_is_answered_403(seen: Running, tmp_path: Path) -> None:
    assert seen.ask(request(grown(tmp_path, 400, signer=STRANGER), 300))[0] == 403


def test_checkpoint_of_a_log_that_it_does_not_know_is_answered_404(seen: Running) -> None:
    other = note.Signer("other.example.org", examples.key("other"))
    text = checkpoint.Checkpoint("other.example.org", 300, bytes(32)).text()
    assert seen.ask(Request(0, (), note.sign(text, other)))[0] == 404


def test_our_own_verdicts_are_theirs_on_every_kind_of_request(seen: Running, tmp_path: Path) -> None:
    """Our rules for a witness and theirs give the same status, request by request, from the same memory."""
    held = grown(tmp_path, 300).head
    good = request(grown(tmp_path, 400), 300).format()
    fork = grown(tmp_path, 400, [b"another first entry", *LEAVES[1:]])
    bodies = [
        request(grown(tmp_path, 200), 0).format(),
        request(grown(tmp_path, 400), 0).format(),
        request(fork, 300).format(),
        request(grown(tmp_path, 400, signer=STRANGER), 300).format(),
        Request(300, (), head_of(300, bytes(32))).format(),
        Request(500, (), head_of(400, bytes(32))).format(),
        good.replace(b"old 300", b"old 0300"),
        good.replace(b"old 300", b"old -300"),
        good.replace(b"old ", b"Old "),
        good.replace(b"\n\n", b"\n", 1),
        good.replace(b"=\n", b"\n", 1),
        good[:-1],
        b"",
        good,
    ]
    assert [_ours(body, held) for body in bodies] == [seen.send(body)[0] for body in bodies]


def test_requests_changed_at_random_are_refused_by_us_and_by_them(seen: Running, tmp_path: Path) -> None:
    """Only where a name is malformed may the status differ: they call some names malformed that we call unknown."""
    held, chance = grown(tmp_path, 300).head, random.Random(422)
    good = request(grown(tmp_path, 400), 300).format()
    changed = [body for body in (_changed(good, chance) for _ in range(1000)) if _ours(body, held) != 200]
    verdicts = [(_ours(body, held), seen.send(body)[0]) for body in changed]
    assert len(changed) > 900
    assert {pair for pair in verdicts if pair[0] != pair[1]} <= {(404, 400), (400, 403)}
    assert seen.send(good)[0] == _ours(good, held) == 200


def _changed(body: bytes, chance: random.Random) -> bytes:
    """One byte flipped, lost or put in, or one line doubled."""
    place, kind = chance.randrange(len(body)), chance.randrange(4)
    if kind == 0:
        return body[:place] + bytes([body[place] ^ 1 << chance.randrange(8)]) + body[place + 1 :]
    if kind == 1:
        return body[:place] + body[place + 1 :]
    if kind == 2:
        return body[:place] + chance.choice([b"\n", b" ", b"0", b"=", b"A", b"+", b"\xe2", b"\r"]) + body[place:]
    lines = body.split(b"\n")
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return b"\n".join(lines)


def _ours(body: bytes, held: checkpoint.Checkpoint) -> int:
    try:
        return witnessing.judge(witnessing.parse(body), [LOG.verifier], held).status.value
    except NoteError:
        return 400
