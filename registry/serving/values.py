"""How text and time become what a model takes, for training and for serving alike. Pure."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

# The graph pads every text of a batch to the words of its longest: few at once, or one long text fills the memory.
TEXTS_AT_ONCE = 100
EPOCH = date(1970, 1, 1)
START = datetime(1970, 1, 1, tzinfo=UTC)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?")


def fold(text: str) -> str:
    """One spelling for one word: compatibility forms and case folded, before the model's graph splits it."""
    return unicodedata.normalize("NFKC", text).casefold()


def day(text: str) -> int:
    """Days since 1970-01-01 of a date such as 2026-11-23. Raises ValueError."""
    if not DAY.fullmatch(text):
        raise ValueError(text)
    return (date.fromisoformat(text) - EPOCH).days


def moment(text: str) -> tuple[int, int]:
    """Days since 1970-01-01 and seconds of the day, in UTC, of a timestamp of ISO 8601; without a zone it is UTC.

    Raises ValueError.
    """
    if not MOMENT.fullmatch(text):
        raise ValueError(text)
    read = datetime.fromisoformat(text)
    since = (read if read.tzinfo else read.replace(tzinfo=UTC)) - START
    return divmod(since // timedelta(seconds=1), 86_400)
