"""Findings: every step from raised to settled, who may take it, and that each refusal is on record."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import rows
from audit.events import plain
from registry.errors import (
    Conflict,
    DutyConflict,
    Invalid,
    NotPermitted,
    RegistryError,
    RevisionMismatch,
    SignatureRejected,
)
from registry.models import EvidenceSet, Finding, ModelVersion, Signature, User
from registry.roles import Role
from registry.services import evidence, people, sweeping
from registry.services.approvals import findings
from registry.services.approvals.findings import Wrong
from registry.services.decisions import promotions
from registry.services.signing import Credentials
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

SEVERE = Wrong(severity="high", title="Older people are misjudged", detail="AUC is 0.6 over 60.")


@pytest.fixture
def version(house: House) -> ModelVersion:
    return houses.measured(house)


@pytest.fixture
def finding(house: House, version: ModelVersion) -> Finding:
    return findings.raise_(version, SEVERE, actor=acting(house.validator))


@pytest.fixture
def officer(house: House) -> User:
    return factories.person(Role.RISK_OFFICER, system=house.system, team="risk")


def remedied(finding: Finding, by: User) -> Finding:
    return findings.remedy(finding, text="Trained with more of them.", revision=finding.revision, actor=acting(by))


def mended(finding: Finding, by: User) -> Finding:
    finding = remedied(finding, by)
    return findings.ready(finding, revision=finding.revision, actor=acting(by))


def retest(finding: Finding, by: User, **changes: Any) -> Finding:
    given = {"reason": "0.8 over 60 now.", "revision": finding.revision, "actor": acting(by)}
    if "evidence" not in changes:
        given["evidence"] = factories.evidence_set(finding.model_version)
    return findings.retest(finding, **{**given, **changes})


def accept(finding: Finding, by: User, **changes: Any) -> Finding:
    given = {
        "until": timezone.now() + timedelta(days=90),
        "reason": "Few are concerned, and a person looks at each.",
        "credentials": factories.credentials(by),
        "revision": finding.revision,
        "actor": acting(by),
    }
    return findings.accept_risk(finding, **{**given, **changes})


def reopen(finding: Finding, by: User) -> Finding:
    return findings.reopen(finding, reason="It is back.", revision=finding.revision, actor=acting(by))


def assert_refused(finding: Finding, error: type[RegistryError], step: Callable[[], object]) -> RegistryError:
    """The refusal is raised and on record, and the finding is as it was."""
    before = rows.digest(recorded.fresh(finding))
    with pytest.raises(error) as refused:
        step()
    told = recorded.newest(finding)
    assert (told["event"], told["data"]) == ("finding.refused", {"rule": error.__name__})
    assert recorded.sealed(finding) == {"detail": refused.value.detail}
    assert told["row"] == rows.digest(recorded.fresh(finding)) == before
    return refused.value


def lapse(finding: Finding) -> None:
    """As if the accepted time were over."""
    Finding.objects.filter(pk=finding.pk).update(accepted_until=timezone.now())


# Raising
def test_raise_puts_the_finding_on_record(house: House, version: ModelVersion) -> None:
    due = timezone.now() + timedelta(days=14)
    wrong = Wrong("low", " Thin docs ", "One page.", owner=house.engineer, due_at=due)
    finding = findings.raise_(version, wrong, actor=acting(house.reviewer))
    assert (finding.state, finding.title, finding.raised_by, finding.owner) == (
        "open",
        "Thin docs",
        house.reviewer,
        house.engineer,
    )
    told = recorded.newest(finding)
    assert told["event"] == "finding.raised"
    assert told["data"] == {
        "model_version": str(version.pk),
        "promotion": None,
        "severity": "low",
        "due_at": plain(due),
    }


def test_raise_about_a_request_names_it(house: House) -> None:
    request = houses.submitted(house)
    finding = findings.raise_(request.model_version, SEVERE, actor=acting(house.validator), promotion=request)
    assert recorded.newest(finding)["data"]["promotion"] == str(request.pk)


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.OPERATOR, Role.POLICY_ADMIN])
def test_raise_without_the_role_is_refused(house: House, version: ModelVersion, role: Role) -> None:
    with pytest.raises(NotPermitted):
        findings.raise_(version, SEVERE, actor=acting(factories.person(role, system=house.system)))


def test_raise_in_another_system_is_refused(version: ModelVersion) -> None:
    stranger = factories.person(Role.VALIDATOR, system=factories.system())
    with pytest.raises(NotPermitted):
        findings.raise_(version, SEVERE, actor=acting(stranger))


def test_raise_names_every_field_that_does_not_fit(house: House, version: ModelVersion) -> None:
    other = houses.submitted(house)
    past = timezone.now() - timedelta(days=1)
    wrong = Wrong("high", "x", "y", owner=factories.person(), due_at=past)
    with pytest.raises(Invalid) as refused:
        findings.raise_(version, wrong, actor=acting(house.validator), promotion=other)
    assert [problem.pointer for problem in refused.value.problems] == ["/promotion", "/owner", "/due_at"]


@pytest.mark.parametrize("changes", [{"severity": "huge"}, {"title": " "}, {"detail": ""}])
def test_raise_with_a_field_that_cannot_be_is_refused(
    house: House, version: ModelVersion, changes: dict[str, Any]
) -> None:
    given: dict[str, Any] = {"severity": "high", "title": "x", "detail": "y", **changes}
    with pytest.raises(Invalid):
        findings.raise_(version, Wrong(**given), actor=acting(house.validator))


# Mending
def test_remedy_by_an_engineer_takes_it_on(house: House, finding: Finding) -> None:
    taken = remedied(finding, house.engineer)
    assert (taken.state, taken.remediation, taken.remedied_by, taken.revision) == (
        "in_remediation",
        "Trained with more of them.",
        house.engineer,
        2,
    )
    assert recorded.newest(finding)["event"] == "finding.remedied"


def test_remedy_by_its_owner_who_is_no_engineer_takes_it_on(house: House, version: ModelVersion) -> None:
    wrong = Wrong("low", "Slow", "Two seconds.", owner=house.operator)
    finding = findings.raise_(version, wrong, actor=acting(house.validator))
    assert remedied(finding, house.operator).state == "in_remediation"


def test_remedy_by_somebody_else_is_refused(house: House, finding: Finding) -> None:
    assert_refused(finding, NotPermitted, lambda: remedied(finding, house.operator))


def test_remedy_of_an_old_revision_is_refused(house: House, finding: Finding) -> None:
    remedied(finding, house.engineer)
    assert_refused(finding, RevisionMismatch, lambda: remedied(finding, house.engineer))


def test_ready_before_anybody_took_it_on_is_refused(house: House, finding: Finding) -> None:
    assert_refused(
        finding, Conflict, lambda: findings.ready(finding, revision=finding.revision, actor=acting(house.engineer))
    )


def test_ready_fixes_the_moment_of_the_mending(house: House, finding: Finding) -> None:
    ready = mended(finding, house.engineer)
    assert (ready.state, ready.remedied_by) == ("ready_for_retest", house.engineer)
    assert recorded.newest(finding)["data"] == {"remedied_at": plain(ready.remedied_at)}


# Retest
def test_retest_on_newer_evidence_closes_it(house: House, finding: Finding) -> None:
    ready = mended(finding, house.engineer)
    closed = retest(ready, house.validator)
    assert (closed.state, closed.settled_by, findings.blocking(finding.model_version)) == (
        "closed",
        house.validator,
        [],
    )
    told = recorded.newest(finding)
    assert (told["event"], told["data"]["evidence_set"]) == ("finding.closed", str(closed.retest_id))


def test_retest_on_evidence_about_a_later_version_closes_it_and_frees_only_that_one(
    house: House, finding: Finding
) -> None:
    ready = mended(finding, house.engineer)
    later = houses.measured(house)
    closed = retest(ready, house.validator, evidence=later.evidence_sets.get())
    assert (closed.state, findings.blocking(later)) == ("closed", [])
    assert findings.blocking(finding.model_version) == [finding]


def test_retest_on_evidence_older_than_the_mending_is_refused(house: House, finding: Finding) -> None:
    ready = mended(finding, house.engineer)
    old = finding.model_version.evidence_sets.get()
    error = assert_refused(finding, Invalid, lambda: retest(ready, house.validator, evidence=old))
    assert [problem.detail for problem in error.problems] == ["is older than the mending"]


def test_retest_on_a_measurement_begun_before_the_mending_is_refused(house: House, finding: Finding) -> None:
    taken = remedied(finding, house.engineer)
    measured = factories.evidence_set(finding.model_version)
    ready = findings.ready(taken, revision=taken.revision, actor=acting(house.engineer))
    EvidenceSet.objects.filter(pk=measured.pk).update(created_at=timezone.now())  # it took long
    assert_refused(finding, Invalid, lambda: retest(ready, house.validator, evidence=recorded.fresh(measured)))


@pytest.mark.parametrize("which", ["earlier", "other model", "data alone"])
def test_retest_on_evidence_about_something_else_is_refused(house: House, which: str) -> None:
    earlier = houses.measured(house)
    finding = findings.raise_(houses.measured(house), SEVERE, actor=acting(house.validator))
    ready = mended(finding, house.engineer)
    others: dict[str, Callable[[], EvidenceSet]] = {
        "earlier": lambda: factories.evidence_set(earlier),
        "other model": lambda: factories.evidence_set(factories.version(factories.model(house.system))),
        "data alone": lambda: evidence.contract_check(house.data, violations=[], actor=factories.bootstrap()),
    }
    assert_refused(finding, Invalid, lambda: retest(ready, house.validator, evidence=others[which]()))


def test_retest_by_who_mended_it_is_refused(house: House, finding: Finding) -> None:
    both = factories.person(Role.ENGINEER, Role.VALIDATOR, system=house.system)
    ready = mended(finding, both)
    assert_refused(finding, DutyConflict, lambda: retest(ready, both))


def test_retest_by_who_worked_on_it_before_somebody_took_it_over_is_refused(house: House, finding: Finding) -> None:
    both = factories.person(Role.ENGINEER, Role.VALIDATOR, system=house.system)
    ready = mended(remedied(finding, both), house.engineer)
    assert_refused(finding, DutyConflict, lambda: retest(ready, both))


def test_retest_by_who_trained_the_version_is_refused(house: House, finding: Finding) -> None:
    helper = factories.person(Role.ENGINEER, system=house.system)
    ready = mended(finding, helper)
    assert_refused(finding, DutyConflict, lambda: retest(ready, house.engineer))


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR])
def test_retest_without_the_role_is_refused(house: House, finding: Finding, role: Role) -> None:
    ready = mended(finding, house.engineer)
    other = factories.person(role, system=house.system)
    assert_refused(finding, NotPermitted, lambda: retest(ready, other))


def test_retest_before_the_mending_is_refused(house: House, finding: Finding) -> None:
    assert_refused(finding, Conflict, lambda: retest(finding, house.reviewer))


def test_retest_by_who_asked_for_the_version_is_refused(house: House, finding: Finding) -> None:
    ready = mended(finding, house.engineer)
    both = factories.person(Role.ENGINEER, Role.VALIDATOR, system=house.system)
    promotions.draft(
        finding.model_version, slot=house.slot, policy=house.policy, reason="It is due.", actor=acting(both)
    )
    assert_refused(finding, DutyConflict, lambda: retest(ready, both))


def test_retest_by_who_put_forward_again_what_another_wrote_is_refused(house: House) -> None:
    request = houses.sent_back(house)
    both = factories.person(Role.ENGINEER, Role.VALIDATOR, system=house.system)
    promotions.resubmit(request, reason="Mended.", actor=acting(both))
    ready = mended(findings.raise_(request.model_version, SEVERE, actor=acting(house.validator)), house.engineer)
    assert_refused(ready, DutyConflict, lambda: retest(ready, both))


def test_retest_by_who_uploaded_the_data_is_refused(house: House, finding: Finding) -> None:
    ready = mended(finding, house.engineer)
    uploader = finding.model_version.dataset_version.uploaded_by
    people.grant(uploader, Role.VALIDATOR, actor=factories.bootstrap(), system=house.system)
    assert_refused(finding, DutyConflict, lambda: retest(ready, uploader))


# Reopening
def test_reopen_after_a_failed_retest_starts_again(house: House, finding: Finding) -> None:
    opened = reopen(mended(finding, house.engineer), house.validator)
    assert (opened.state, opened.remedied_by, opened.remedied_at) == ("open", None, None)
    told = recorded.newest(finding)
    assert (told["event"], told["data"]) == ("finding.reopened", {"was": "ready_for_retest"})


def test_reopen_of_a_closed_one_blocks_again(house: House, finding: Finding) -> None:
    opened = reopen(retest(mended(finding, house.engineer), house.validator), house.reviewer)
    assert (opened.retest, opened.settled_by) == (None, None)
    assert findings.blocking(finding.model_version) == [finding]


def test_reopen_of_an_open_one_is_refused(house: House, finding: Finding) -> None:
    assert_refused(finding, Conflict, lambda: reopen(finding, house.validator))


def test_reopen_by_an_auditor_is_refused(house: House, finding: Finding) -> None:
    auditor = factories.person(Role.AUDITOR, system=house.system)
    ready = mended(finding, house.engineer)
    assert_refused(finding, NotPermitted, lambda: reopen(ready, auditor))


# Accepting the risk
def test_accept_risk_is_signed_and_ends(house: House, finding: Finding, officer: User) -> None:
    accepted = accept(finding, officer)
    (made,) = Signature.objects.filter(subject_type="finding", subject_id=finding.pk)
    told = recorded.newest(finding)
    assert (accepted.state, accepted.settled_by, findings.blocking(finding.model_version)) == (
        "risk_accepted",
        officer,
        [],
    )
    assert (made.role, made.meaning, made.signer) == ("risk_officer", "risk_acceptance", officer)
    assert (told["event"], told["data"]["record"]) == ("finding.risk_accepted", made.signed_digest)
    assert recorded.names(made) == ["signature.made"]


@pytest.mark.parametrize("days", [-1, 366])
def test_accept_risk_for_no_time_or_too_long_is_refused(
    house: House, finding: Finding, officer: User, days: int
) -> None:
    until = timezone.now() + timedelta(days=days)
    assert_refused(finding, Invalid, lambda: accept(finding, officer, until=until))


def test_accept_risk_by_who_raised_it_is_refused(version: ModelVersion, officer: User) -> None:
    finding = findings.raise_(version, SEVERE, actor=acting(officer))
    assert_refused(finding, DutyConflict, lambda: accept(finding, officer))


def test_accept_risk_by_who_trained_the_version_is_refused(house: House, finding: Finding) -> None:
    people.grant(house.engineer, Role.RISK_OFFICER, actor=factories.bootstrap(), system=house.system)
    assert_refused(finding, DutyConflict, lambda: accept(finding, house.engineer))


def test_accept_risk_by_another_role_is_refused(house: House, finding: Finding) -> None:
    assert_refused(finding, NotPermitted, lambda: accept(finding, house.reviewer))


def test_accept_risk_with_a_wrong_password_is_refused(house: House, finding: Finding, officer: User) -> None:
    wrong = Credentials(password="guess", code="000000")
    assert_refused(finding, SignatureRejected, lambda: accept(finding, officer, credentials=wrong))


def test_accept_risk_of_a_settled_one_is_refused(house: House, finding: Finding, officer: User) -> None:
    closed = retest(mended(finding, house.engineer), house.validator)
    assert_refused(finding, Conflict, lambda: accept(closed, officer))


def test_acceptance_that_lapsed_blocks_even_before_the_round_that_reopens_it(finding: Finding, officer: User) -> None:
    lapse(accept(finding, officer))
    assert findings.blocking(finding.model_version) == [finding]


def test_reopen_lapsed_opens_what_was_accepted_until_now(house: House, finding: Finding, officer: User) -> None:
    other = accept(findings.raise_(houses.measured(house), SEVERE, actor=acting(house.validator)), officer)
    lapse(accept(finding, officer))
    assert findings.reopen_lapsed(actor=factories.bootstrap()) == sweeping.Swept(done=1)
    assert [recorded.fresh(one).state for one in (finding, other)] == ["open", "risk_accepted"]
    assert recorded.newest(finding)["event"] == "finding.risk_acceptance_lapsed"


# What blocks
def test_blocking_names_high_and_critical_ones_that_are_not_settled(house: House, finding: Finding) -> None:
    version = finding.model_version
    findings.raise_(version, Wrong("medium", "x", "y"), actor=acting(house.validator))
    critical = findings.raise_(version, Wrong("critical", "x", "y"), actor=acting(house.validator))
    assert findings.blocking(version) == [critical, finding]


def test_finding_closed_by_hand_still_blocks(finding: Finding) -> None:
    Finding.objects.filter(pk=finding.pk).update(state="closed")
    assert findings.blocking(finding.model_version) == [finding]


def test_risk_accepted_by_hand_still_blocks(finding: Finding) -> None:
    later = timezone.now() + timedelta(days=9)
    Finding.objects.filter(pk=finding.pk).update(state="risk_accepted", accepted_until=later)
    assert findings.blocking(finding.model_version) == [finding]


def test_acceptance_made_longer_by_hand_does_not_count(finding: Finding, officer: User) -> None:
    accept(finding, officer)
    Finding.objects.filter(pk=finding.pk).update(accepted_until=timezone.now() + timedelta(days=3000))
    assert findings.blocking(finding.model_version) == [finding]


def test_acceptance_of_one_finding_does_not_serve_for_another(house: House, finding: Finding, officer: User) -> None:
    other = findings.raise_(finding.model_version, SEVERE, actor=acting(house.validator))
    accepted = accept(finding, officer)
    Signature.objects.update(subject_id=other.pk)
    Finding.objects.filter(pk=other.pk).update(state="risk_accepted", accepted_until=accepted.accepted_until)
    assert findings.blocking(finding.model_version) == [other, finding]


def test_finding_stops_the_next_signature_and_no_standing_approval(house: House) -> None:
    approved, waiting = houses.approved(house), houses.submitted(house)
    for request in (approved, waiting):
        findings.raise_(request.model_version, SEVERE, actor=acting(house.validator))
    with pytest.raises(Conflict):
        houses.signed(waiting, house.validator, meaning="independent_validation")
    assert (recorded.fresh(approved).approval, recorded.fresh(waiting).decisions.count()) == ("approved", 0)


# The same bytes registered again
def test_finding_blocks_the_same_bytes_registered_again(house: House) -> None:
    first, twin = (factories.version(house.model, data=house.data, bias=-77.0) for _ in range(2))
    finding = findings.raise_(first, SEVERE, actor=acting(house.validator))
    assert (findings.blocking(twin), findings.unsettled(twin)) == (
        [finding],
        "Findings about the version are not settled (High: Older people are misjudged).",
    )


def test_finding_in_another_system_blocks_nothing_here(house: House, version: ModelVersion) -> None:
    bias = -78.0
    elsewhere = factories.version(factories.model(factories.system()), bias=bias)
    findings.raise_(elsewhere, SEVERE, actor=acting(factories.person(Role.VALIDATOR, system=elsewhere.model.system)))
    assert findings.blocking(factories.version(house.model, data=house.data, bias=bias)) == []
