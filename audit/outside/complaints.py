"""Says what is wrong once, not in every round, and when it is over."""

from typing import Any


class Complaints:
    """Remembers what was said last; the same trouble again is silent."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        self._said = ""

    def say(self, what: str, problem: BaseException, *, warning: bool = False) -> None:
        """Name a trouble, unless it is the one named before."""
        if self._said == what:
            return
        self._said = what
        say = self._logger.warning if warning else self._logger.error
        say(what, why=str(problem).strip())

    def end(self, what: str) -> None:
        """The trouble is over, if there was one."""
        if self._said:
            self._logger.info(what)
        self._said = ""
