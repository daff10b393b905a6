"""The census through the live path: a version trained on 2015 serves, later years are answered, monitors look."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from audit import actors as system_actors
from mlops_server.demo import census
from monitoring.models import Monitor, MonitorRun
from monitoring.services import monitors
from registry.models import DatasetVersion, ModelVersion, TrainingRun
from registry.services import datasets, predictions, runs
from registry.services.decisions import promotions
from registry.services.slots import rollouts
from registry.serving import inference, snapshot
from registry.serving.inference import Row
from tests import factories, houses
from tests.factories import acting
from tests.houses import House
from workers.tasks import ingestion, training
from workers.tasks.at_hand import ModelsAtHand

WORKER = system_actors.system("worker")
RECIPE: dict[str, Any] = {
    "task": "binary_classification",
    "label": census.LABEL,
    "features": census.FEATURES,
    "estimator": {"name": "logistic_regression", "parameters": {"C": 0.5}},
    "holdout": 0.3,
}
#: What watches the slot; of an impact ratio the census itself has too low ones.
WATCHED: dict[str, dict[str, Any]] = {
    "drift": {},
    "output_drift": {},
    "performance": {"floor": 0.85},
    "estimated": {"floor": 0.85},
    "quality": {},
}
Person = dict[str, Any]


@dataclass(frozen=True)
class Replay:
    """A slot in which a census model serves, and its monitors by kind."""

    house: House
    monitors: dict[str, Monitor]
    rows: int

    def anew(self) -> "Replay":
        """The same slot, watched by monitors that have not looked yet."""
        return replace(self, monitors=_watched(self.house, self.rows))

    def answer(self, people: Sequence[Person]) -> None:
        """As an application asks, and as the truth comes after it."""
        slot, caller = self.house.slot, acting(self.house.operator)
        for some in _parts(people, inference.MAX_ROWS):
            made = inference.predict(slot.key, [Row(**census.request_row(one)) for one in some], actor=caller)
            outcomes = [
                {"prediction": one.pk, "value": person[census.LABEL]} for one, person in zip(made, some, strict=True)
            ]
            predictions.record_outcomes(slot, outcomes, actor=caller)

    def look(self) -> dict[str, MonitorRun]:
        """Every monitor once, by kind."""
        mine = [monitor.pk for monitor in self.monitors.values()]
        Monitor.objects.filter(pk__in=mine).update(next_due_at=timezone.now())
        found = {
            kind: monitors.check(str(monitor.pk), actor=WORKER, models=ModelsAtHand())
            for kind, monitor in self.monitors.items()
        }
        return {kind: run for kind, run in found.items() if run is not None}

    def through(self, people: Sequence[Person]) -> Iterator[dict[str, MonitorRun]]:
        """Answer people and look after each so many."""
        for some in _parts(people, self.rows):
            self.answer(some)
            yield self.look()


def start(*, rows: int) -> Replay:
    """Deliver 2015, train on it, have it approved, let it serve, and watch it by looks of so many rows."""
    house = houses.build()
    house = replace(house, data=_delivered(house))
    snapshot._snapshots.clear()
    _serve(house, _trained(house))
    return Replay(house, _watched(house, rows), rows)


def moved(people: Iterable[Person], **by: Callable[[Any], Any]) -> list[Person]:
    """The same people with some columns otherwise."""
    return [person | {name: change(person[name]) for name, change in by.items()} for person in people]


def _parts(people: Sequence[Person], rows: int) -> Iterator[Sequence[Person]]:
    return (people[start : start + rows] for start in range(0, len(people), rows))


def _delivered(house: House) -> DatasetVersion:
    dataset = datasets.register(
        house.system,
        name=factories.name("census"),
        licence="Public domain",
        sensitive_columns=census.SENSITIVE,
        contract=census.CONTRACT,
        actor=acting(house.engineer),
    )
    waiting = datasets.ingest(
        dataset,
        source=io.BytesIO(census.delivery(2015)),
        name="2015.csv",
        format="csv",
        media_type="text/csv",
        actor=acting(house.engineer),
    )
    ingestion.ingest(str(waiting.pk))
    return DatasetVersion.objects.get(ingestion=waiting)


def _trained(house: House) -> ModelVersion:
    run = runs.request(house.model, dataset_version=house.data, recipe=RECIPE, seed=7, actor=acting(house.engineer))
    training.train(str(run.pk))
    return TrainingRun.objects.get(pk=run.pk).version


def _serve(house: House, version: ModelVersion) -> None:
    factories.evidence_set(version, auc=0.9)
    request = promotions.submit(
        version, slot=house.slot, policy=house.policy, reason="The first one.", actor=acting(house.engineer)
    )
    request = houses.signed(request, house.validator, meaning="independent_validation")
    request = houses.signed(request, house.reviewer, meaning="review")
    rollouts.execute(request, actor=acting(house.operator), reason="Reviewed and due.")


def _watched(house: House, rows: int) -> dict[str, Monitor]:
    return {
        kind: monitors.create(
            house.slot,
            kind=kind,
            name=factories.name(kind),
            cadence_seconds=60,
            parameters={"window_rows": rows, "min_n": rows, **parameters},
            actor=acting(house.operator),
        )
        for kind, parameters in WATCHED.items()
    }
