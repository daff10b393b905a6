"""What came of one attempt to tell somebody something."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

FAILURE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """Told, or why not; `wait` is how long the receiver asked to be left alone."""

    status: int | None = None
    failure: str = ""
    wait: timedelta | None = None

    @property
    def is_told(self) -> bool:
        return not self.failure

    @property
    def is_gone(self) -> bool:
        """The receiver says that it wants nothing any more."""
        return self.status == HTTPStatus.GONE


def failed(why: str) -> Outcome:
    """No answer."""
    return Outcome(failure=why[:FAILURE_LENGTH])
