"""No sequence of calls, by whomever, brings a version to serve without a valid approval of independent people.

Hypothesis invents the sequences; the oracle judges after every call. GOVERNANCE_SEQUENCES=2000 runs more of them.
"""

import os
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from audit import actors as system_actors
from audit.errors import Refusal
from registry.models import (
    Decision,
    Delegation,
    Emergency,
    Finding,
    Grant,
    ModelVersion,
    PeriodicReview,
    PromotionRequest,
    Rollout,
    Slot,
    User,
    Waiver,
)
from registry.roles import Role
from registry.services import lifecycle, people
from registry.services.approvals import findings
from registry.services.approvals.findings import Wrong
from registry.services.decisions import deciding, promotions, waivers
from registry.services.decisions.deciding import Said
from registry.services.decisions.waivers import Asked
from registry.services.duties import delegations, duties
from registry.services.duties.delegations import Span
from registry.services.slots import emergencies, reviewing, rollback, rollouts, withdrawals
from tests import factories, houses
from tests.factories import acting
from tests.houses import House
from tests.registry.properties import oracle
from workers.tasks import governance

SEQUENCES, STEPS = int(os.environ.get("GOVERNANCE_SEQUENCES", "12")), 30
MEANINGS = ("independent_validation", "review", "approval")
places = st.integers(0, 99)
verdicts = st.sampled_from(["approve"] * 6 + ["approve_with_conditions", "request_changes", "reject", "abstain"])


class World:
    """One house with two slots, three versions (one of them too weak), and people of whom some wear two hats."""

    def __init__(self) -> None:
        waivable = {"by": ["risk_officer"], "max_days": 30, "needs": ["rationale", "compensating_control"]}
        document = houses.policy_document("x")
        gates = [document["gates"][0], {**document["gates"][1], "waivable": waivable}]
        self.house: House = houses.build(gates=gates)
        house = self.house
        self.slots = [house.slot, factories.slot(house.system, called="staging.champion")]
        self.versions = [houses.measured(house, auc=auc) for auc in (0.85, 0.9, 0.75)]
        self.admin = factories.person(Role.PLATFORM_ADMIN)
        hats = [
            (Role.VALIDATOR, Role.COMPLIANCE_REVIEWER),
            (Role.ENGINEER, Role.COMPLIANCE_REVIEWER),
            (Role.RISK_OFFICER, Role.OPERATOR),
            (Role.COMPLIANCE_REVIEWER,),
            (Role.RISK_OFFICER,),
        ]
        two = [factories.person(*roles, system=house.system, team=f"team {n}") for n, roles in enumerate(hats)]
        service = factories.person(Role.OPERATOR, system=house.system, kind=User.Kind.SERVICE)
        self.people = [house.engineer, house.validator, house.reviewer, house.operator, self.admin, service, *two]
        for person in self.people:
            factories.code(person)
        house.engineer.refresh_from_db()
        people.grant(house.engineer, Role.VALIDATOR, actor=factories.bootstrap(), system=house.system)


