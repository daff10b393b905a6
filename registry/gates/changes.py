"""The change plan as a gate of its own: a change that was not determined beforehand stops the request."""

from collections.abc import Iterator

from registry.gates import conditions
from registry.gates.facts import Facts
from registry.gates.policy import ChangePlan
from registry.gates.results import Effect, GateResult, Verdict

GATE = "policy.change_plan"
FIELD = "request.change_class"
CLAUSE = ("Annex IV 2(f)",)


def judged(plan: ChangePlan | None, facts: Facts) -> Iterator[GateResult]:
    """Whether the plan foresees the request's class of change; nothing without a plan. No waiver helps."""
    if plan is None:
        return
    found = conditions.lookup(facts.context, FIELD)
    planned = " or ".join(plan.classes)
    if not isinstance(found, str):
        yield _result("not_evaluable", f"{FIELD} is not known; the change plan foresees {planned}: this blocks.", plan)
    elif found in plan.classes:
        yield _result("pass", f"The change is {found}, which the change plan foresees.", plan)
    else:
        yield _result("fail", f"The change is {found}; the change plan foresees {planned} only: this blocks.", plan)


def _result(verdict: Verdict, reason: str, plan: ChangePlan) -> GateResult:
    effect: Effect = "none" if verdict == "pass" else "block"
    threshold = f"{FIELD} in the plan ({len(plan.classes)})"
    return GateResult(GATE, verdict, effect, reason, threshold, CLAUSE)
