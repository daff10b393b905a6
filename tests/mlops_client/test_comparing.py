"""Two versions side by side."""

import pytest

from mlops_client import Unusable
from registry.models import Evaluation, EvidenceItem, ModelVersion
from registry.roles import Role
from registry.services import evaluations, jobs
from tests import factories
from tests.factories import acting, bootstrap
from tests.mlops_client.conftest import ClientOf

pytestmark = pytest.mark.django_db


def two_versions() -> tuple[ModelVersion, ModelVersion]:
    first = factories.version()
    return first, factories.version(first.model, data=first.dataset_version, bias=-3.0)


def measured_against(version: ModelVersion, champion: ModelVersion, *, difference: float) -> None:
    """An evaluation with its figures and one paired difference, within 0.02 of which the truth lies."""
    data = version.dataset_version
    waiting = evaluations.request(version, dataset_version=data, against=champion, actor=acting(version.trained_by))
    job = jobs.claim(Evaluation, str(waiting.pk), actor=bootstrap())
    assert job is not None
    paired = EvidenceItem(
        kind="comparison", metric="roc_auc", against="champion", split="holdout", value=difference,
        low=difference - 0.02, high=difference + 0.02, confidence=0.95, n=2000, method="paired DeLong",
    )  # fmt: skip
    evaluations.complete(job, items=[*factories.items(0.85), paired], actor=bootstrap())


@pytest.mark.parametrize(("difference", "differ"), [(0.05, True), (-0.05, True), (0.01, False)])
def test_compare_shows_both_with_intervals_and_the_paired_difference(
    client_of: ClientOf, difference: float, differ: bool
) -> None:
    first, second = two_versions()
    factories.evidence_set(second, auc=0.8)
    measured_against(first, second, difference=difference)
    compared = client_of(factories.person(Role.ENGINEER)).compare(str(first.pk), str(second.pk))
    sign = f"{difference:.4g} [{difference - 0.02:.4g}, {difference + 0.02:.4g}]"
    assert [row.cells() for row in compared] == [
        ("roc_auc", "", "0.85 [0.83, 0.87]", "0.8 [0.78, 0.82]", sign, "yes" if differ else "no"),
        ("impact_ratio", "SEX 2", "0.9 [0.85, 0.95]", "0.9 [0.85, 0.95]", "", ""),
    ]
    assert (compared["roc_auc"].differ, compared.same_rows) == (differ, True)


def test_compare_on_other_data_says_that_the_rows_differ(client_of: ClientOf) -> None:
    first = factories.version()
    second = factories.version(first.model, data=factories.dataset_version(first.dataset_version.dataset, rows=50))
    for version in (first, second):
        factories.evidence_set(version)
    compared = client_of(factories.person(Role.ENGINEER)).compare(str(first.pk), str(second.pk))
    assert (compared.same_rows, compared["roc_auc"].differ) == (False, None)
    assert "measured on different rows" in compared._repr_html_()


def test_compare_without_an_evaluation_says_how_to_make_one(client_of: ClientOf) -> None:
    first, second = two_versions()
    with pytest.raises(Unusable, match=r"has not been evaluated.\n  -> Evaluate it first"):
        client_of(factories.person(Role.ENGINEER)).compare(str(first.pk), str(second.pk))
