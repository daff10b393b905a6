"""Classes, numbers, pictures and texts, each the whole way: data in, a version out, judged, explained and asked."""

import base64
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from PIL import Image
from pytest_django.plugin import DjangoDbBlocker
from sklearn import datasets as shipped

from mlops_client import Client
from mlops_client.nouns.evaluations import Evaluation
from mlops_client.nouns.models import ModelVersion
from registry.models import ModelVersion as VersionRow
from registry.models import Slot as SlotRow
from registry.roles import Role
from registry.services.slots import emergencies
from tests import databases, factories, live
from tests.factories import acting

DEEP = {"curves": True, "draws": 100, "explanations": {"rows": 10, "background": 5}}
GOOD, BAD = ("good", "quick", "kind", "helpful"), ("late", "rude", "broken", "slow")
THINGS = ("delivery", "staff", "parcel", "answer", "hotline", "driver")
MULTICLASS, LOGISTIC = "multiclass_classification", {"name": "logistic_regression"}


@pytest.fixture(scope="module")
def stack(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[live.Stack]:
    """Web and worker; what is signed and read here are the keys and files of theirs."""
    with django_db_blocker.unblock(), live.stack(tmp_path_factory.mktemp("tasks"), "web", "worker") as running:
        shared = {"SIGNING_KEY_DIR": running.folder / "keys", "ARTIFACT_URL": f"file://{running.folder}/artifacts"}
        with databases.used(running.database), override_settings(**shared):
            yield running


@pytest.fixture(scope="module")
def client(stack: live.Stack) -> Iterator[Client]:
    token = factories.token(factories.person(Role.ENGINEER, Role.CALLER)).split()[1]
    with Client(stack.url, token) as signed_in:
        signed_in.systems.register("tasks", purpose="To be tested.", risk_tier="minimal")
        yield signed_in


@dataclass(frozen=True, slots=True)
class Whole:
    """What came of the way: the version and its figures by metric, the curves, and answers to rows sent as JSON."""

    version: ModelVersion
    evaluation: Evaluation
    importance: dict[str, float]
    answers: list[Any]

    def value(self, metric: str) -> float:
        return next(one.value or 0.0 for one in self.evaluation.figures(metric=metric) if not one.group)

    @property
    def curves(self) -> set[str]:
        return {one.metric for one in self.evaluation.figures(kind="curve")}


def whole(client: Client, name: str, data: Any, recipe: dict[str, Any], rows: list[dict[str, Any]]) -> Whole:
    """Each step through the client and done by the worker; only the break-glass is the operator's."""
    dataset = client.datasets.register("tasks", name, licence="BSD-3-Clause")
    dataset.push(data, show=False)
    client.models.register("tasks", name)
    run = client.train(name, f"{name}@1", recipe={**recipe, "cross_validation": {"folds": 2}}, seed=7)
    version = run.follow(show=False).version
    evaluation = client.evaluate(version, settings=DEEP).follow(show=False)
    explained = client.explanations.request(version, settings={"rows": 10, "background": 5}).follow(show=False)
    importance = {one["feature"]: one["value"] for one in explained.content["importance"]}
    slot = client.slots.open("tasks", name)
    serve(slot.key, version.id)
    answers = list(slot.predict(rows))
    decided = client.explanations.request(version, kind="decision", prediction=answers[0]).follow(show=False)
    assert decided.state == "succeeded"
    return Whole(version, evaluation, importance, answers)


def serve(slot: str, version: str) -> None:
    """A break-glass: the shortest way into a slot."""
    operator = factories.person(Role.OPERATOR)
    emergencies.open(
        SlotRow.objects.get(key=slot),
        version=VersionRow.objects.get(pk=version),
        reason="To be asked.",
        credentials=factories.credentials(operator),
        actor=acting(operator),
    )


def test_three_classes_of_wine_from_numbers(client: Client) -> None:
    frame = shipped.load_wine(as_frame=True).frame
    features = list(frame.columns.drop("target"))
    recipe = {"task": MULTICLASS, "label": "target", "features": dict.fromkeys(features, "numeric")}
    rows = frame[features].iloc[[0, 80, 170]].to_dict("records")
    made = whole(client, "wine", frame, {**recipe, "estimator": LOGISTIC}, rows)
    assert made.value("accuracy") > 0.9
    assert {"roc", "confusion_matrix", "partial_dependence"} <= made.curves
    assert set(made.importance) == set(features)
    assert [one.decision for one in made.answers] == [0, 1, 2]


def test_number_of_diabetes_from_numbers(client: Client) -> None:
    frame = shipped.load_diabetes(as_frame=True).frame
    features = list(frame.columns.drop("target"))
    recipe = {"task": "regression", "label": "target", "features": dict.fromkeys(features, "numeric")}
    rows = frame[features].head(2).to_dict("records")
    made = whole(client, "diabetes", frame, {**recipe, "estimator": {"name": "ridge"}}, rows)
    assert 0.3 < made.value("r2") < 0.7
    assert {"residuals", "partial_dependence"} <= made.curves
    assert "s5" in sorted(made.importance, key=lambda name: -made.importance[name])[:2]
    assert [(one.decision, 25 < one.score < 346) for one in made.answers] == [(None, True)] * 2


def test_digits_from_pictures(client: Client, tmp_path: Path) -> None:
    digits = shipped.load_digits(n_class=4)
    pictures = [png(pixels * 15) for pixels in digits.images[:200]]
    for number, (picture, label) in enumerate(zip(pictures, digits.target, strict=False)):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        (tmp_path / str(label) / f"{number}.png").write_bytes(picture)
    image = {"type": "image", "width": 8, "height": 8, "mode": "L"}
    recipe = {"task": MULTICLASS, "label": "label", "features": {"image": image}, "estimator": LOGISTIC}
    rows = [{"image": base64.b64encode(picture).decode()} for picture in pictures[:4]]
    made = whole(client, "digits", tmp_path, recipe, rows)
    assert made.value("accuracy") > 0.85
    assert {"roc", "confusion_matrix"} <= made.curves
    assert [one.decision for one in made.answers] == digits.target[:4].tolist()


def test_opinion_from_texts(client: Client) -> None:
    said = itertools.product(THINGS, zip(GOOD, BAD, strict=True), (1, 0), range(3))
    texts = [
        {"note": f"The {thing} was {word[1 - good]} {'again ' * more}today.", "praise": good}
        for thing, word, good, more in said
    ]
    recipe = {"task": "binary_classification", "label": "praise", "features": {"note": "text"}, "estimator": LOGISTIC}
    rows = [{"note": "A kind and helpful driver!"}, {"note": "So slow, so late."}]
    made = whole(client, "opinions", texts, recipe, rows)
    assert made.value("roc_auc") > 0.95
    assert {"roc", "confusion_matrix"} <= made.curves
    assert set(made.importance) == {"note"}
    assert [one.decision for one in made.answers] == [1, 0]


def png(pixels: Any) -> bytes:
    Image.fromarray(pixels.astype("uint8")).save(file := io.BytesIO(), "PNG")
    return file.getvalue()
