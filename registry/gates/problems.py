"""What is wrong with a policy: where, what, and how to mend it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect, or a warning that refuses nothing; `path` is written as in `gates[2].require.value`."""

    path: str
    detail: str
    remedy: str
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.path}: {self.detail} {self.remedy}"


class PolicyError(ValueError):
    """A policy document was refused; `problems` holds every reason at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def path_of(parts: Iterable[str | int]) -> str:
    """`gates[2].require.value` from its parts; `$` for the whole document."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".") or "$"
