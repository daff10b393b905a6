"""What a schema cannot say about a policy: statements that contradict, weaken or never take effect."""

from collections import Counter
from collections.abc import Iterable, Iterator

from registry.gates import changes, durations
from registry.gates.duties import SUBJECTS, TEAM_SUBJECTS
from registry.gates.policy import STRICTNESS, BoundRequirement, Gate, Monitor, Policy, Retention, Rollout
from registry.gates.problems import Problem
from registry.gates.roles import ROLES, SIGNING_ROLES

SIX_MONTHS = durations.parse("P6M")
LONGEST = "P24M"
DIRECTIONS = {"lower": (">=", ">"), "upper": ("<=", "<")}


def lint(policy: Policy) -> list[Problem]:
    """Every problem of meaning in a policy whose form is right; an empty list when there is none."""
    return [
        *_repeated("gates", "gate id", (gate.id for gate in policy.gates)),
        *(problem for index, gate in enumerate(policy.gates) for problem in _gate(f"gates[{index}]", gate)),
        *_chain(policy),
        *_holding(policy.approval.valid_for),
        *_separation(policy),
        *_rollout(policy.rollout),
        *_repeated("monitoring", "monitor id", (monitor.id for monitor in policy.monitoring)),
        *(problem for index, one in enumerate(policy.monitoring) for problem in _monitor(f"monitoring[{index}]", one)),
        *_retention(policy.retention),
    ]


def lint_gate(gate: Gate) -> list[Problem]:
    """Every problem of meaning in one gate that stands by itself."""
    return [Problem(one.path.removeprefix("$."), one.detail, one.remedy) for one in _gate("$", gate)]


def _repeated(path: str, what: str, names: Iterable[str]) -> Iterator[Problem]:
    for name, times in Counter(names).items():
        if times > 1:
            yield Problem(path, f"The {what} {name!r} is used {times} times.", "Give each its own.")


def _gate(path: str, gate: Gate) -> Iterator[Problem]:
    if gate.id == changes.GATE:
        yield Problem(f"{path}.id", f"{gate.id!r} is the change plan's own.", "Give the gate another id.")
    if isinstance(gate.require, BoundRequirement):
        yield from _bound(f"{path}.require", gate.require)
        if gate.evidence.metric is None:
            yield Problem(f"{path}.evidence", "A bound needs a metric.", "Add 'metric', as in roc_auc.")
    yield from _groups(path, gate)
    if gate.evidence.kind == "comparison" and gate.evidence.against is None:
        yield Problem(f"{path}.evidence", "A comparison needs its other side.", "Add 'against', as in champion.")
    yield from _effects(path, gate)
    yield from _waivable(f"{path}.waivable", gate)


def _bound(path: str, require: BoundRequirement) -> Iterator[Problem]:
    if require.bound == "point" and require.confidence is not None:
        yield Problem(path, "A point gate ignores its confidence.", "Remove 'confidence', or use an interval bound.")
    if require.bound != "point" and require.confidence is None:
        detail = f"The {require.bound} bound has no confidence."
        yield Problem(path, detail, "Add 'confidence', as in 0.95, or write 'bound: point'.")
    allowed = DIRECTIONS.get(require.bound)
    if allowed and require.op not in allowed:
        detail = f"{require.op!r} does not go with a bound that is {require.bound}."
        yield Problem(path, detail, f"Use {' or '.join(allowed)}, or write 'bound: interval'.")


def _groups(path: str, gate: Gate) -> Iterator[Problem]:
    selector = gate.evidence
    if (gate.for_each or selector.group) and selector.attribute is None:
        yield Problem(f"{path}.evidence", "Groups need an attribute.", "Add 'attribute', as in SEX or SEX+RAC1P.")
    if gate.for_each and selector.group:
        yield Problem(path, "One group is named, and each is judged.", "Keep either 'group' or 'for_each: group'.")
    if selector.attribute and not (gate.for_each or selector.group or _is_summary(selector.metric)):
        detail = "An attribute is named, but no group is judged."
        yield Problem(path, detail, "Add 'for_each: group', or name one with 'group' in the evidence.")
    if selector.exclude_below_share and not gate.for_each:
        yield Problem(path, "Only groups can be excluded by share.", "Add 'for_each: group' or remove the share.")


def _is_summary(metric: str | None) -> bool:
    """A metric that says one thing about all groups of an attribute, such as equalized_odds_difference."""
    return metric is not None and metric.endswith("_difference")


