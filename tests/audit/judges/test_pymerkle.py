"""pymerkle, an implementation of RFC 9162's tree, judges our roots and proofs."""

import pytest
from pymerkle import InclusionProof, InmemoryTree, InvalidProof
from pymerkle.core import _inclusion_path_layout

from audit.tlog import merkle
from tests.audit.judges.logs import LARGE, Log

PLACES = [0, 1, 2, 255, 256, 257, 4_095, 65_279, 65_535, 65_536, 65_537, 69_887, 69_888, LARGE - 1]


def tree_of(log: Log) -> InmemoryTree:
    """Their tree over the entries of our bundles."""
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries(log.leaves())
    return tree


def as_theirs(log: Log, index: int, leaf: bytes) -> InclusionProof:
    """Our proof in their form: the leaf's hash first, and the sides that follow from index and size."""
    rule, _ = _inclusion_path_layout(index + 1, log.size)
    path = [merkle.leaf_hash(leaf), *log.inclusion(index)]
    return InclusionProof("sha256", True, log.size, index + 1, rule, path)


def test_root_of_our_checkpoint_is_theirs(log: Log) -> None:
    assert log.head.root == tree_of(log).get_root()


def test_root_at_every_older_size_is_theirs(log: Log) -> None:
    tree = tree_of(log)
    assert [log.root_at(size) for size in range(log.size + 1)] == [tree.get_root(size) for size in range(log.size + 1)]


def test_inclusion_of_every_entry_is_proven_to_them(log: Log) -> None:
    for index, leaf in enumerate(log.leaves()):
        proof = as_theirs(log, index, leaf)
        proof.verify(merkle.leaf_hash(leaf), log.head.root, index=index + 1, size=log.size)


def test_inclusion_proof_of_every_entry_is_hash_for_hash_theirs(log: Log) -> None:
    tree = tree_of(log)
    for index in range(log.size):
        assert log.inclusion(index) == tree.prove_inclusion(index + 1, log.size).path[1:]


def test_roots_of_every_older_size_are_consistent_in_their_eyes(log: Log) -> None:
    tree = tree_of(log)
    for old in range(1, log.size + 1):
        tree.prove_consistency(old, log.size).verify(log.root_at(old), log.head.root, old, log.size)


def test_roots_and_proofs_of_a_log_of_three_levels_are_theirs(large_log: Log) -> None:
    tree = tree_of(large_log)
    assert large_log.head.root == tree.get_root()
    for place in PLACES:
        assert large_log.root_at(place) == tree.get_root(place)
        assert large_log.inclusion(place) == tree.prove_inclusion(place + 1).path[1:]


def test_inclusion_with_a_changed_root_or_leaf_is_refused(large_log: Log) -> None:
    leaf = large_log.leaves()[65_536]
    proof = as_theirs(large_log, 65_536, leaf)
    for wrong in ((merkle.leaf_hash(leaf), bytes(32)), (merkle.leaf_hash(b""), large_log.head.root)):
        with pytest.raises(InvalidProof):
            proof.verify(*wrong)


def test_consistency_of_a_log_of_three_levels_holds_in_their_eyes(large_log: Log) -> None:
    """Roots only: their proofs split the first new subtree further than RFC 9162 does, so the hashes are not ours."""
    tree = tree_of(large_log)
    for old in PLACES[1:]:
        tree.prove_consistency(old).verify(large_log.root_at(old), large_log.head.root, old, large_log.size)
