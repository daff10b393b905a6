"""Every detector behind one door: ours, river's, and alibi-detect's, which another environment runs."""

from monitoring.detectors import alibi, ours, river
from monitoring.detectors.detector import Detector
from registry.errors import Invalid, Problem

DETECTORS: dict[str, Detector] = {one.name: one for one in [*ours.ALL, *river.ALL, *alibi.ALL]}


def find(name: str) -> Detector:
    """The detector of that name. Raises Invalid with the names that there are."""
    if name not in DETECTORS:
        known = f"Known: {', '.join(DETECTORS)}."
        raise Invalid(
            f"There is no detector {name!r}.", remedy=known, problems=[Problem("/detector", "unknown", known)]
        )
    return DETECTORS[name]
