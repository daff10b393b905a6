"""Monitors: checks of a slot on a schedule, what each look found, and how well they do on rows that are known."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from mlops_client.nouns.base import Collection, Named, Record, Rows, identity
from mlops_client.nouns.pipelines import Pipeline, Pipelines
from mlops_client.nouns.slots import Slot, Slots


@dataclass(kw_only=True, repr=False)
class MonitorRun(Record):
    """One look: the window that it read, one verdict; `report` has every figure with its interval and n."""

    PATH = "/api/v1/monitor-runs"
    SHOWN = ("verdict", "reason", "n", "impact", "window_from", "window_to", "report", "id")
    LISTED = ("window_to", "verdict", "n", "impact", "reason", "id")

    monitor: str
    model_version: str | None
    due_at: datetime
    window_from: datetime | None
    window_to: datetime
    n: int
    verdict: str
    reason: str
    impact: float | None
    created_at: datetime
    report: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True, repr=False)
class Calibration(Record):
    """A monitor on rows that did not move, and on rows that were moved on purpose, as measured for one version.

    low and high: the interval of the false-alarm rate. report: the looks that each shift took to ring.
    """

    PATH = "/api/v1/calibrations"
    SHOWN = ("looks", "false_alarms", "low", "high", "stated", "report", "id")
    LISTED = ("monitor", "looks", "false_alarms", "low", "high", "stated", "id")

    monitor: str
    model_version: str
    definition: str
    looks: int
    false_alarms: int
    low: float
    high: float
    stated: float | None
    created_at: datetime
    report: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True, repr=False)
class ReferenceProfile(Record):
    """What a dataset version's columns, or a model's answers, looked like; made once and read by every check."""

    PATH = "/api/v1/reference-profiles"
    SHOWN = ("kind", "dataset_version", "model_version", "n", "digest", "id")

    kind: str
    dataset_version: str
    model_version: str | None
    definition: str
    digest: str
    n: int
    created_at: datetime


@dataclass(kw_only=True, repr=False)
class Monitor(Record):
    PATH = "/api/v1/monitors"
    SHOWN = ("name", "slot", "kind", "arm", "parameters", "cadence_seconds", "enabled", "next_due_at", "id")
    LISTED = ("name", "slot", "kind", "arm", "cadence_seconds", "enabled", "next_due_at", "id")

    slot: str
    kind: str
    arm: str
    name: str
    parameters: dict[str, Any]
    cadence_seconds: int
    pipeline: str | None
    enabled: bool
    next_due_at: datetime
    revision: int
    created_at: datetime

    def run(self) -> Self:
        """Ask a worker to look now, beside the schedule; returns at once."""
        return self._became(self.session.post(f"/api/v1/monitors/{self.id}/run"))

    def runs(self, **filters: Any) -> Rows[MonitorRun]:
        """Its looks, newest first; filter by verdict or model_version."""
        return MonitorRuns(self.session).all(monitor=self, **filters)

    def calibrations(self) -> Rows[Calibration]:
        """What it was measured to do, newest first."""
        return Calibrations(self.session).all(monitor=self)

    def change(self, *, reason: str | None = None, **changes: Any) -> Self:
        """Let it look otherwise from its next look on. Raises Conflict where somebody was quicker, Invalid.

        changes: of name, parameters (all of them anew), cadence_seconds, enabled and pipeline.
        """
        body = {name: identity(value) for name, value in changes.items()} | {"reason": reason}
        return self._became(self.session.patch(f"/api/v1/monitors/{self.id}", body, revision=self.revision))


class MonitorRuns(Collection[MonitorRun]):
    RECORD = MonitorRun


class Calibrations(Collection[Calibration]):
    RECORD = Calibration


class ReferenceProfiles(Collection[ReferenceProfile]):
    RECORD = ReferenceProfile


class Monitors(Named[Monitor]):
    RECORD = Monitor

    def kinds(self) -> list[dict[str, Any]]:
        """The kinds of monitors, each with the JSON Schema of every parameter that it takes."""
        kinds: list[dict[str, Any]] = self._session.get("/api/v1/monitor-kinds")
        return kinds

    def create(
        self,
        slot: Slot | str,
        name: str,
        *,
        kind: str,
        cadence_seconds: int,
        parameters: dict[str, Any] | None = None,
        arm: str | None = None,
        pipeline: Pipeline | str | None = None,
    ) -> Monitor:
        """Watch a slot by one more check, first one cadence from now. Raises Invalid, which names what is wrong.

        kind and parameters: as `kinds` lists them. arm: champion, or canary for the challenger. pipeline: what an
        alarm starts; it makes a candidate and a draft request, never a promotion.
        """
        body = {
            "slot": Slots(self._session).get(slot).key,
            "name": name,
            "kind": kind,
            "cadence_seconds": cadence_seconds,
            "parameters": parameters,
            "arm": arm,
            "pipeline": Pipelines(self._session).get(pipeline).id if pipeline else None,
        }
        return self._post("/api/v1/monitors", body)
