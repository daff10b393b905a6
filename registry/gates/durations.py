"""ISO 8601 durations (P5D, PT4H, P12M) added to moments by the calendar."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# The digits are bounded so that no written duration can leave the range of datetime.
PATTERN = (
    r"^P(?=\d|T\d)(\d{1,3}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,5}D)?"
    r"(T(?=\d)(\d{1,6}H)?(\d{1,7}M)?(\d{1,8}S)?)?$"
)


@dataclass(frozen=True, slots=True)
class Duration:
    """Months, days and seconds are kept apart: a month has no fixed number of days."""

    months: int = 0
    days: int = 0
    seconds: int = 0


def parse(text: str) -> Duration:
    """Read a duration in whole units; anything else raises ValueError."""
    match = re.fullmatch(PATTERN, text, re.ASCII)
    if match is None:
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as P5D, PT4H or P12M.")
    parts = (match[1], match[2], match[3], match[4], match[6], match[7], match[8])
    years, months, weeks, days, hours, minutes, seconds = (int(part[:-1]) if part else 0 for part in parts)
    return Duration(12 * years + months, 7 * weeks + days, 3600 * hours + 60 * minutes + seconds)


def after(moment: datetime, duration: Duration) -> datetime:
    """The moment one duration later; 31 August plus six months is the last day of February."""
    return _shift(moment, duration.months) + timedelta(days=duration.days, seconds=duration.seconds)


def before(moment: datetime, duration: Duration) -> datetime:
    """The moment one duration earlier."""
    return _shift(moment, -duration.months) - timedelta(days=duration.days, seconds=duration.seconds)


def covers(longer: Duration, shorter: Duration) -> bool:
    """Whether `longer` is never shorter than `shorter`, whichever month it starts in."""
    starts = [datetime(year, month, 1, tzinfo=UTC) for year in range(2023, 2027) for month in range(1, 13)]
    return all(after(start, longer) >= after(start, shorter) for start in starts)


def _shift(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
