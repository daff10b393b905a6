"""Small policies, evidence and facts for the tests of the gates; every default passes."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from registry.gates import grammar
from registry.gates.facts import Evidence, Facts, Waiver
from registry.gates.policy import Policy

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
SUBJECTS = {"artifact": "a1", "dataset": "d1"}

FLOOR: dict[str, Any] = {
    "id": "perf.auc.floor",
    "evidence": {"kind": "evaluation", "split": "holdout", "metric": "roc_auc"},
    "require": {"bound": "lower", "confidence": 0.95, "op": ">=", "value": 0.8},
    "on_fail": "block",
    "on_inconclusive": "review",
}
RACE: dict[str, Any] = {
    "id": "fair.race",
    "evidence": {"kind": "fairness", "metric": "impact_ratio", "attribute": "RAC1P", "exclude_below_share": 0.02},
    "for_each": "group",
    "require": {"bound": "lower", "confidence": 0.95, "op": ">=", "value": 0.8},
    "min_n": 30,
    "on_fail": "block",
    "on_inconclusive": "review",
}
CONTRACT: dict[str, Any] = {
    "id": "data.contract",
    "evidence": {"kind": "contract_check"},
    "require": {"field": "verdict", "in": ["pass", "warn"]},
    "on_fail": "block",
}


def document(*gates: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A policy document with these gates; further parts replace or extend the defaults."""
    whole: dict[str, Any] = {
        "apiVersion": "governance/v1",
        "kind": "PromotionPolicy",
        "metadata": {"name": "test", "version": 1},
        "gates": list(gates) or [FLOOR],
        "approval": {
            "chain": [{"role": "validator", "quorum": 1, "meaning": "independent_validation"}],
            "valid_for": "P12M",
        },
        "retention": {"prediction_log": "P6M"},
    }
    return copy.deepcopy(whole | parts)


def policy(*gates: dict[str, Any], **parts: Any) -> Policy:
    """The policy of such a document."""
    return grammar.parse(document(*gates, **parts))


def auc(low: float | None = 0.88, high: float | None = 0.92, **changes: Any) -> Evidence:
    """An overall ROC AUC on the holdout with its interval."""
    values: dict[str, Any] = {
        "id": "e1",
        "kind": "evaluation",
        "metric": "roc_auc",
        "split": "holdout",
        "value": 0.9 if low is None or high is None else round((low + high) / 2, 6),
        "low": low,
        "high": high,
        "confidence": 0.95,
        "n": 5000,
        "produced_at": NOW - timedelta(days=1),
        "subjects": SUBJECTS,
    }
    return Evidence(**(values | changes))


def ratio(group: str, value: float, low: float, high: float, **changes: Any) -> Evidence:
    """The impact ratio of one group of RAC1P, with an interval that holds together with those of seven others."""
    values: dict[str, Any] = {
        "id": f"r{group}",
        "kind": "fairness",
        "metric": "impact_ratio",
        "attribute": "RAC1P",
        "n": 214,
    }
    joint = {"simultaneous": True, "family_size": 8}
    changes["fields"] = joint | changes.get("fields", {})
    return auc(low, high, **(values | {"group": group, "value": value} | changes))


def contract(verdict: object, **changes: Any) -> Evidence:
    """The outcome of a contract check."""
    fields = {"verdict": verdict} if verdict is not None else {}
    return Evidence("c1", "contract_check", NOW - timedelta(days=1), SUBJECTS, fields=fields, **changes)


def waiver(**changes: Any) -> Waiver:
    """A waiver of the floor by a risk officer, in force for thirty days."""
    values: dict[str, Any] = {
        "id": "W-1",
        "gate_id": "perf.auc.floor",
        "roles": ("risk_officer",),
        "granted_at": NOW - timedelta(days=1),
        "expires_at": NOW + timedelta(days=29),
        "brings": ("rationale",),
    }
    return Waiver(**(values | changes))


def facts(*evidence: Evidence, **changes: Any) -> Facts:
    """Facts of a policy in force for ten days."""
    values: dict[str, Any] = {
        "evidence": evidence,
        "context": {"request": {"has_champion": False}},
        "subjects": SUBJECTS,
        "now": NOW,
        "policy_effective_from": NOW - timedelta(days=10),
    }
    return Facts(**(values | changes))
