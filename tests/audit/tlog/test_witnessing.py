"""A witness decides by who signed and whether history holds; every second spelling of a request is refused."""

import pytest

from audit.tlog import checkpoint, merkle, note, witnessing
from audit.tlog.errors import NoteError
from audit.tlog.witnessing import Status
from tests.audit.tlog import examples

KEYS = [examples.LOG.verifier]
HASHES = examples.hashes(20)


def head(size: int, *, hashes: list[bytes] = HASHES) -> checkpoint.Checkpoint:
    return checkpoint.Checkpoint(examples.ORIGIN, size, merkle.root(hashes[:size]))


def request(old: int, new: int, *signers: note.Signer, hashes: list[bytes] = HASHES) -> witnessing.Request:
    proof = merkle.consistency_proof(hashes[:new], old)
    return witnessing.Request(old, tuple(proof), note.sign(head(new, hashes=hashes).text(), *(signers or KEYS_SIGN)))


KEYS_SIGN = (examples.LOG,)


def test_request_formats_and_reads_back_the_same() -> None:
    asked = request(3, 7)
    assert witnessing.parse(asked.format()) == asked
    assert asked.format().startswith(b"old 3\n")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"old 3\n", b"old 03\n"),
        (b"old 3\n", b"old +3\n"),
        (b"old 3\n", b"old 3 \n"),
        (b"old 3\n", b"Old 3\n"),
        (b"old 3\n", b"old 3\r\n"),
        (b"old 3\n", b"old 9223372036854775808\n"),
        (b"old 3\n", b"old 3\nAAAA\n"),
        (b"old 3\n", b"old 3\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64),
        (b"\n\n", b"\n"),
        ("\u2014".encode(), b"-"),
    ],
)
def test_request_in_a_second_spelling_is_refused(right: bytes, wrong: bytes) -> None:
    with pytest.raises(NoteError):
        witnessing.parse(request(3, 7).format().replace(right, wrong))


def test_judge_continuation_is_cosigned_for_every_pair_of_sizes() -> None:
    for old in range(20):
        for new in range(max(old, 1), 20):
            held = head(old) if old else None
            assert witnessing.judge(request(old, new), KEYS, held).head == head(new)


def test_judge_other_size_is_told_the_size_that_is_held() -> None:
    verdict = witnessing.judge(request(3, 7), KEYS, head(5))
    assert (verdict.status, verdict.held, verdict.head) == (Status.OTHER_SIZE, 5, None)


@pytest.mark.parametrize("size", [5, 7])
def test_judge_other_history_is_a_fork(size: int) -> None:
    other = [merkle.leaf_hash(b"other"), *HASHES[1:]]
    assert witnessing.judge(request(5, size, hashes=other), KEYS, head(5)).status is Status.FORKED


def test_judge_proof_with_a_hash_too_many_is_a_fork() -> None:
    asked = request(5, 7)
    longer = witnessing.Request(5, (*asked.proof, HASHES[0]), asked.checkpoint)
    assert witnessing.judge(longer, KEYS, head(5)).status is Status.FORKED


def test_judge_rollback_is_refused_whatever_size_it_claims() -> None:
    assert witnessing.judge(request(3, 3), KEYS, head(5)).status is Status.OTHER_SIZE
    asked = witnessing.Request(5, (), request(3, 3).checkpoint)
    assert witnessing.judge(asked, KEYS, head(5)).status is Status.MALFORMED


def test_judge_unknown_key_under_the_logs_name_is_refused() -> None:
    assert witnessing.judge(request(0, 3, examples.STRANGER), KEYS, None).status is Status.NOT_SIGNED


def test_judge_bad_signature_of_a_known_key_is_refused() -> None:
    asked = request(0, 3)
    other = note.sign(head(4).text(), examples.LOG)
    mixed = asked.checkpoint.replace(asked.checkpoint.split(b" ")[-1], other.split(b" ")[-1])
    verdict = witnessing.judge(witnessing.Request(0, (), mixed), KEYS, None)
    assert verdict.status is Status.NOT_SIGNED


def test_judge_cosignature_alone_is_no_signature_of_the_log() -> None:
    verdict = witnessing.judge(request(0, 3, examples.WITNESS), [*KEYS, examples.WITNESS.verifier], None)
    assert verdict.status is Status.NOT_SIGNED


def test_judge_unknown_log_is_refused() -> None:
    other = note.Signer("other.example.org/log", examples.key("log key for tests only"))
    assert witnessing.judge(request(0, 3), [other.verifier], None).status is Status.UNKNOWN_LOG


def test_judge_extension_lines_are_malformed() -> None:
    signed = note.sign(head(3).text() + "timestamp 1\n", examples.LOG)
    assert witnessing.judge(witnessing.Request(0, (), signed), KEYS, None).status is Status.MALFORMED
