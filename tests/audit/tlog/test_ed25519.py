"""Ed25519 in plain Python: the RFC's vectors, random signatures, and the cases about which libraries disagree."""

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.tlog import ed25519, signatures
from audit.tlog.errors import SignatureError

Engine: TypeAlias = Callable[[bytes, bytes, bytes], None]
ENGINES = [ed25519.verify, signatures.verify]
EDGES = json.loads((Path(__file__).parents[2] / "vectors/ed25519_edge_cases.json").read_text())["cases"]
# RFC 8032, 7.1: tests 1, 2, 3 and SHA(abc); key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


def accepts(engine: Engine, key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        engine(key, signature, message)
    except (SignatureError, InvalidSignature):
        return False
    return True


def theirs(key: bytes, signature: bytes, message: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)


def changed(raw: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(raw) * 8)
    return (int.from_bytes(raw, "little") ^ 1 << place).to_bytes(len(raw), "little")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_verify_of_the_rfcs_vectors_accepts(engine: Engine, key: str, message: str, signature: str) -> None:
    engine(*map(bytes.fromhex, (key, signature, message)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", EDGES, ids=[case["what"] for case in EDGES])
def test_verify_of_an_edge_case_is_never_laxer_than_openssl(engine: Engine, case: dict[str, str]) -> None:
    vector = [bytes.fromhex(case[name]) for name in ("key", "signature", "message")]
    assert (accepts(theirs, *vector), accepts(engine, *vector)) == (case["openssl_accepts"], case["we_accept"])


def test_verify_of_random_signatures_agrees_with_openssl() -> None:
    chance = random.Random(8032)
    for _ in range(1000):
        person = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        key, message = person.public_key().public_bytes_raw(), chance.randbytes(chance.randrange(200))
        ed25519.verify(key, person.sign(message), message)


def test_verify_of_random_signatures_with_one_bit_changed_refuses_them_all() -> None:
    chance = random.Random(25519)
    for number in range(600):
        person = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        vector = [person.public_key().public_bytes_raw(), person.sign(b"message"), b"message"]
        vector[number % 3] = changed(vector[number % 3], chance)
        assert [accepts(engine, *vector) for engine in (theirs, *ENGINES)] == [False] * 3


def test_verify_of_s_plus_the_order_refuses_the_second_spelling() -> None:
    key, message, signature = (bytes.fromhex(part) for part in RFC_8032[1])
    second = int.from_bytes(signature[32:], "little") + ed25519.ORDER
    spelling = signature[:32] + second.to_bytes(32, "little")
    assert [accepts(engine, key, spelling, message) for engine in (theirs, *ENGINES)] == [False] * 3


def test_verify_under_a_key_of_small_order_refuses_the_forgery_that_openssl_takes() -> None:
    forgery = (1).to_bytes(32, "little") + bytes(32)  # R = the identity, S = 0: made without any private key
    taken = {}
    for y in sorted(ed25519._SMALL_ORDER):
        for key in (y.to_bytes(32, "little"), (y | 1 << 255).to_bytes(32, "little")):
            messages = [number.to_bytes(1, "big") for number in range(64)]
            taken[key] = any(accepts(theirs, key, forgery, message) for message in messages)
            assert not any(accepts(engine, key, forgery, message) for engine in ENGINES for message in messages)
    assert sum(taken.values()) >= 8


def test_small_order_lists_every_point_that_eight_takes_to_the_identity() -> None:
    for y in ed25519._SMALL_ORDER:
        point = ed25519._decode(y.to_bytes(32, "little"))
        for _ in range(3):
            point = ed25519._add(point, point)
        assert ed25519._encode(point) == (1).to_bytes(32, "little")
    assert len(ed25519._SMALL_ORDER) == 5  # eight points; three pairs share their y


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("y", [*range(ed25519.PRIME, 2**255), 2, 7])
def test_verify_with_a_key_that_is_no_canonical_point_refuses(engine: Engine, y: int) -> None:
    _, message, signature = (bytes.fromhex(part) for part in RFC_8032[0])
    for sign in (0, 1 << 255):
        with pytest.raises(SignatureError):
            engine((y | sign).to_bytes(32, "little"), signature, message)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("key", "signature"), [(31, 64), (33, 64), (0, 64), (32, 63), (32, 65), (32, 0)])
def test_verify_of_bytes_of_another_length_refuses(engine: Engine, key: int, signature: int) -> None:
    with pytest.raises(SignatureError, match="32 bytes"):
        engine(bytes(key), bytes(signature), b"")
