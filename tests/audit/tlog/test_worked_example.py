"""The worked example of docs/audit-log.md, file by file: our code must write these bytes and no others.

The files were written down before this code existed and are never regenerated from it.
"""

import hashlib
import json
from pathlib import Path

import pytest

from audit.tlog import checkpoint, merkle, note, proof, tiles
from audit.tlog.errors import NoteError
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG, ORIGIN, WITNESS

FOLDER = Path(__file__).parents[2] / "vectors/worked_example"
NUMBERS = json.loads((FOLDER / "numbers.json").read_text())
LEAVES = [leaf.encode() for leaf in NUMBERS["leaves"]]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


def content(path: str) -> bytes:
    return (FOLDER / path).read_bytes()


def in_hex(hashes: list[bytes]) -> list[str]:
    return [value.hex() for value in hashes]


def test_hashes_of_the_example_are_those_written_down() -> None:
    assert in_hex(HASHES) == NUMBERS["leaf_hashes"]
    assert merkle.node_hash(*HASHES[:2]).hex() == NUMBERS["node_0_1"]
    assert merkle.root(HASHES).hex() == NUMBERS["root"]


def test_proofs_of_the_example_are_those_written_down() -> None:
    inclusion = {index: in_hex(merkle.inclusion_proof(HASHES, int(index))) for index in NUMBERS["inclusion"]}
    consistency = {old: in_hex(merkle.consistency_proof(HASHES, int(old))) for old in NUMBERS["consistency"]}
    assert (inclusion, consistency) == (NUMBERS["inclusion"], NUMBERS["consistency"])


def test_keys_of_the_example_come_from_their_seeds() -> None:
    seed = hashlib.sha256(NUMBERS["log_seed_words"].encode()).hexdigest()
    key = LOG.verifier
    assert (seed, key.public_key.hex(), key.key_id.hex()) == (
        NUMBERS["log_seed"],
        NUMBERS["log_public_key"],
        NUMBERS["log_key_id"],
    )
    assert (f"{LOG.vkey}\n{WITNESS.vkey}\n").encode() == content("log.vkey") + content("witness.vkey")


def test_checkpoint_of_the_example_with_its_cosignature_is_written_byte_for_byte() -> None:
    head = checkpoint.Checkpoint(ORIGIN, 3, bytes.fromhex(NUMBERS["root"]))
    written = note.sign(head.text(), LOG, WITNESS)
    assert written == content("checkpoint")
    assert hashlib.sha256(written).hexdigest() == NUMBERS["checkpoint_sha256"]


def test_checkpoint_of_the_example_is_read_and_believed_with_its_cosignatures_time() -> None:
    signed = checkpoint.open_signed(content("checkpoint"), [LOG.verifier, WITNESS.verifier])
    assert [(one.verifier, one.time) for one in signed.note.verified] == [
        (LOG.verifier, None),
        (WITNESS.verifier, NUMBERS["cosigned_at"]),
    ]


def test_cosignature_added_to_the_logs_own_note_gives_the_same_bytes() -> None:
    head = checkpoint.Checkpoint(ORIGIN, 3, bytes.fromhex(NUMBERS["root"]))
    alone = note.sign(head.text(), LOG)
    assert alone + note.signature_line(head.text(), WITNESS).encode() == content("checkpoint")


def test_tile_and_bundle_of_the_example_are_written_byte_for_byte(tmp_path: Path) -> None:
    examples.publish(tmp_path, LEAVES, LOG, WITNESS)
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {path: content(path) for path in ("checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3")}


def test_tile_and_bundle_of_the_example_are_read_back() -> None:
    assert tiles.decode_tile(content("tile/0/000.p/3"), 3) == tuple(HASHES)
    assert tiles.decode_bundle(content("tile/entries/000.p/3"), 3) == LEAVES


def test_tile_paths_are_those_of_the_specification() -> None:
    assert {n: tiles.tile_path(0, int(n)) for n in NUMBERS["tile_paths"]} == NUMBERS["tile_paths"]
    assert tiles.tile_path(0, 1_234_067) == "tile/0/x001/x234/067"


def test_partial_tiles_at_size_70000_are_those_of_the_specification() -> None:
    found = [tiles.tile_path(*path) for path in tiles.new_tiles(0, 70_000) if path.width < tiles.WIDTH]  # type: ignore[arg-type]
    assert found == NUMBERS["tiles_at_70000"]


def test_proof_file_of_each_leaf_verifies_under_the_examples_checkpoint() -> None:
    for index, leaf in enumerate(LEAVES):
        raw = proof.TlogProof(index, tuple(merkle.inclusion_proof(HASHES, index)), content("checkpoint")).format()
        assert proof.parse(raw).verify(leaf, [LOG.verifier]).head.size == 3


def test_note_of_the_signed_note_specification_verifies_under_its_key() -> None:
    verifier = note.Verifier.parse(content("c2sp/vkey").decode().rstrip("\n"))
    opened = note.open_note(content("c2sp/note"), [verifier])
    assert (opened.text, verifier.vkey) == ("This is an example message.\n", content("c2sp/vkey").decode().strip())


def test_checkpoint_of_the_example_with_any_bit_of_the_logs_part_changed_is_refused() -> None:
    raw = content("checkpoint")
    for place in range(raw.index(b"\xe2\x80\x94 witness") * 8):
        changed = bytearray(raw)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(NoteError):
            checkpoint.open_signed(bytes(changed), [LOG.verifier])
