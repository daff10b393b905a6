"""Canonical JSON against the rfc8785 package, and the refusal of everything outside the subset."""

import enum
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.tlog import canonical
from audit.tlog.errors import CanonicalError

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
keys = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFFFF, exclude_categories=["C", "Z"]), min_size=1)
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts
values = st.deferred(lambda: _nested(3))


def _nested(depth: int) -> st.SearchStrategy[Any]:
    if depth == 0:
        return scalars
    inner = _nested(depth - 1)
    return scalars | st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5)


@settings(max_examples=250, deadline=None, database=None)
@given(values)
def test_encode_of_any_value_of_the_subset_is_rfc_8785(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@settings(max_examples=100, deadline=None, database=None)
@given(values)
def test_decode_of_encoded_bytes_is_the_value(value: Any) -> None:
    assert canonical.decode(canonical.encode(value)) == value


def test_encode_of_awkward_text_is_rfc_8785() -> None:
    value = {"~": '\u20ac$\u000f\nA\'B"\\"/\x7f\u2028\U0001f600', " ": "\x1f\b\f\r\t", "A/b": "e\u0301"}
    assert canonical.encode(value) == rfc8785.dumps(value)


def test_encode_of_choices_writes_their_plain_value() -> None:
    class Stage(enum.StrEnum):
        LIVE = "live"

    class Level(enum.IntEnum):
        HIGH = 3

    assert canonical.encode({"stage": Stage.LIVE, "level": Level.HIGH}) == b'{"level":3,"stage":"live"}'


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": [1, 0.5]}, r"^At \$\.a\[1\]: a float has no agreed spelling; write it as a decimal string\.$"),
        ({"a": {"b": 2**53}}, r"^At \$\.a\.b: an integer of 54 bits does not fit in 53; write it as text\.$"),
        (-(2**53), "54 bits"),
        (10**400, "1329 bits"),
        (float("nan"), "a float"),
        (b"bytes", "a bytes has no agreed spelling"),
        ((1, 2), "a tuple has no agreed spelling"),
        ("a\0b", "NUL"),
        ("\ud800", "lone surrogate"),
        ({"\U0001f600": 1}, "below U"),
        ({"": 1}, "printable characters"),
        ({"a\n": 1}, "printable characters"),
        ({1: 1}, "printable characters"),
        ([[[[[[[[[]]]]]]]]], "nested more than 8 deep"),
    ],
)
def test_encode_outside_the_subset_is_refused_with_the_place(value: Any, reason: str) -> None:
    with pytest.raises(CanonicalError, match=reason):
        canonical.encode(value)


def test_encode_of_eight_containers_is_accepted() -> None:
    assert canonical.encode([[[[[[[[1]]]]]]]]) == b"[[[[[[[[1]]]]]]]]"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u001F"',
        b"1.0",
        b"1e2",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"9" * 5000,
        b'"\\ud800"',
        b'"\\u0000"',
        b"\xef\xbb\xbf1",
        b'"\xff"',
        b"[" * 100_000,
        b"[[[[[[[[[]]]]]]]]]",
        b"",
        b"1 2",
    ],
)
def test_decode_of_a_second_spelling_or_of_other_bytes_is_refused(raw: bytes) -> None:
    with pytest.raises(CanonicalError):
        canonical.decode(raw)


def test_digest_is_sha256_of_the_bytes() -> None:
    assert canonical.digest({"a": 1}).hex() == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
