"""Values in standard deviations of the reference, and how long a method is to run on them without an alarm."""

from monitoring.detectors.settings import MAX_MISSING, Properties, Settings, count, number

PROPERTIES: Properties = {
    "expected_run": count(10_000, least=100, most=10_000_000),
    "center": number(0.0, least=-1e300, most=1e300),
    "scale": number(1.0, above=0, most=1e300),
    "max_missing": MAX_MISSING,
}


def standard(value: float, settings: Settings) -> float:
    """The value's distance from the reference's mean, in its standard deviations."""
    return (value - float(settings["center"])) / float(settings["scale"])


def short(held: int, least: int) -> str:
    """Why a method that holds so many values cannot have raised an alarm yet."""
    return f"{held} values since the start or the last alarm, and {least} are needed"
