"""What a policy may say and its author should think about twice: it weakens, surprises, or never takes effect."""

import difflib
from collections import Counter
from collections.abc import Iterator

from registry.gates import conditions, durations
from registry.gates.fields import FIELDS
from registry.gates.policy import Approval, BoundRequirement, ChangePlan, Gate, Policy
from registry.gates.problems import Problem

GROUNDS = frozenset({"artifact_digest", "dataset_digest", "policy_digest", "evidence_root"})
SHARES = frozenset({
        "roc_auc", "roc_auc_macro", "roc_auc_weighted", "pr_auc", "average_precision", "f1", "f1_macro", "f1_weighted",
        "accuracy", "balanced_accuracy", "precision", "precision_macro", "precision_weighted", "recall",
        "recall_macro", "recall_weighted", "specificity", "calibration_error", "calibration_error_equal_mass",
        "impact_ratio", "selection_rate", "attack_auc", "adversarial_accuracy",
})  # fmt: skip


def cautions(policy: Policy) -> list[Problem]:
    """Every warning about a policy that `lint` accepts; none of them refuses it."""
    found = [
        *_scope(policy),
        *(one for index, gate in enumerate(policy.gates) for one in _gate(f"gates[{index}]", gate)),
        *_asked_alone(policy),
        *_approval(policy.approval),
        *(_plan(policy.change_plan) if policy.change_plan else ()),
    ]
    return [Problem(path, detail, remedy, "warning") for path, detail, remedy in found]


Caution = tuple[str, str, str]


def _scope(policy: Policy) -> Iterator[Caution]:
    if policy.applies_when is None:
        yield "applies_when", "The policy governs every request.", "Say for which risk tier, slot or regime it is."
    else:
        yield from _condition("applies_when", policy.applies_when)
    if not policy.description:
        yield "metadata.description", "Nothing says what the policy is for.", "Add a sentence for its readers."


def _gate(path: str, gate: Gate) -> Iterator[Caution]:
    if not gate.rationale:
        yield path, "Nothing says why the gate is there (Annex IV 4).", "Add 'rationale'."
    if not gate.clause:
        yield path, "The gate answers no clause.", "Add 'clause', as in eu-ai-act:15(1)."
    if gate.max_age_days is None:
        yield path, "Evidence of any age will do.", "Add 'max_age_days', here or in evidence_defaults."
    if not gate.same_dataset_digest:
        yield path, "Evidence on other data will do.", "Remove 'same_dataset_digest: false' unless you mean it."
    if isinstance(gate.require, BoundRequirement):
        yield from _bound(path, gate, gate.require)
    if gate.skip_when is not None:
        yield from _condition(f"{path}.skip_when", gate.skip_when)


def _bound(path: str, gate: Gate, require: BoundRequirement) -> Iterator[Caution]:
    if require.bound == "point":
        detail = "A point gate does not see how sure the figure is: of two like versions one passes by luck."
        yield f"{path}.require", detail, "Use 'bound: lower' or 'upper' with a confidence."
    if gate.min_n is None:
        yield path, "A figure on any number of rows will do.", "Add 'min_n', here or in evidence_defaults."
    if not gate.preregistered:
        detail = "The threshold may be younger than the test that meets it."
        yield f"{path}.preregistered", detail, "Remove 'preregistered: false'."
    if gate.for_each and gate.family == "none" and require.bound != "point":
        detail = "Each group is judged alone: of twenty fair groups one fails by chance."
        yield f"{path}.family", detail, "Write 'bonferroni' or 'simultaneous'."
    if gate.evidence.metric in SHARES and not gate.evidence.against and not 0 <= require.value <= 1:
        yield f"{path}.require.value", f"{require.value:g} is outside 0 to 1.", "No figure can lie there; correct it."
    yield from _comparison(path, gate)


def _comparison(path: str, gate: Gate) -> Iterator[Caution]:
    if gate.evidence.kind != "comparison":
        return
    if not gate.evidence.paired:
        yield f"{path}.evidence", "The comparison need not be on the same rows.", "Add 'paired: true'."
    if gate.evidence.against == "champion" and gate.skip_when is None:
        detail = "The first version of a slot has no champion to compare with and can never meet this."
        yield path, detail, "Add 'skip_when: {field: request.has_champion, eq: false}'."


def _asked_alone(policy: Policy) -> Iterator[Caution]:
    """Many gates on named groups are a family that nobody corrects for."""
    named = Counter((gate.evidence.metric, gate.evidence.attribute) for gate in policy.gates if gate.evidence.group)
    for (metric, attribute), times in named.items():
        if times > 1:
            detail = f"{times} gates each ask for {metric} of one group of {attribute} alone."
            yield "gates", detail, "Use one gate with 'for_each: group', which holds over all groups at once."


def _approval(approval: Approval) -> Iterator[Caution]:
    missing = sorted(GROUNDS - set(approval.stale_when))
    if missing:
        yield "approval.stale_when", f"An approval outlives a change of {', '.join(missing)}.", "Name all four."
    if approval.reauthenticate == "session":
        detail = "One sign-in signs many times (21 CFR 11.200(a)(1))."
        yield "approval.reauthenticate", detail, "Write 'each_signature'."
    valid = durations.parse(approval.valid_for)
    if approval.review_every and durations.covers(durations.parse(approval.review_every), valid):
        detail = f"A review every {approval.review_every} never comes before the approval ends ({approval.valid_for})."
        yield "approval.review_every", detail, "Make it shorter, or remove it."
    due = [durations.parse(step.due_in) for step in approval.chain if step.due_in]
    if approval.lapses_after and due and not durations.covers(durations.parse(approval.lapses_after), _sum(due)):
        detail = f"A request lapses after {approval.lapses_after}, before its steps are due one after the other."
        yield "approval.lapses_after", detail, "Lengthen it to the sum of every due_in."


def _sum(parts: list[durations.Duration]) -> durations.Duration:
    return durations.Duration(
        sum(part.months for part in parts), sum(part.days for part in parts), sum(part.seconds for part in parts)
    )


def _plan(plan: ChangePlan) -> Iterator[Caution]:
    if "initial" not in plan.classes:
        yield "change_plan", "No slot can get its first version.", "Add 'initial'."
    if "renewal" not in plan.classes:
        yield "change_plan", "What serves can never be approved anew.", "Add 'renewal'."


def _condition(path: str, condition: conditions.Condition) -> Iterator[Caution]:
    for field in sorted(set(conditions.fields(condition)) - FIELDS):
        near = difflib.get_close_matches(field, sorted(FIELDS), n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"Use one of: {', '.join(sorted(FIELDS))}."
        yield path, f"No request carries {field}, so this can never be told.", remedy
