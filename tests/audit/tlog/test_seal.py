"""Commitments to sealed fields."""

import hashlib

import pytest

from audit.tlog import seal
from audit.tlog.errors import CanonicalError
from tests.audit.tlog.examples import REASON, SALT


def test_commitment_is_the_documented_hash() -> None:
    expected = hashlib.sha256(b"audit/seal/v1\n" + SALT + b'["reason","' + REASON.encode() + b'"]').digest()
    assert seal.commit("reason", REASON, SALT) == expected


@pytest.mark.parametrize(
    ("field", "value", "salt"),
    [("reasons", REASON, SALT), ("reason", REASON + " ", SALT), ("reason", REASON, SALT[::-1]), ("reason", None, SALT)],
)
def test_commitment_does_not_open_to_anything_else(field: str, value: object, salt: bytes) -> None:
    assert not seal.matches(seal.commit("reason", REASON, SALT), field, value, salt)


def test_commitment_with_a_short_salt_or_a_float_is_refused() -> None:
    with pytest.raises(CanonicalError, match="A seal's salt has 32 bytes; this one has 31"):
        seal.commit("reason", REASON, SALT[1:])
    with pytest.raises(CanonicalError, match=r"At \$\[1\]: a float"):
        seal.commit("score", 0.5, SALT)


def test_new_salts_differ() -> None:
    assert len({seal.new_salt() for _ in range(10)}) == 10
