"""A fairness monitor of errors: on rows whose truth came, whoever deserves it must get it as often in every group."""

from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from audit import actors as system_actors
from monitoring.models import Monitor, MonitorRun
from monitoring.services import monitors
from registry.errors import Invalid
from registry.models import Outcome, Prediction
from tests import houses
from tests.factories import acting
from tests.houses import House

pytestmark = pytest.mark.django_db
EQUALIZED = {"metric": "equalized_odds_difference", "ceiling": 0.1}


@pytest.fixture
def house() -> House:
    return houses.build()


def answered(house: House, *, missed: tuple[float, float], rows: int = 600, labelled: bool = True) -> None:
    """Half of either sex deserve a yes; of men and of women who do, such a share are missed."""
    assignment, random = houses.champion(house), np.random.default_rng(3)
    assert assignment.champion is not None
    for number in range(rows):
        sex, deserves = number % 2 + 1, number % 4 < 2
        decision = int(deserves and random.random() >= missed[sex - 1])
        made = Prediction.objects.create(
            at=timezone.now(),
            slot=house.slot,
            slot_revision=assignment.revision,
            model_version=assignment.champion,
            arm="champion",
            features={"AGEP": 20 + number % 40, "SCHL": number % 24},
            attributes={"SEX": sex},
            score=0.1 + 0.8 * decision,
            decision=decision,
            latency_us=10,
        )
        if labelled:
            Outcome.objects.create(prediction=made, value=int(deserves))


def looked(house: House, **parameters: Any) -> MonitorRun:
    monitor = monitors.create(
        house.slot,
        kind="fairness",
        name="errors",
        cadence_seconds=60,
        parameters={"attributes": ["SEX"], **parameters},
        actor=acting(house.operator),
    )
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    run = monitors.check(str(monitor.pk), actor=system_actors.system("worker"))
    assert run is not None
    return run


def test_group_whose_deserving_are_missed_more_often_alarms(house: House) -> None:
    answered(house, missed=(0.1, 0.5))
    run = looked(house, **EQUALIZED)
    assert (run.verdict, run.n) == ("alarm", 600)
    assert run.reason.startswith("Equalized odds difference of SEX is 0.")
    assert run.report["main"]["limit"] == 0.1


def test_groups_that_are_missed_alike_are_quiet_and_every_rate_is_told(house: House) -> None:
    answered(house, missed=(0.2, 0.2))
    run = looked(house, **EQUALIZED)
    told = {one["metric"] for one in run.report["figures"]}
    assert run.verdict == "quiet"
    assert told >= {
        "selection_rate", "impact_ratio", "true_positive_rate", "false_positive_rate", "precision",
        "equalized_odds_difference", "roc_auc", "calibration_error", "calibration_bias",
    }  # fmt: skip


def test_the_negative_class_as_the_favourable_one_turns_scores_and_rates(house: House) -> None:
    answered(house, missed=(0.1, 0.5))
    run = looked(house, metric="equal_opportunity_difference", ceiling=0.1, favourable=0)
    rates = {one["group"]: one["value"] for one in run.report["figures"] if one["metric"] == "true_positive_rate"}
    assert (run.verdict, rates) == ("quiet", {"1": 1.0, "2": 1.0})
    assert all(one["value"] > 0.7 for one in run.report["figures"] if one["metric"] == "roc_auc")


def test_rows_without_a_truth_wait_for_it(house: House) -> None:
    answered(house, missed=(0.1, 0.5), labelled=False)
    run = looked(house, **EQUALIZED)
    assert run.verdict == "not_evaluable"
    assert run.reason == "Only 0 labelled predictions are there since the last look; the check needs 200."


def test_one_group_alone_cannot_be_compared(house: House) -> None:
    answered(house, missed=(0.1, 0.5))
    Prediction.objects.update(attributes={"SEX": 1})
    run = looked(house, **EQUALIZED)
    assert (run.verdict, run.reason) == (
        "not_evaluable",
        "Nothing can be compared: fewer than two groups to compare.",
    )


def test_a_distance_without_a_ceiling_is_refused(house: House) -> None:
    with pytest.raises(Invalid) as caught:
        looked(house, metric="equalized_odds_difference")
    assert [one.pointer for one in caught.value.problems] == ["/parameters/ceiling"]


def test_a_ratio_with_a_ceiling_is_refused(house: House) -> None:
    with pytest.raises(Invalid) as caught:
        looked(house, metric="impact_ratio", ceiling=0.8)
    assert [one.pointer for one in caught.value.problems] == ["/parameters/ceiling"]
