"""Explanations: what is asked, what is refused, and what is kept."""

import pytest

from registry.errors import Conflict, Invalid, NotPermitted
from registry.models import Explanation
from registry.roles import Role
from registry.services import explanations, jobs
from tests import factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


def answered(explanation: Explanation, **content: object) -> Explanation:
    """The question, answered by hand."""
    job = jobs.claim(Explanation, str(explanation.pk), actor=factories.bootstrap())
    assert job is not None
    return explanations.complete(job, content=content or {"outputs": ["score"]}, actor=factories.bootstrap())


def test_request_records_what_is_asked() -> None:
    explanation = factories.explanation(kind="decision")
    told = recorded.newest(explanation)
    assert (told["event"], told["data"]) == (
        "explanation.requested",
        {
            "model_version": str(explanation.model_version_id),
            "kind": "decision",
            "prediction": str(explanation.prediction_id),
            "replay_of": None,
        },
    )


def test_request_without_the_role_is_refused() -> None:
    version, caller = factories.version(), factories.person(Role.CALLER)
    with pytest.raises(NotPermitted):
        explanations.request(version, kind="global", actor=acting(caller))
    assert not Explanation.objects.exists()


@pytest.mark.parametrize("kind", ["decision", "counterfactual"])
def test_request_of_a_decision_without_a_prediction_is_refused(kind: str) -> None:
    version = factories.version()
    with pytest.raises(Invalid, match="of one prediction"):
        explanations.request(version, kind=kind, actor=acting(version.trained_by))


def test_request_about_another_versions_prediction_is_refused() -> None:
    version, other = factories.version(), factories.prediction()
    with pytest.raises(Invalid, match="Another version made the prediction"):
        explanations.request(version, kind="decision", prediction=other, actor=acting(version.trained_by))


def test_request_that_would_change_a_sensitive_column_is_refused() -> None:
    version = factories.version()
    case = factories.prediction(version)
    with pytest.raises(Invalid, match="Sensitive columns never change: SEX"):
        explanations.request(
            version, kind="counterfactual", prediction=case, settings={"mutable": {"SEX": "any"}},
            actor=acting(version.trained_by),
        )  # fmt: skip


def test_complete_keeps_the_content_and_commits_to_it() -> None:
    done = answered(factories.explanation(), expected=[0.25])
    assert (done.state, done.content, done.digest) == (
        "succeeded",
        {"expected": [0.25]},
        explanations.digest({"expected": [0.25]}),
    )
    told = recorded.newest(done)
    assert (told["event"], told["data"]) == ("explanation.succeeded", {"content": done.digest, "same": None})


def test_complete_twice_is_refused() -> None:
    done = answered(factories.explanation())
    with pytest.raises(Conflict, match="The explanation is succeeded"):
        explanations.complete(done, content={"other": 1}, actor=factories.bootstrap())
    assert recorded.fresh(done).content == {"outputs": ["score"]}


def test_complete_by_a_worker_whose_job_was_taken_over_is_refused() -> None:
    job = jobs.claim(Explanation, str(factories.explanation().pk), actor=factories.bootstrap())
    assert job is not None
    Explanation.objects.filter(pk=job.pk).update(attempts=2)
    with pytest.raises(Conflict, match="cannot be completed"):
        explanations.complete(job, content={"outputs": ["score"]}, actor=factories.bootstrap())
    assert recorded.fresh(job).content == {}


@pytest.mark.parametrize(("expected", "same"), [(0.25, True), (0.26, False)])
def test_replay_says_whether_the_same_came_out_and_leaves_the_first_alone(expected: float, same: bool) -> None:
    done = answered(factories.explanation(), expected=[0.25])
    again = explanations.replay(done, actor=acting(done.requested_by))
    assert recorded.newest(again)["data"]["replay_of"] == str(done.pk)
    again = answered(again, expected=[expected])
    assert (again.pk != done.pk, explanations.same(again)) == (True, same)
    assert recorded.newest(again)["data"]["same"] is same
    assert recorded.fresh(done).content == {"expected": [0.25]}


def test_replay_of_what_is_not_done_is_refused() -> None:
    waiting = factories.explanation()
    with pytest.raises(Conflict, match="The explanation is queued"):
        explanations.replay(waiting, actor=acting(waiting.requested_by))
