"""Queries about the model versions that count: figures, texts, data, and what they were fitted with."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from registry.clauses.judging import Found, Proof
from registry.models import CardText, EvidenceItem, ModelVersion
from registry.services.coverage.scope import Scope, of_version, proof

Given = Mapping[str, Any]
Answers = dict[UUID, Found]


def evidence(scope: Scope, given: Given) -> Answers:
    """For each version the newest figure of a kind. kind; metric; by_group: about a group, intersection: about two."""
    wanted = EvidenceItem.objects.filter(kind=given["kind"], set__model_version__in=_ids(scope))
    if "metric" in given:
        wanted = wanted.filter(metric=given["metric"])
    if given.get("by_group"):
        wanted = wanted.exclude(group="")
    if given.get("intersection"):
        wanted = wanted.filter(attribute__contains="+")
    if given.get("interval"):
        wanted = wanted.exclude(low=None).exclude(high=None).exclude(n=None)
    newest = wanted.order_by("set__model_version_id", "-set__created_at", "pk").distinct("set__model_version_id")
    shown = {
        item.set.model_version_id: [_of_item(item)]
        for item in newest.select_related("set")
        if item.set.model_version_id
    }
    return scope.by_version(shown, f"no {_named(given)}")


def data_evidence(scope: Scope, given: Given) -> Answers:
    """For each version the newest figure of a kind about the data that it learned from."""
    data = {version.dataset_version_id for version in scope.versions}
    wanted = EvidenceItem.objects.filter(kind=given["kind"], set__dataset_version__in=data, set__model_version=None)
    newest = wanted.order_by("set__dataset_version_id", "-set__created_at", "pk").distinct("set__dataset_version_id")
    items = {item.set.dataset_version_id: _of_item(item) for item in newest.select_related("set")}
    found = {v.pk: [items[v.dataset_version_id]] for v in scope.versions if v.dataset_version_id in items}
    return scope.by_version(found, f"its data have no {_named(given)}")


def texts(scope: Scope, given: Given) -> Answers:
    """Sections that a person wrote and signed. about: model_version or dataset_version; sections: which of them."""
    about = {v.pk: v.pk if given["about"] == "model_version" else v.dataset_version_id for v in scope.versions}
    rows = CardText.objects.filter(
        subject_type=given["about"], subject_id__in=set(about.values()), section__in=given["sections"]
    )
    written: dict[UUID, dict[str, CardText]] = defaultdict(dict)
    for row in rows.order_by("pk"):
        written[row.subject_id][row.section] = row
    found = {
        version: [proof("card_text", row, row.signed_at) for row in written[subject].values()]
        for version, subject in about.items()
        if written[subject].keys() >= set(given["sections"])
    }
    return scope.by_version(found, f"not every one of {', '.join(given['sections']).replace('_', ' ')} is written")


def registered(scope: Scope, given: Given) -> Answers:
    """Versions whose columns say something. fields: which, with `run__` for those of the run."""
    found = {
        version.pk: [of_version(version)]
        for version in scope.versions
        if all(_value(version, field) not in ("", None, [], {}) for field in given["fields"])
    }
    words = ", ".join(field.replace("__", "'s ").replace("_", " ") for field in given["fields"])
    return scope.by_version(found, f"its record does not say {words}")


def no_sensitive_features(scope: Scope, given: Given) -> Answers:
    """No sensitive column of its data, and not the one that names people, is among what a version takes in."""
    return scope.by_version(
        {version.pk: [of_version(version)] for version in scope.versions if not _sensitive(version)},
        "a sensitive column is among its inputs",
    )


def data_says(scope: Scope, given: Given) -> Answers:
    """The dataset of each version says something in each of these fields, such as its licence or its contract."""
    found = {}
    for version in scope.versions:
        dataset = version.dataset_version.dataset
        if all(getattr(dataset, field) for field in given["fields"]):
            shown = version.dataset_version
            found[version.pk] = [proof("dataset_version", shown, shown.created_at, path="dataset-versions")]
    words = ", ".join(given["fields"]).replace("_", " ")
    return scope.by_version(found, f"its dataset does not say {words}")


def back_tested(scope: Scope, given: Given) -> Answers:
    """Each version was measured on data that came after the data it learned from."""
    wanted = EvidenceItem.objects.filter(kind="evaluation", set__model_version__in=_ids(scope)).exclude(low=None)
    rows = wanted.select_related("set__dataset_version").order_by("pk")
    learned = {version.pk: version.dataset_version for version in scope.versions}
    found: dict[UUID, list[Proof]] = {}
    for item in rows:
        version, measured_on = item.set.model_version_id, item.set.dataset_version
        if version and measured_on.created_at > learned[version].created_at:
            found[version] = [_of_item(item)]
    return scope.by_version(found, "not measured on data that came after its own")


def _sensitive(version: ModelVersion) -> set[str]:
    dataset = version.dataset_version.dataset
    held_back = {name.casefold() for name in [*dataset.sensitive_columns, dataset.subject_column] if name}
    return held_back & {str(column["name"]).casefold() for column in version.input_schema}


def _ids(scope: Scope) -> list[UUID]:
    return [version.pk for version in scope.versions]


def _of_item(item: EvidenceItem) -> Proof:
    return Proof("evidence", str(item.pk), str(item), item.set.created_at, f"/api/v1/evidence/{item.pk}")


def _named(given: Given) -> str:
    """What was looked for, in words."""
    parts = ["evidence of", given["kind"].replace("_", " "), given.get("metric", "").replace("_", " ")]
    extras = {"by_group": "by group", "intersection": "for intersections", "interval": "with an interval and n"}
    return " ".join(part for part in [*parts, *(words for name, words in extras.items() if given.get(name))] if part)


def _value(version: ModelVersion, field: str) -> Any:
    owner, _, name = field.rpartition("__")
    return getattr(version.run if owner else version, name)
