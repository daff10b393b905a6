"""Three other encoders of RFC 8785's canonical JSON judge the bytes of our entries."""

import json
import random
from pathlib import Path
from typing import Any

import rfc8785

from audit import log as audit_log
from audit.tlog import canonical
from tests.audit.judges import logs, node
from tests.audit.tlog import examples

EVENTS = 10_000


def events() -> list[dict[str, Any]]:
    chance = random.Random(8785)
    return [json.loads(examples.entry(number, data={"value": logs.value(chance)})) for number in range(EVENTS)]


def respelled(value: dict[str, Any]) -> str:
    """The same value in another order, spacing and escaping."""
    return json.dumps(dict(reversed(value.items())), indent=1, ensure_ascii=True)


def test_every_leaf_of_our_logs_canonicalised_again_is_the_same_bytes(log: logs.Log, node_modules: Path) -> None:
    leaves = log.leaves()
    again = node.run("canonicalize.mjs", node_modules, [leaf.decode() for leaf in leaves])
    assert [text.encode() for text in again] == leaves


def test_ten_thousand_events_are_written_alike_by_four_encoders(node_modules: Path) -> None:
    values = events()
    ours = [canonical.encode(value) for value in values]
    theirs = node.run("canonicalize.mjs", node_modules, [respelled(value) for value in values])
    assert ours == [rfc8785.dumps(value) for value in values]
    assert ours == [text.encode() for text in theirs]
    assert ours == [audit_log.encode(value) for value in values]


def test_ten_thousand_events_are_read_back_as_they_were() -> None:
    assert all(canonical.decode(canonical.encode(value)) == value for value in events())
