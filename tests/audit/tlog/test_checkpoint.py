"""Checkpoints: three lines, one spelling, and the log's own signature."""

import pytest

from audit.tlog import checkpoint, merkle, note
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.errors import NoteError
from tests.audit.tlog.examples import LOG, ORIGIN, WITNESS, key

ROOT = merkle.leaf_hash(b"")
HEAD = Checkpoint(ORIGIN, 20_852_163, ROOT)


def test_checkpoint_is_written_and_read() -> None:
    assert HEAD.text() == f"{ORIGIN}\n20852163\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"
    assert checkpoint.parse(HEAD.text()) == HEAD


@pytest.mark.parametrize(
    "text",
    [
        HEAD.text()[:-1],
        HEAD.text() + "extension\n",
        HEAD.text() + "\n",
        HEAD.text().replace("\n2085", "\n02085"),
        HEAD.text().replace("\n2085", "\n+2085"),
        HEAD.text().replace("\n2085", "\n-2085"),
        HEAD.text().replace("20852163", str(2**63)),
        HEAD.text().replace("20852163", "\u0662"),
        HEAD.text().replace("20852163", "0"),
        HEAD.text().replace(ORIGIN, ""),
        HEAD.text().replace("oB0=", "oB1="),
        HEAD.text().replace("oB0=", "oB0"),
        HEAD.text().replace("bjQL", ""),
        "",
    ],
)
def test_checkpoint_in_a_second_spelling_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        checkpoint.parse(text)


def test_checkpoint_of_size_zero_has_the_empty_root() -> None:
    assert checkpoint.parse(Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT).text()).size == 0


def test_checkpoint_signed_by_a_witness_alone_is_refused() -> None:
    with pytest.raises(NoteError, match=r"is signed by witness\.example\.org/w1, but not by a known key of models"):
        checkpoint.open_signed(note.sign(HEAD.text(), WITNESS), [LOG.verifier, WITNESS.verifier])


def test_checkpoint_signed_by_another_known_log_is_refused() -> None:
    other = note.Signer("other.example.org/log", key("another log"))
    with pytest.raises(NoteError, match="but not by a known key of models"):
        checkpoint.open_signed(note.sign(HEAD.text(), other), [LOG.verifier, other.verifier])


def test_checkpoint_signed_with_two_keys_of_the_log_opens_with_either() -> None:
    new = note.Signer(ORIGIN, key("the next key"))
    raw = note.sign(HEAD.text(), LOG, new)
    for known in ([LOG], [new], [LOG, new]):
        opened = checkpoint.open_signed(raw, [signer.verifier for signer in known])
        assert (opened.head, opened.signers) == (HEAD, [ORIGIN] * len(known))


def test_checkpoint_cosigned_by_a_witness_that_bears_the_origins_name_is_refused() -> None:
    witness = note.Cosigner(ORIGIN, key("log key for tests only"), time=1)
    with pytest.raises(NoteError, match="but not by a known key of models"):
        checkpoint.open_signed(note.sign(HEAD.text(), witness), [LOG.verifier, witness.verifier])
