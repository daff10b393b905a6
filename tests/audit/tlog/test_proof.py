"""The one-file proof: written, read, verified, and refused wherever a byte is wrong."""

import pytest

from audit.tlog import proof
from audit.tlog.errors import NoteError, ProofError, TlogError
from audit.tlog.proof import TlogProof
from tests.audit.tlog.examples import LOG, STRANGER, WITNESS, entry, head, proof_of

LEAVES = [entry(number) for number in range(6)]
SIGNED = head(LEAVES, LOG, WITNESS)
RAW = proof_of(LEAVES, 4, SIGNED)
KEYS = [LOG.verifier, WITNESS.verifier]


@pytest.mark.parametrize("index", range(6))
def test_proof_of_every_entry_is_read_and_verified(index: int) -> None:
    parsed = proof.parse(proof_of(LEAVES, index, SIGNED))
    assert parsed.verify(LEAVES[index], KEYS).head.size == 6


def test_proof_with_extra_data_is_written_and_read() -> None:
    one = TlogProof(0, (), head(LEAVES[:1]), extra=b"context")
    assert one.format().startswith(
        b"c2sp.org/tlog-proof@v1\nextra Y29udGV4dA==\nindex 0\n\nmodels.example.org/audit\n1\n"
    )
    assert proof.parse(one.format()) == one


def test_proof_of_another_entry_is_refused() -> None:
    with pytest.raises(ProofError, match="The inclusion proof leads to the root"):
        proof.parse(RAW).verify(LEAVES[3], KEYS)


def test_proof_under_a_checkpoint_of_an_unknown_key_is_refused() -> None:
    with pytest.raises(NoteError, match="No known key signed the note"):
        proof.parse(RAW).verify(LEAVES[4], [STRANGER.verifier])


@pytest.mark.parametrize("bit", range(8))
def test_proof_with_any_byte_changed_is_refused_or_loses_a_signer(bit: int) -> None:
    for place in range(len(RAW)):
        changed = bytearray(RAW)
        changed[place] ^= 1 << bit
        assert signers(bytes(changed)) < 2


def signers(raw: bytes) -> int:
    try:
        return len(proof.parse(raw).verify(LEAVES[4], KEYS).signers)
    except TlogError:
        return 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        RAW.replace(b"@v1", b"@v2"),
        RAW.replace(b"index 4", b"index 04"),
        RAW.replace(b"index 4", b"index  4"),
        RAW.replace(b"index 4\n", b""),
        RAW.replace(b"index 4\n", b"index 4\nindex 4\n"),
        RAW.replace(b"index 4", b"extra !\nindex 4"),
        RAW.replace(b"index 4\n", b"index 4\nAAAA\n"),
        RAW.replace(b"index 4\n", b"index 4\n" + b"A" * 43 + b"=\n" * 1 + (b"A" * 43 + b"=\n") * 63),
        RAW.replace(b"\n\n", b"\n", 1),
        RAW.replace(b"\n", b"\r\n"),
        RAW[:-1],
    ],
)
def test_proof_that_is_malformed_is_refused(raw: bytes) -> None:
    with pytest.raises(ProofError):
        proof.parse(raw)
