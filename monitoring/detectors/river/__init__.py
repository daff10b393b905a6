"""river's online detectors, told how long to run without an alarm.

Their own settings are levels and thresholds in whatever unit the values have. Here each takes `center` and `scale`
(mean and standard deviation of the reference), so that a verdict does not depend on the unit, and `expected_run`: how
many values should pass on average between two alarms while nothing changes. How that becomes river's setting stands
with each. river offers pickle alone to keep a detector; what is kept here is its numbers, for the very version of
river they are of.
"""

from importlib import metadata
from typing import Any

from monitoring.detectors import licences
from monitoring.detectors.online import Online
from monitoring.detectors.river.adwin import Adwin
from monitoring.detectors.river.kswin import Kswin
from monitoring.detectors.river.page_hinkley import PageHinkley


def _version() -> str:
    return f"river {metadata.version('river')}"


def _detector(name: str, title: str, method: type[Adwin | Kswin | PageHinkley], **more: Any) -> Online:
    return Online(
        name=f"river.{name}",
        title=title,
        library="river",
        licence=licences.RIVER,
        takes="stream",
        properties=method.PROPERTIES,
        level="expected_run",
        make=method,
        version=_version,
        **more,
    )


ALL = [
    _detector("adwin", "ADWIN: the mean of an adaptive window", Adwin),
    _detector("kswin", "KSWIN: the shape of a sliding window", Kswin, contradictions=Kswin.contradictions),
    _detector("page_hinkley", "Page-Hinkley: a lasting shift of the mean", PageHinkley),
]
