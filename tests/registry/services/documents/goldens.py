"""Documents held against files: what differs in every run has a fixed stand-in.

To accept a change, delete the file and run the test: it writes the file anew, and fails that once.
"""

import itertools
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"
_CHANGING = {
    "time": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z",
    "id": r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
    "digest": r"[0-9a-f]{64}",
    "name": r"\b(?:person|Person|system|model|dataset|policy)-[0-9]+\b",
}


def steady(document: dict[str, Any]) -> dict[str, Any]:
    """The document with ids, digests and numbered names by the order in which they come, and no times."""
    counters: defaultdict[str, Any] = defaultdict(lambda: itertools.count(1))
    known: dict[str, str] = {}

    def stand_in(found: re.Match[str]) -> str:
        kind, text = str(found.lastgroup), found[0]
        if kind == "time":
            return "2026-01-02T03:04:05.000006Z"
        noun = text.partition("-")[0] if kind == "name" else kind
        if text not in known:
            number = next(counters[noun])
            known[text] = 4 * f"{number:016x}" if kind == "digest" else f"{noun}-{number}"
        return known[text]

    pattern = "|".join(f"(?P<{kind}>{one})" for kind, one in _CHANGING.items())
    read: dict[str, Any] = json.loads(re.sub(pattern, stand_in, json.dumps(document)))
    return read


def expected(name: str, actual: str) -> str:
    """What the file says; where there is none, it is written and the test that asks fails."""
    path = FOLDER / name
    if not path.exists():
        path.write_text(actual)
        return f"{name} was written anew: read it, then run the test again."
    return path.read_text()
