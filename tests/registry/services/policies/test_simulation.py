"""A draft on past requests: what it would have stopped, on the facts of then."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.errors import Conflict, NotPermitted
from registry.gates import grammar
from registry.models import PolicyVersion
from registry.roles import Role
from registry.services.policies import policies, simulation
from registry.services.policies.simulation import GateChange
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

pytestmark = pytest.mark.django_db


def stricter(house: House, floor: float, **changes: Any) -> Any:
    """The house's policy with another floor, parsed."""
    gates = houses.policy_document("x")["gates"]
    gates[1]["require"]["value"] = floor
    return grammar.parse(houses.policy_document(house.policy.name, version=2, gates=gates, **changes))


def drafted(house: House) -> PolicyVersion:
    document = houses.policy_document(house.policy.name, version=2)
    return policies.propose(document, actor=acting(factories.person(Role.POLICY_ADMIN)))


def test_preview_counts_what_would_have_been_blocked_and_says_why() -> None:
    house = houses.build()
    weak, strong = houses.submitted(house, auc=0.85), houses.submitted(house, auc=0.95)
    found = simulation.preview(stricter(house, 0.9), account=None)
    assert (found.requests, [one.promotion for one in found.would_block], found.would_release) == (2, [weak], ())
    assert found.changed[0].gates == (
        GateChange(
            gate="perf.auc.floor",
            before="",
            after="fail, block",
            reason="ROC AUC on holdout is 0.85 [0.83, 0.87], n = 2,000; the whole interval is below 0.90: this blocks.",
        ),
    )
    assert found.sentence.endswith(
        "would have blocked 1 of the last 2 requests that passed, and let through 0 that were blocked."
    )
    assert strong.pk not in {one.promotion.pk for one in found.changed}


def test_preview_counts_what_would_have_been_let_through() -> None:
    house = houses.build()
    blocked = houses.submitted(house, auc=0.75)
    found = simulation.preview(stricter(house, 0.7), account=None)
    assert [one.promotion for one in found.would_release] == [blocked]


def test_preview_judges_on_the_evidence_of_then() -> None:
    house = houses.build()
    request = houses.submitted(house, auc=0.85)
    factories.evidence_set(request.model_version, auc=0.99)
    assert len(simulation.preview(stricter(house, 0.9), account=None).would_block) == 1


def test_preview_of_the_same_policy_changes_nothing() -> None:
    house = houses.build()
    houses.submitted(house)
    found = simulation.preview(grammar.parse(house.policy.document), account=None)
    assert (found.requests, found.changed) == (1, ())


def test_preview_leaves_out_requests_that_the_policy_would_not_govern() -> None:
    house = houses.build()
    houses.submitted(house)
    elsewhere = stricter(house, 0.9, applies_when={"field": "model.risk_tier", "eq": "minimal"})
    assert simulation.preview(elsewhere, account=None).requests == 0


def test_preview_takes_the_newest_and_no_older_than_asked() -> None:
    house = houses.build()
    houses.submitted(house), houses.submitted(house)
    policy = stricter(house, 0.9)
    assert simulation.preview(policy, account=None, last=1).requests == 1
    assert simulation.preview(policy, account=None, since=timezone.now() + timedelta(hours=1)).requests == 0


def test_preview_shows_only_systems_that_the_account_reads() -> None:
    house = houses.build()
    houses.submitted(house)
    inside = factories.person(Role.AUDITOR, system=house.system)
    outside = factories.person(Role.AUDITOR, system=factories.system())
    policy = stricter(house, 0.9)
    assert [simulation.preview(policy, account=one).requests for one in (inside, outside)] == [1, 0]


def test_simulate_moves_the_draft_and_puts_the_outcome_on_record() -> None:
    house = houses.build()
    houses.submitted(house)
    draft = drafted(house)
    simulation.simulate(draft, actor=acting(draft.author))
    told = recorded.newest(draft)
    assert (recorded.fresh(draft).state, told["event"]) == ("simulated", "policy.simulated")
    assert told["data"] == {
        "policy": draft.name,
        "version": 2,
        "digest": draft.digest,
        "requests": 1,
        "would_block": 0,
        "would_release": 0,
    }


def test_simulate_of_a_policy_in_force_is_refused() -> None:
    policy = houses.policy()
    with pytest.raises(Conflict, match="is effective already"):
        simulation.simulate(policy, actor=acting(factories.person(Role.RISK_OFFICER)))


def test_simulate_by_somebody_without_a_part_in_policies_is_refused() -> None:
    house = houses.build()
    draft = drafted(house)
    with pytest.raises(NotPermitted):
        simulation.simulate(draft, actor=acting(factories.person(Role.AUDITOR)))
    assert recorded.fresh(draft).state == "draft"