def _effects(path: str, gate: Gate) -> Iterator[Problem]:
    if STRICTNESS[gate.on_inconclusive] > STRICTNESS[gate.on_fail]:
        detail = f"An unclear result ({gate.on_inconclusive}) weighs more than a failure ({gate.on_fail})."
        yield Problem(f"{path}.on_inconclusive", detail, "Make on_fail at least as strict.")
    if STRICTNESS[gate.on_not_evaluable] < STRICTNESS[gate.on_fail]:
        detail = f"Missing evidence ({gate.on_not_evaluable}) weighs less than a failure ({gate.on_fail})."
        remedy = "Make it at least as strict, or leaving evidence out would pay."
        yield Problem(f"{path}.on_not_evaluable", detail, remedy)


def _waivable(path: str, gate: Gate) -> Iterator[Problem]:
    if gate.waivable is None:
        return
    if gate.waivable.max_days is None:
        yield Problem(path, "A waiver without an end is a hole.", "Add 'max_days', or write 'waivable: false'.")
    for role in gate.waivable.by:
        yield from _role(f"{path}.by", role)


def _role(path: str, role: str) -> Iterator[Problem]:
    remedy = f"Use one of: {', '.join(sorted(SIGNING_ROLES))}."
    if role not in ROLES:
        yield Problem(path, f"The role {role!r} is unknown.", remedy)
    elif role not in SIGNING_ROLES:
        yield Problem(path, f"The role {role!r} may not sign.", remedy)


def _chain(policy: Policy) -> Iterator[Problem]:
    chain = policy.approval.chain
    if not chain:
        yield Problem("approval.chain", "Nobody has to approve.", "Add at least one step with role, quorum, meaning.")
    yield from _repeated("approval.chain", "step", (f"{step.role}, {step.meaning}" for step in chain))
    for index, step in enumerate(chain):
        yield from _role(f"approval.chain[{index}].role", step.role)


def _holding(valid_for: str) -> Iterator[Problem]:
    if not durations.covers(durations.parse(LONGEST), durations.parse(valid_for)):
        detail = f"{valid_for} is longer than two years: nobody would look at it again."
        yield Problem("approval.valid_for", detail, f"Write {LONGEST} or less.")


def _separation(policy: Policy) -> Iterator[Problem]:
    for index, rule in enumerate(policy.approval.separation_of_duties):
        path = f"approval.separation_of_duties[{index}]"
        yield from _subjects(f"{path}.not_same_person", rule.not_same_person, SUBJECTS)
        yield from _subjects(f"{path}.not_same_team", rule.not_same_team, TEAM_SUBJECTS)


def _subjects(path: str, subjects: tuple[str, ...], known: frozenset[str]) -> Iterator[Problem]:
    known = known | SIGNING_ROLES
    for subject in subjects:
        if subject not in known:
            yield Problem(path, f"The subject {subject!r} is unknown.", f"Use one of: {', '.join(sorted(known))}.")
    if subjects and not any(subject == "any.approver" or subject in SIGNING_ROLES for subject in subjects):
        yield Problem(path, "The rule names nobody who decides.", "Add any.approver or a role that signs.")


def _rollout(rollout: Rollout | None) -> Iterator[Problem]:
    if rollout is None or rollout.canary is None:
        return
    steps = list(rollout.canary.steps)
    if steps != sorted(set(steps)) or steps[-1:] != [100]:
        detail = f"The steps {steps} do not climb to 100."
        yield Problem("rollout.canary.steps", detail, "Write rising percentages that end with 100.")


def _monitor(path: str, monitor: Monitor) -> Iterator[Problem]:
    if (monitor.test is None) == (monitor.metric is None):
        yield Problem(path, "A monitor watches either a test or a metric.", "Keep exactly one of 'test' and 'metric'.")


def _retention(retention: Retention) -> Iterator[Problem]:
    path = "retention.prediction_log"
    kept = durations.parse(retention.prediction_log)
    if not durations.covers(kept, SIX_MONTHS):
        detail = f"{retention.prediction_log} is shorter than six months (EU AI Act, Articles 19 and 26(6))."
        yield Problem(path, detail, "Write P6M or more.")
    if retention.minimum and not durations.covers(kept, durations.parse(retention.minimum)):
        detail = f"{retention.prediction_log} is shorter than the minimum {retention.minimum}."
        yield Problem(path, detail, "Lengthen it or lower the minimum.")
