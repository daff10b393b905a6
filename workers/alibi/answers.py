"""What every answer says: one verdict, and under which licence it was reached."""

from importlib import metadata
from typing import Any, Literal

Verdict = Literal["drift", "quiet", "not_evaluable"]

LIBRARY = "alibi-detect"
LICENCE = {
    "name": "Business Source License 1.1",
    "terms": (
        "For non-production use, and for production use by non-profit educational institutions. "
        "Any other production use needs a commercial licence from the vendor, Seldon Technologies."
    ),
}


class Refused(Exception):
    """The detector cannot judge: `kind` for programs, `reason` for people."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


def answer(detector: str, found: dict[str, Any]) -> dict[str, Any]:
    """What was found, complete and plain JSON; `found` holds what differs from an empty look."""
    return {
        "detector": detector,
        "library": f"{LIBRARY} {metadata.version(LIBRARY)}",
        "licence": LICENCE,
        "verdict": "quiet",
        "reason": "",
        "statistic": None,
        "threshold": None,
        "log10_p": None,
        "n": 0,
        "missing": 0,
        "details": {},
        "state": None,
        **found,
    }


def refusal(detector: str, refused: Refused, state: dict[str, Any] | None) -> dict[str, Any]:
    """Not evaluable, and why: never quiet. What was known before the refused look is still known."""
    details = {"refused": refused.kind}
    return answer(detector, {"verdict": "not_evaluable", "reason": refused.reason, "details": details, "state": state})
