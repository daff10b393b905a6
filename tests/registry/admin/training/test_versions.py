"""A model version's page: where it stands, its findings, its lineage, and its end."""

import re

from registry.models import Evaluation, EvidenceItem, Finding, ModelVersion
from registry.roles import Role
from registry.services import evaluations, jobs
from tests import desks, factories, houses, recorded
from tests.houses import House
from tests.registry.admin import forms, reading


def test_page_says_where_the_version_stands(house: House) -> None:
    version = houses.champion(house).champion
    assert version is not None
    shown = desks.at(house.reviewer).get(desks.page(version)).content.decode()
    found = re.findall(r'<span class="chip[^"]*"><span aria-hidden="true">.</span> ([^<]+)</span>', shown)
    assert found[:3] == ["registered", "approved", "serving"]


def test_page_shows_the_lineage_with_a_text_alternative(house: House) -> None:
    version = houses.measured(house)
    client = desks.at(house.reviewer)
    shown = client.get(desks.page(version)).content.decode()
    source, words = re.findall(r'<img src="([^"]+)" alt="([^"]+)"', shown)[0]
    assert words == f"Lineage of {version}: the table below names every edge in words."
    answer = client.get(source)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")


def test_finding_is_raised_on_the_version_itself(house: House) -> None:
    version = houses.measured(house)
    given = {"severity": "medium", "title": "No nights", "detail": "No row from 22 to 6."}
    assert forms.post(house.validator, version, "raise_finding", **given).status_code == 302
    made = Finding.objects.get()
    assert (made.promotion, made.owner, made.model_version) == (None, None, version)


def test_version_is_retired_and_then_purged(house: House) -> None:
    version = houses.measured(house)
    assert forms.offered(house.operator, version) == ["retire"]
    assert forms.post(house.operator, version, "retire", reason="It is old.").status_code == 302
    assert forms.offered(house.operator, version) == ["purge"]
    assert forms.post(house.operator, version, "purge", reason="It is old.").status_code == 302
    assert recorded.fresh(version).lifecycle == ModelVersion.Lifecycle.PURGED


def test_version_that_serves_is_not_retired(house: House) -> None:
    version = houses.champion(house).champion
    assert version is not None
    answer = forms.post(house.operator, version, "retire", reason="It is old.")
    assert (answer.status_code, recorded.fresh(version).lifecycle) == (409, "registered")
    assert recorded.newest(version)["event"] == "model_version.retire_refused"


def test_reviewer_retires_nothing(house: House) -> None:
    version = houses.measured(house)
    assert forms.post(house.reviewer, version, "retire", reason="It is old.").status_code == 403


def test_page_takes_as_many_queries_for_three_findings_as_for_one(house: House) -> None:
    version = houses.measured(house)
    given = {"severity": "low", "title": "No nights", "detail": "No row.", "owner": str(house.engineer.pk)}
    forms.post(house.validator, version, "raise_finding", **given)
    reader = desks.at(factories.person(Role.AUDITOR))
    before = desks.queries(reader, desks.page(version))
    for _ in range(2):
        forms.post(house.validator, version, "raise_finding", **given)
    assert desks.queries(reader, desks.page(version)) == before


def test_page_shows_the_newest_figures_with_their_curves(house: House) -> None:
    version = houses.measured(house)
    waiting = factories.evaluation(version)
    job = jobs.claim(Evaluation, str(waiting.pk), actor=factories.bootstrap())
    assert job is not None
    drawn = {"x": "recall", "y": "precision", "columns": {"recall": [0.0, 1.0], "precision": [1.0, 0.5]}}
    curve = EvidenceItem(kind="curve", metric="precision_recall", n=2, fields=drawn)
    evaluations.complete(job, items=[*factories.items(0.77), curve], actor=factories.bootstrap())
    client = desks.at(house.reviewer)
    read = reading.page(client, version)
    assert "The evaluation has all that was measured. Metric Value n Confidence Method ROC AUC 0.770" in read
    assert client.get(desks.page(version)).content.decode().count('class="picture-line"') == 1
    assert "Curves" not in reading.headings(client, houses.measured(house))


def test_page_lists_the_work_on_it_and_where_its_evidence_comes_from(house: House) -> None:
    version = factories.version(house.model, data=house.data)
    factories.evidence_set(version)
    factories.explanation(version)
    read = reading.page(desks.at(house.reviewer), version)
    work = read[read.rindex("Work on it") :]
    assert work.index("explanation") < work.index("evaluation")
    assert f"Evidence about {version} evaluation {version.dataset_version}" in read


def test_page_takes_as_many_queries_for_three_evaluations_as_for_one(house: House) -> None:
    version = houses.measured(house)
    reader = desks.at(factories.person(Role.AUDITOR))
    before = desks.queries(reader, desks.page(version))
    for _ in range(2):
        factories.evidence_set(version)
    assert desks.queries(reader, desks.page(version)) == before
