"""What every detector tells of itself, and two ways to ask one: two samples here, a job elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from monitoring.detectors import samples
from monitoring.detectors import settings as settings_of
from monitoring.detectors.samples import Columns, Table
from monitoring.detectors.settings import Contradictions, Properties, Settings
from monitoring.detectors.verdict import Verdict
from registry.errors import Invalid, Problem

State = dict[str, Any]

#: `stream`: values one after another, against their own past or a reference. `samples`: rows of a window against rows
#: of a reference. `predictions`: likewise, where a row is a model's class probabilities.
Takes = Literal["stream", "samples", "predictions"]
#: Which columns a method has a use for.
Fits = Literal["numbers", "categories", "any"]


@dataclass(frozen=True, slots=True)
class Licence:
    """Under which terms a detector may be used; `production` is False where its vendor must allow it first."""

    name: str
    production: bool
    terms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A method by name: whose it is, what it takes, and its settings, of which `level` is its rate of false alarms."""

    name: str
    title: str
    library: str
    licence: Licence
    takes: Takes
    properties: Properties
    contradictions: Contradictions = settings_of.none
    level: str = "alpha"
    fits: Fits = "any"

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the settings."""
        return settings_of.schema(self.properties)

    def settings(self, given: Mapping[str, Any]) -> Settings:
        """The settings with every default. Raises Invalid naming each field that is unknown or out of range."""
        return settings_of.read(self.name, self.properties, given, self.contradictions)

    def false_alarms(self, settings: Settings) -> float:
        """How many these settings state without drift: of one look, or of one value where it takes a stream."""
        rate = float(settings[self.level])
        return 1.0 / rate if self.level == "expected_run" else rate


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference made ready: its columns, and what the method made of them."""

    columns: tuple[str, ...]
    made: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline(Detector):
    """A detector that compares a window with a reference, which is made ready once and may be kept."""

    ready: Callable[[Settings, Columns], Any]
    look: Callable[[Settings, Any, Columns], Verdict]

    @property
    def numbers(self) -> bool:
        """Whether text where a number is needed is refused."""
        return self.fits == "numbers"

    def prepare(self, settings: Settings, reference: Table) -> Reference:
        """Raises Invalid naming the column of the reference that this detector cannot take."""
        try:
            columns = samples.columns(reference, reference, numbers=self.numbers)
        except samples.Unusable as error:
            remedy = f"Leave the column out, or choose another detector than {self.name}."
            problems = [Problem(f"/reference/{error.column}", error.why, remedy)]
            raise Invalid("The reference cannot be used.", remedy=remedy, problems=problems) from error
        return Reference(tuple(columns), self.ready(settings, columns))

    def judge(self, settings: Settings, reference: Reference, window: Table) -> Verdict:
        """Look at the reference's columns of a window; one that lacks a column cannot be evaluated."""
        try:
            columns = samples.columns(window, reference.columns, numbers=self.numbers)
        except samples.Unusable as error:
            return error.verdict
        return self.look(settings, reference.made, columns)

    def compare(self, settings: Settings, reference: Table, window: Table) -> Verdict:
        """Both at once, for a reference that is used once."""
        return self.judge(settings, self.prepare(settings, reference), window)


@dataclass(frozen=True, slots=True)
class Job:
    """Work for a worker that runs nothing of ours: a Celery task by name, its queue, its arguments in plain JSON."""

    task: str
    queue: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote(Detector):
    """A detector that another environment runs: it is asked by a job, and answers in plain JSON, later."""

    describe: Callable[[str, Settings, str, str, State | None], Job]
    read: Callable[[Mapping[str, Any]], tuple[Verdict, State | None]]

    def job(self, settings: Settings, *, reference: str, window: str, state: State | None = None) -> Job:
        """What to send. Reference and window are digests of artifacts: .npy arrays of numbers, rows by columns.

        `state` is what the last answer brought along, where the detector takes a stream.
        """
        return self.describe(self.name, settings, reference, window, state)
