"""The records that a pipeline's document names, found in its own system and nowhere else."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from registry.errors import Invalid, Problem
from registry.models import (
    AISystem,
    Dataset,
    DataSource,
    PolicyVersion,
    RegisteredModel,
    Slot,
)

Row = TypeVar("Row", bound=Model)


def check(system: AISystem, document: Mapping[str, Any]) -> None:
    """Whether everything that the document names is there. Raises Invalid for the first that is not."""
    data = dataset(system, document["data"]["dataset"])
    if "source" in document["data"]:
        source(data, document["data"]["source"])
    model(system, document["model"])
    if "dataset" in document.get("evaluation", {}):
        dataset(system, document["evaluation"]["dataset"], at="/document/evaluation/dataset")
    if "promotion" in document:
        slot(system, document["promotion"]["slot"])
        policy(document["promotion"]["policy"])


def dataset(system: AISystem, name: str, *, at: str = "/document/data/dataset") -> Dataset:
    return _one(Dataset.objects.filter(system=system, name=name), f"There is no dataset {name!r} here.", at)


def source(of: Dataset, name: str) -> DataSource:
    return _one(of.sources.filter(name=name), f"{of} has no source {name!r}.", "/document/data/source")


def model(system: AISystem, name: str) -> RegisteredModel:
    families = RegisteredModel.objects.filter(system=system, name=name).select_related("system")
    return _one(families, f"There is no model {name!r} here.", "/document/model")


def slot(system: AISystem, key: str) -> Slot:
    slots = Slot.objects.filter(system=system, key=key).select_related("system")
    return _one(slots, f"There is no slot {key!r} here.", "/document/promotion/slot")


def policy(name: str) -> PolicyVersion:
    in_force = PolicyVersion.objects.filter(name=name, state=PolicyVersion.State.EFFECTIVE).order_by("-version")
    return _one(in_force, f"No version of a policy {name!r} is in force.", "/document/promotion/policy")


def _one(rows: QuerySet[Row], detail: str, at: str) -> Row:
    found = rows.first()
    if found is None:
        raise Invalid(detail, problems=[Problem(at, "names nothing in this system")])
    return found
