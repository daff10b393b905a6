"""What looks need of models and contracts, of a version that was really trained."""

from typing import Any

import numpy as np
import pytest

from monitoring.services.profiles import Missing
from registry import artifacts
from registry.models import Dataset, ModelVersion
from registry.services import predictions
from tests import factories
from workers.tasks.at_hand import ModelsAtHand, Violation

pytestmark = pytest.mark.django_db
ROWS: list[dict[str, Any]] = [{"AGEP": 20 + n, "SCHL": n} for n in range(12)]


@pytest.fixture
def version() -> ModelVersion:
    return factories.version()


def test_held_out_is_what_the_run_held_out_with_its_answers(version: ModelVersion) -> None:
    held = ModelsAtHand().held_out(version)
    answers = held.answers
    assert 0 < len(answers) < version.dataset_version.row_count
    assert held.inputs.shape == (len(answers), 2)
    assert set(answers.truth) <= {float(place) for place in range(len(predictions.classes_of(version)))}
    assert np.array_equal(answers.decision, answers.score >= version.threshold)


def test_held_out_is_read_once_a_process(version: ModelVersion) -> None:
    assert ModelsAtHand().held_out(version) is ModelsAtHand().held_out(version)


def test_held_out_of_data_that_are_gone_is_missing(version: ModelVersion) -> None:
    artifacts.remove(version.dataset_version.digest)
    with pytest.raises(Missing, match="are gone"):
        ModelsAtHand().held_out(version)


def test_inputs_are_the_rows_in_the_models_order(version: ModelVersion) -> None:
    made = ModelsAtHand().inputs(version, ROWS)
    assert made.tolist() == [[20.0 + n, float(n)] for n in range(12)]


def test_attributions_are_one_value_a_row_and_feature(version: ModelVersion) -> None:
    found = ModelsAtHand().attributions(version, ROWS[:3], background=5)
    assert (found.features, found.values.shape) == (["AGEP", "SCHL"], (3, 2, 1))
    again = ModelsAtHand().attributions(version, ROWS[:3], background=5)
    assert np.array_equal(found.values, again.values)


def test_violations_are_those_of_single_values(version: ModelVersion) -> None:
    promised = {
        "AGEP": {"type": "integer", "maximum": 25},
        "SCHL": {"type": "integer", "missing_at_most": 0.1},
        "SEX": {"type": "integer", "allowed": [1]},
    }
    held_to(version, {"columns": promised, "minimum_rows": 10_000})
    rows = [*ROWS, {"AGEP": 20, "SCHL": None}, {"AGEP": 20, "SCHL": None}]
    found = ModelsAtHand().violations(version, rows)
    assert found == [Violation("AGEP", "maximum", 6), Violation("SCHL", "missing_at_most", 2, 0.1)]


def test_violations_without_a_promise_are_none(version: ModelVersion) -> None:
    held_to(version, {"columns": {"SEX": {"type": "integer"}}})
    assert ModelsAtHand().violations(version, ROWS) == []


def held_to(version: ModelVersion, contract: dict[str, Any]) -> None:
    """The version's data under another contract, as the row in memory has it."""
    data: Dataset = version.dataset_version.dataset
    data.contract = contract