class Serving(RuleBasedStateMachine):
    """Anybody tries anything, on whatever there is."""

    world: World
    calls = refusals = served = 0

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo._from_testcase = True  # type: ignore[attr-defined]  # services then take it for the test's own
        self.undo.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def someone(self, place: int) -> User:
        return self.world.people[place % len(self.world.people)]

    def attempt(self, service: Any, *arguments: Any, **options: Any) -> Any:
        """Call a service; a refusal is an answer like any other."""
        type(self).calls += 1
        try:
            return service(*arguments, **options)
        except Refusal:
            type(self).refusals += 1
            return None

    def one(self, model: Any, place: int) -> Any:
        rows = list(model.objects.order_by("-pk")[:6])
        return rows[place % len(rows)] if rows else None

    # What people ask for
    @rule(version=places, slot=places, who=places, straight=st.booleans())
    def submit(self, version: int, slot: int, who: int, straight: bool) -> None:
        service = promotions.submit if straight else promotions.draft
        self.attempt(
            service,
            self.world.versions[version % len(self.world.versions)],
            slot=self.world.slots[slot % len(self.world.slots)],
            policy=self.world.house.policy,
            reason="It ranks better.",
            actor=acting(self.someone(who)),
        )

    @rule(version=places, slot=places)
    def submit_as_the_engineer(self, version: int, slot: int) -> None:
        self.submit(version=version, slot=slot, who=0, straight=True)

    @rule(which=places, who=places, how=st.sampled_from(["submit_draft", "resubmit", "rerun", "withdraw"]))
    def move_on(self, which: int, who: int, how: str) -> None:
        request = self.one(PromotionRequest, which)
        if request is not None:
            options = {"reason": "Because."} if how in ("resubmit", "withdraw") else {}
            self.attempt(getattr(promotions, how), request, actor=acting(self.someone(who)), **options)

    @rule(which=places, who=places, verdict=verdicts, meaning=st.sampled_from(MEANINGS), stale=st.booleans())
    def decide(self, which: int, who: int, verdict: str, meaning: str, stale: bool) -> None:
        request, person = self.one(PromotionRequest, which), self.someone(who)
        if request is None:
            return
        due = timezone.now() + timedelta(days=10)
        conditions = [{"text": "Report monthly.", "due_at": due.isoformat()}] if verdict.endswith("conditions") else []
        self.attempt(
            deciding.decide,
            request,
            Said(verdict, meaning=meaning, reason="It holds.", conditions=conditions),
            credentials=factories.credentials(person),
            revision=request.revision - stale,
            actor=acting(person),
        )

    @rule(which=places)
    def decide_as_one_should(self, which: int) -> None:
        """Both signatures, by the people who are there for it: without it hardly anything would ever serve."""
        request, house = self.one(PromotionRequest, which), self.world.house
        for person, meaning in ((house.validator, MEANINGS[0]), (house.reviewer, MEANINGS[1])):
            if request is not None:
                request = self.attempt(houses.signed, request, person, meaning=meaning)

    # What brings a version into a slot, and out of it
    @rule(which=places, who=places)
    def execute(self, which: int, who: int) -> None:
        request = self.one(PromotionRequest, which)
        if request is not None:
            self.attempt(rollouts.execute, request, actor=acting(self.someone(who)), reason="Due.")

    @rule()
    def execute_as_one_should(self) -> None:
        for request in PromotionRequest.objects.filter(state="approved"):
            self.attempt(rollouts.execute, request, actor=acting(self.world.house.operator), reason="Due.")

    @rule(version=places, slot=places)
    def promote_as_one_should(self, version: int, slot: int) -> None:
        """The whole way in one step: chance alone hardly ever finds it, and then nothing would be at stake."""
        self.submit_as_the_engineer(version=version, slot=slot)
        self.decide_as_one_should(which=0)
        self.execute_as_one_should()

    @rule(which=places, who=places)
    def advance(self, which: int, who: int) -> None:
        row = self.one(Rollout, which)
        if row is not None:
            actor = acting(self.someone(who))
            self.attempt(rollouts.advance, row, revision=row.revision, actor=actor, reason="It held.")

    @rule(slot=places, who=places)
    def roll_back(self, slot: int, who: int) -> None:
        where = self.world.slots[slot % len(self.world.slots)]
        self.attempt(rollback.roll_back, where, actor=acting(self.someone(who)), reason="It is worse.")

    @rule(slot=places, version=places, who=places)
    def break_glass(self, slot: int, version: int, who: int) -> None:
        person = self.someone(who)
        self.attempt(
            emergencies.open,
            self.world.slots[slot % len(self.world.slots)],
            version=self.world.versions[version % len(self.world.versions)],
            reason="The champion answers nonsense.",
            credentials=factories.credentials(person),
            actor=acting(person),
        )

    @rule(which=places, who=places)
    def end_emergency(self, which: int, who: int) -> None:
        row = self.one(Emergency, which)
        if row is not None:
            actor = acting(self.someone(who))
            self.attempt(emergencies.end, row, reason="It is over.", revision=row.revision, actor=actor)

    @rule(which=places, who=places, how=st.sampled_from(["suspend", "revoke", "resume"]))
    def withdraw_approval(self, which: int, who: int, how: str) -> None:
        request, person = self.one(PromotionRequest, which), self.someone(who)
        if request is not None:
            self.attempt(
                getattr(withdrawals, how),
                request,
                reason="A doubt.",
                credentials=factories.credentials(person),
                revision=request.revision,
                actor=acting(person),
            )

    @rule(which=places, who=places, outcome=st.sampled_from(["continue", "revoke"]))
    def review(self, which: int, who: int, outcome: str) -> None:
        row, person = self.one(PeriodicReview, which), self.someone(who)
        if row is not None:
            self.attempt(
                reviewing.complete,
                row,
                outcome=outcome,
                reason="Looked at.",
                credentials=factories.credentials(person),
                revision=row.revision,
                actor=acting(person),
            )

    # What moves the ground under a decision
    @rule(version=places, auc=st.sampled_from([0.75, 0.85]))
    def measure_again(self, version: int, auc: float) -> None:
        self.attempt(factories.evidence_set, self.world.versions[version % len(self.world.versions)], auc=auc)

    @rule(which=places, who=places)
    def ask_for_a_waiver(self, which: int, who: int) -> None:
        request = self.one(PromotionRequest, which)
        if request is not None:
            asked = Asked("A week of data is missing.", "Daily checks by hand.", timezone.now() + timedelta(days=20))
            self.attempt(waivers.request, request, gate="perf.auc.floor", asked=asked, actor=acting(self.someone(who)))

    @rule(which=places, who=places, how=st.sampled_from(["sign", "sign", "sign", "revoke"]))
    def sign_waiver(self, which: int, who: int, how: str) -> None:
        row, person = self.one(Waiver, which), self.someone(who)
        if row is not None:
            self.attempt(
                getattr(waivers, how),
                row,
                reason="For now.",
                credentials=factories.credentials(person),
                revision=row.revision,
                actor=acting(person),
            )

    @rule(version=places, who=places)
    def find_fault(self, version: int, who: int) -> None:
        wrong = Wrong("high", title="A leak", detail="The label stands in a feature.")
        row = self.world.versions[version % len(self.world.versions)]
        self.attempt(findings.raise_, row, wrong, actor=acting(self.someone(who)))

    @rule(which=places, who=places)
    def accept_risk(self, which: int, who: int) -> None:
        row, person = self.one(Finding, which), self.someone(who)
        if row is not None:
            self.attempt(
                findings.accept_risk,
                row,
                until=timezone.now() + timedelta(days=30),
                reason="Small.",
                credentials=factories.credentials(person),
                revision=row.revision,
                actor=acting(person),
            )

    @rule(who=places, to=places, role=st.sampled_from([Role.VALIDATOR, Role.COMPLIANCE_REVIEWER]))
    def delegate(self, who: int, to: int, role: str) -> None:
        now = timezone.now()
        span = Span(now, now + timedelta(days=5))
        actor, system = acting(self.someone(who)), self.world.house.system
        self.attempt(delegations.delegate, self.someone(to), role=role, span=span, reason="Away.", actor=actor,
                     system=system)  # fmt: skip

    @rule(which=places, who=places)
    def end_delegation(self, which: int, who: int) -> None:
        row = self.one(Delegation, which)
        if row is not None:
            self.attempt(delegations.revoke, row, actor=acting(self.someone(who)))

    @rule(which=places, who=places)
    def recuse(self, which: int, who: int) -> None:
        request = self.one(PromotionRequest, which)
        if request is not None:
            self.attempt(duties.recuse, request, reason="A friend wrote it.", actor=acting(self.someone(who)))

    @rule(to=places, who=places, role=st.sampled_from(list(Role)))
    def grant(self, to: int, who: int, role: Role) -> None:
        actor, system = acting(self.someone(who)), self.world.house.system
        self.attempt(people.grant, self.someone(to), role, actor=actor, system=system)

    @rule(which=places, who=places)
    def revoke_grant(self, which: int, who: int) -> None:
        row = self.one(Grant, which)
        if row is not None:
            self.attempt(people.revoke, row, actor=acting(self.someone(who)))

    @precondition(lambda self: len(self.world.versions) > 1)
    @rule(version=places, who=places)
    def retire(self, version: int, who: int) -> None:
        row = ModelVersion.objects.get(pk=self.world.versions[version % len(self.world.versions)].pk)
        self.attempt(lifecycle.retire, row, reason="Old.", actor=acting(self.someone(who)))

    @rule()
    def a_minute_passes(self) -> None:
        assert sum(governance._failures(name, step, WORKER) for name, step in governance.STEPS.items()) == 0

    @invariant()
    def only_what_is_approved_serves(self) -> None:
        """And every row that changed has its event, which the database would ask at commit."""
        connection.check_constraints()
        for slot in self.world.slots:
            assert oracle.complaints(slot) == []
            row = slot.assignments.first()
            type(self).served += bool(row and row.champion_id)


WORKER = system_actors.system("worker")


@pytest.mark.django_db
def test_nothing_serves_without_a_valid_approval(capsys: pytest.CaptureFixture[str]) -> None:
    Serving.world = World()
    how = settings(
        max_examples=SEQUENCES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize="GOVERNANCE_SEQUENCES" not in os.environ,
    )
    run_state_machine_as_test(cast(Any, Serving), settings=how)
    with capsys.disabled():
        print(f"\n{SEQUENCES} sequences, {Serving.calls} calls, {Serving.refusals} refused, {Serving.served} served")
    assert Serving.served > SEQUENCES
    assert Decision.objects.count() == 0
    assert Slot.objects.filter(revision__gt=0).count() == 0
