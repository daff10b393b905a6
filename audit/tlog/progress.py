"""Says on standard error how far a long verification is: count, rate, time remaining."""

import sys
import time
from typing import TextIO

_TERMINAL_SECONDS, _ELSEWHERE_SECONDS = 0.2, 5.0
_START_OF_LINE, _CLEAR = "\r", "\r\x1b[K"


class Progress:
    """Writes one line over itself on a terminal, and a new line now and then elsewhere."""

    def __init__(self, stream: TextIO | None = None, *, pause_seconds: float | None = None) -> None:
        """Take the stream, standard error if none is given, and how long to keep quiet in between."""
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._pause = (
            (_TERMINAL_SECONDS if self._terminal else _ELSEWHERE_SECONDS) if pause_seconds is None else pause_seconds
        )
        self._began = self._said = time.monotonic()

    def __call__(self, done: int, size: int) -> None:
        """Say that `done` of `size` entries are checked, if it is time to say something."""
        now = time.monotonic()
        if done == size:
            self._stream.write(_CLEAR if self._terminal else "")
        elif now - self._said >= self._pause:
            self._said = now
            said = line(done, size, now - self._began)
            self._stream.write(f"{_START_OF_LINE}{said}" if self._terminal else f"{said}\n")
        self._stream.flush()


def line(done: int, size: int, seconds: float) -> str:
    """``1,310,720 of 5,000,000 entries, 524,288 a second, 7 s remaining``."""
    rate = done / max(seconds, 1e-3)
    return f"{done:,} of {size:,} entries, {rate:,.0f} a second, {(size - done) / max(rate, 1):,.0f} s remaining"
