"""The Merkle tree against the RFC's recursive definitions, known roots, and proofs that are wrong on purpose."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from audit.tlog import merkle
from audit.tlog.errors import ProofError
from tests.audit.tlog import proof_vectors
from tests.audit.tlog.examples import hashes

VECTORS = json.loads(proof_vectors.FILE.read_text())
# Published with RFC 6962's reference implementation, for the trees of its first 1 to 8 leaves.
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def split(size: int) -> int:
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def spec_root(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else merkle.EMPTY_ROOT
    k = split(len(leaves))
    return merkle.node_hash(spec_root(leaves[:k]), spec_root(leaves[k:]))


def spec_path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*spec_path(m, leaves[:k]), spec_root(leaves[k:])]
    return [*spec_path(m - k, leaves[k:]), spec_root(leaves[:k])]


def spec_subproof(m: int, leaves: list[bytes], known: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if known else [spec_root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*spec_subproof(m, leaves[:k], known), spec_root(leaves[k:])]
    return [*spec_subproof(m - k, leaves[k:], False), spec_root(leaves[:k])]


def accepts(verify: Callable[..., None], arguments: Any) -> bool:
    try:
        verify(*arguments)
    except ProofError:
        return False
    return True


def test_root_of_the_reference_leaves_is_the_published_one() -> None:
    leaf_hashes = [merkle.leaf_hash(leaf) for leaf in proof_vectors.REFERENCE_LEAVES]
    assert [merkle.root(leaf_hashes[:size]).hex() for size in range(1, 9)] == REFERENCE_ROOTS


def test_root_of_no_leaves_is_the_hash_of_nothing() -> None:
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_root_of_every_size_is_the_recursive_definition() -> None:
    leaves = hashes(130)
    assert [merkle.root(leaves[:size]) for size in range(131)] == [spec_root(leaves[:size]) for size in range(131)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 31, 33, 64])
def test_proofs_of_a_size_are_the_recursive_definition(size: int) -> None:
    leaves = hashes(size)
    assert [merkle.inclusion_proof(leaves, m) for m in range(size)] == [spec_path(m, leaves) for m in range(size)]
    proofs = [merkle.consistency_proof(leaves, m) for m in range(1, size + 1)]
    assert proofs == [spec_subproof(m, leaves, True) for m in range(1, size + 1)]


def test_inclusion_of_every_entry_up_to_size_64_right_is_accepted_and_wrong_is_refused() -> None:
    leaves = hashes(64)
    refused = 0
    for size in range(1, 65):
        for index in range(size):
            right = proof_vectors.inclusion(leaves[:size], index)
            merkle.verify_inclusion(*right)
            wrong = list(proof_vectors.wrong_inclusions(right))
            assert [what for what, proof in wrong if accepts(merkle.verify_inclusion, proof)] == []
            refused += len(wrong)
    assert refused > 90_000


def test_consistency_of_every_pair_up_to_size_64_right_is_accepted_and_wrong_is_refused() -> None:
    leaves = hashes(64)
    refused = 0
    for new in range(65):
        for old in range(new + 1):
            right = proof_vectors.consistency(leaves[:new], old)
            merkle.verify_consistency(*right)
            wrong = list(proof_vectors.wrong_consistencies(right))
            assert [what for what, proof in wrong if accepts(merkle.verify_consistency, proof)] == []
            refused += len(wrong)
    assert refused > 80_000


def test_consistency_between_forks_of_every_size_is_refused() -> None:
    leaves, fork = hashes(40), [*hashes(20), *hashes(60)[40:]]
    for old in range(21, 40):
        right = proof_vectors.consistency(leaves, old)
        forked = right._replace(old_root=merkle.root(fork[:old]))
        assert not accepts(merkle.verify_consistency, forked)
        assert not accepts(merkle.verify_consistency, forked._replace(proof=merkle.consistency_proof(fork, old)))


def test_consistency_of_a_tree_of_size_zero_with_another_root_is_refused() -> None:
    other = merkle.leaf_hash(b"")
    assert not accepts(merkle.verify_consistency, (0, 5, [], other, other))
    assert not accepts(merkle.verify_consistency, (0, 0, [], other, other))
    assert accepts(merkle.verify_consistency, (0, 0, [], merkle.EMPTY_ROOT, merkle.EMPTY_ROOT))


@pytest.mark.parametrize("index", [-1, 3])
def test_inclusion_proof_outside_the_tree_is_refused(index: int) -> None:
    with pytest.raises(ProofError, match=f"There is no entry {index} in a tree of size 3"):
        merkle.inclusion_proof(hashes(3), index)


def test_consistency_proof_to_a_smaller_tree_is_refused() -> None:
    with pytest.raises(ProofError, match="A tree of size 3 cannot continue one of size 4"):
        merkle.consistency_proof(hashes(3), 4)


def test_proof_vectors_file_is_what_the_generator_writes() -> None:
    assert proof_vectors.FILE.read_text() == proof_vectors.text()


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_proof_vectors_are_judged_as_the_file_says(kind: str) -> None:
    verify: Callable[..., None] = getattr(merkle, f"verify_{kind}")
    vectors = [vector for vector in VECTORS if vector["kind"] == kind]
    judged = [accepts(verify, [_raw(vector[name]) for name in list(vector)[3:]]) for vector in vectors]
    assert judged == [vector["valid"] for vector in vectors]
    assert judged.count(False) > 10 * judged.count(True)


def _raw(value: Any) -> Any:
    if isinstance(value, list):
        return [_raw(one) for one in value]
    return base64.b64decode(value) if isinstance(value, str) else value
