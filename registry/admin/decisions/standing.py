"""Where a request stands: its policy, the open step, who has signed and who still must."""

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.pages import show
from registry.gates import durations
from registry.gates.approval import APPROVING
from registry.models import Decision, PromotionRequest
from registry.roles import Role
from registry.services.approvals import approvals

VERDICTS = {
    "approve": "approved",
    "approve_with_conditions": "approved with conditions",
    "request_changes": "changes requested",
    "reject": "rejected",
    "abstain": "abstained",
}


def chain(request: PromotionRequest, decisions: Sequence[Decision]) -> SafeString:
    """Every step of the policy with the signatures that answer it, and the steps that still wait."""
    rows = []
    current = [one for one in decisions if one.round == request.round]
    for number, step in enumerate(approvals.policy_of(request).approval.chain, start=1):
        signed = [one for one in current if (one.role, one.meaning) == (step.role, step.meaning)]
        rows += [_signature(str(number), one) for one in signed]
        if sum(one.verdict in APPROVING for one in signed) < step.quorum and request.state in PromotionRequest.OPEN:
            waits = show.chip("pending", "not signed yet")
            rows.append([str(number), Role(step.role).label, "", words(step.meaning), waits, "", ""])
    rows += [_signature(f"void: round {one.round}", one) for one in decisions if one.round < request.round]
    headers = ["Step", "Role", "Printed name", "Meaning", "Decision", "Signed", "Reason"]
    return show.table(headers, rows, empty="Nobody has signed.")


def words(meaning: str) -> str:
    """`independent_validation` as it is read."""
    return meaning.replace("_", " ").capitalize()


def length(duration: str) -> str:
    """`P5D` as `5 days`; what needs two units stays as it was written."""
    if not duration:
        return ""
    parsed = durations.parse(duration)
    parts = [(parsed.months, "month"), (parsed.days, "day"), (parsed.seconds // 3600, "hour")]
    given = [(count, unit) for count, unit in parts if count]
    if len(given) != 1 or parsed.seconds % 3600:
        return duration
    ((count, unit),) = given
    return f"{count} {unit}{'s' if count > 1 else ''}"


def _signature(number: str, made: Decision) -> list[object]:
    """One signature; its verdict reads `void` where a later round has begun since."""
    name = show.row(made, made.printed_name)
    if made.delegated_by is not None:
        name += format_html(" for {}", made.delegated_by)
    said = VERDICTS.get(made.verdict, made.get_verdict_display())
    verdict = show.chip("stale", f"{said}, void") if number.startswith("void") else show.chip(made.verdict, said)
    return [number, Role(made.role).label, name, words(made.meaning), verdict, made.signed_at, made.reason]
