"""One parameter set tried: what is proposed, what came of it, and where finished ones are kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

DONE, PRUNED, FAILED = "done", "pruned", "failed"
# Not a parameter set but one fold of a nested cross-validation: a whole search on its rows, judged on the others.
OUTER = "outer_fold"


@dataclass(frozen=True)
class Proposal:
    """What to try. Numbers begin at 1, and one number means the same in every worker."""

    number: int
    estimator: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class TrialResult:
    """What came of a trial, in plain JSON values; `reported` is the mean after each fold of the metric that selects."""

    number: int
    estimator: str
    parameters: Mapping[str, Any]
    state: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    reported: list[float] = field(default_factory=list)
    failure: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def document(self) -> dict[str, Any]:
        """All but the time it took, which is another at every run."""
        return {name: value for name, value in asdict(self).items() if name != "seconds"}


class TrialStore(Protocol):
    """Where workers that share a search meet. A finished trial is never fitted again, whoever asks."""

    def done(self) -> list[TrialResult]:
        """Every trial that ended: done, pruned or failed."""

    def claim(self, number: int, estimator: str, parameters: Mapping[str, Any]) -> bool:
        """Whether the caller is to do it; False where it is done, or another worker has it now."""

    def report(self, number: int, step: int, value: float) -> bool:
        """Keep the value after a fold. True stops the trial, as if it were pruned; what is then no longer repeatable
        is the caller's to answer for. Pruning itself is decided from earlier batches alone."""

    def finish(self, number: int, result: TrialResult) -> None:
        """Keep the result, for good."""

    def wait(self) -> bool:
        """Called while others hold what is left of a batch: sleep a moment and answer True, or False to give up."""


class InMemory:
    """The store of one worker alone; give it finished trials to go on from."""

    def __init__(self, finished: list[TrialResult] | None = None) -> None:
        self._finished = {result.number: result for result in finished or []}

    def done(self) -> list[TrialResult]:
        return [self._finished[number] for number in sorted(self._finished)]

    def claim(self, number: int, estimator: str, parameters: Mapping[str, Any]) -> bool:
        return number not in self._finished

    def report(self, number: int, step: int, value: float) -> bool:
        return False

    def finish(self, number: int, result: TrialResult) -> None:
        self._finished[number] = result

    def wait(self) -> bool:
        return False
