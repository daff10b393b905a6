"""The quick look at an entry: what it takes, `entry.parse` takes too, whatever bytes it is shown."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.tlog import canonical, entry, quickentry
from audit.tlog.errors import TlogError
from tests.audit.tlog import examples, test_entry

USUAL = [
    examples.entry(1),
    examples.entry(1, data={}, request=None, row="a" * 64),
    examples.entry(1, rows={"a/1": "0" * 64, "b/2": "1" * 64}, changes="f" * 64, sealed={"reason": "2" * 64}),
    examples.entry(1, data={"a": [], "b": [1, "x", None], "c": -5, "d": 0, "e": True, "f": "", "g": "x: {y}, [z]"}),
]


def is_parsed(raw: bytes) -> bool:
    try:
        entry.parse(raw)
    except TlogError:
        return False
    return True


@pytest.mark.parametrize("raw", USUAL)
def test_usual_entry_is_recognised(raw: bytes) -> None:
    assert (quickentry.is_valid(raw), is_parsed(raw)) == (True, True)


@pytest.mark.parametrize(
    "data", [{"a": {}}, {"a": "\u00fc"}, {"a": '"'}, {"a": "\\"}, {"a": "\x7f"}, {"a": 2**53 - 1}, {"a": [[]]}]
)
def test_valid_entry_of_another_kind_is_left_to_the_parser(data: dict[str, Any]) -> None:
    raw = examples.entry(1, data=data)
    assert (quickentry.is_valid(raw), is_parsed(raw)) == (False, True)


@pytest.mark.parametrize(("member", "value"), test_entry.WRONG)
def test_entry_with_a_wrong_member_is_not_recognised(member: str, value: Any) -> None:
    assert not quickentry.is_valid(examples.entry(1, **{member: value}))


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1, "b":2}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":1.0}',
        b'{"a":9007199254740992}',
        b'{"":1}',
        b'{"a":"\\u0041"}',
        b'{"!":"v",":x":1,".":2}',  # between two quotes stands a comma, then comes a colon
        b'{"!":"v,",":x":1,".":2}',
        b'{"a":[1,]}',
        b'{"a":1,}',
        b"[]",
    ],
)
def test_entry_with_data_of_a_second_spelling_is_not_recognised(data: bytes) -> None:
    raw = examples.entry(1, data={}).replace(b'"data":{}', b'"data":' + data)
    assert (quickentry.is_valid(raw), is_parsed(raw)) == (False, False)


@settings(max_examples=200, deadline=None, database=None)
@given(st.sampled_from(USUAL), st.data())
def test_entry_that_is_recognised_after_any_change_is_parsed(raw: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(raw) - 1))
    end = data.draw(st.integers(start, min(len(raw), start + 12)))
    piece = data.draw(st.sampled_from(_PIECES) | st.binary(max_size=3))
    changed = raw[:start] + piece + raw[end:]
    assert is_parsed(changed) or not quickentry.is_valid(changed)


texts = st.text("ab!,:.{}[] 01", max_size=3)
values = texts | st.integers(-(2**53) + 1, 2**53 - 1) | st.none() | st.booleans() | st.lists(texts, max_size=3)


@settings(max_examples=200, deadline=None, database=None)
@given(st.lists(st.tuples(texts, values), max_size=4))
def test_entry_with_members_in_any_order_is_recognised_only_where_it_is_parsed(members: list[tuple[str, Any]]) -> None:
    written = b",".join(canonical.encode({name: value})[1:-1] for name, value in members if name)
    raw = examples.entry(1, data={}).replace(b'"data":{}', b'"data":{' + written + b"}")
    assert is_parsed(raw) or not quickentry.is_valid(raw)


_PIECES = [b"", b'"', b",", b'","', b'":', b":", b"{", b"}", b"[", b"]", b" ", b"\\", b"0", b"-", b"null", b'"a":1,']
