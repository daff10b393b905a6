"""How each monitor does where it is known whether the rows moved: measured once for each version and setting.

Looks of the same code that looks at live rows are run on rows of the reference: as they are, to see how often it rings
without a reason, and with shifts of several kinds and sizes, to see how soon it rings with one. What asks for it and
shows it stands here; `measuring` does it, and loads what looks load.
"""

from monitoring import detectors
from monitoring.detectors.detector import Detector, Remote
from monitoring.models import Calibration, Monitor, ReferenceProfile
from monitoring.services import parameters
from registry import jobs, records
from registry.models import ModelVersion

TASK = "workers.calibrate_monitor"
Kind = Monitor.Kind
#: Rows of reference in both halves together; a look takes at most such a share of those that it may draw from.
MOST_ROWS = 40_000
SHARE = 0.5
#: A stream is the same whatever its looks are cut into, and some methods take a millisecond a value.
MOST_OF_A_STREAM = 500
NOT_REPLAYED = {
    Kind.FAIRNESS: "The rows held out say nothing of people's groups, so there is nothing to replay.",
    Kind.SERVICE: "How fast a slot answers cannot be replayed.",
    Kind.EXPLANATIONS: "To explain so many rows would take hours.",
}


def ask(monitor: Monitor, version: ModelVersion) -> None:
    """Have a worker measure the monitor, where nobody has for this version and these settings.

    Called after each look, so a message that is lost is sent again by the next one.
    """
    if why_not(monitor, version) is None and newest(monitor, version) is None:
        jobs.send(TASK, monitor.pk)


def newest(monitor: Monitor, version: ModelVersion | None) -> Calibration | None:
    """What was measured for a version and the settings that hold."""
    found = Calibration.objects.filter(monitor=monitor, model_version=version, definition=definition(monitor))
    return found.first()


def why_not(monitor: Monitor, version: ModelVersion) -> str | None:
    """Why looks of such a monitor at this version cannot be replayed; None where they can, as far as is known."""
    if monitor.kind == Kind.DETECTOR and isinstance(_detector(monitor), Remote):
        return "Its method runs in another environment; docs/detectors.md has what was measured of it."
    if monitor.kind == Kind.ESTIMATED and version.task == ModelVersion.Task.REGRESSION:
        return "The losses of numbers are estimated from inputs, of which no profile keeps rows with their answers."
    return NOT_REPLAYED.get(Kind(monitor.kind)) or too_few(monitor, _held(monitor, version))


def of_inputs(monitor: Monitor) -> bool:
    """Whether its looks compare inputs; else answers."""
    asked = parameters.completed(monitor.kind, monitor.parameters)
    return monitor.kind in (Kind.DRIFT, Kind.QUALITY) or asked.get("watches") == "inputs"


def rows_of(monitor: Monitor, held: int) -> int:
    """How many rows a look of the replay takes, of so many rows of reference."""
    asked = parameters.completed(monitor.kind, monitor.parameters)
    rows = min(int(asked["window_rows"]), int(min(held, MOST_ROWS) / 2 * SHARE))
    return min(rows, max(int(asked["min_n"]), MOST_OF_A_STREAM)) if is_stream(monitor) else rows


def is_stream(monitor: Monitor) -> bool:
    """Whether it goes along a stream, which some methods compare with its own past."""
    return monitor.kind == Kind.DETECTOR and _detector(monitor).takes == "stream"


def too_few(monitor: Monitor, held: int | None) -> str | None:
    """Why so many rows of reference allow no replay; None where they do, or where nobody knows how many there are."""
    least = parameters.completed(monitor.kind, monitor.parameters)["min_n"]
    if held is None or rows_of(monitor, held) >= least:
        return None
    return f"Of {held} rows of reference a look would have {rows_of(monitor, held)}; the check needs {least}."


def stated(monitor: Monitor, rows: int) -> float | None:
    """The share of looks at so many rows that may ring without a reason, by the settings; None where a person's limit
    decides."""
    asked = parameters.completed(monitor.kind, monitor.parameters)
    if monitor.kind in (Kind.DRIFT, Kind.OUTPUT_DRIFT):
        return 1.0 / float(asked["looks_between"])
    if monitor.kind != Kind.DETECTOR:
        return None
    found = _detector(monitor)
    rate = found.false_alarms(found.settings(asked["settings"]))
    return 1 - (1 - rate) ** rows if is_stream(monitor) else rate


def definition(monitor: Monitor) -> str:
    """The digest of everything about a monitor that its looks depend on."""
    asked = {"kind": monitor.kind, "parameters": parameters.completed(monitor.kind, monitor.parameters)}
    return records.digest(records.without_floats(asked))


def _held(monitor: Monitor, version: ModelVersion) -> int | None:
    if of_inputs(monitor):
        return version.dataset_version.row_count
    kept = ReferenceProfile.objects.filter(kind=ReferenceProfile.Kind.ANSWERS, model_version=version)
    return kept.values_list("n", flat=True).first()


def _detector(monitor: Monitor) -> Detector:
    return detectors.find(parameters.completed(monitor.kind, monitor.parameters)["detector"])
