"""Where a request stands: its policy, the open step, who has signed and who still must."""

from collections.abc import Sequence

from django.utils.safestring import SafeString

from audit.pages import show
from registry.gates import durations
from registry.models import Decision, PromotionRequest
from registry.roles import Role
from registry.services import approvals


def chain(request: PromotionRequest, decisions: Sequence[Decision]) -> SafeString:
    """Every step of the policy with the signatures that answer it, and the steps that still wait."""
    rows = []
    for number, step in enumerate(approvals.policy_of(request).approval.chain, start=1):
        signed = [one for one in decisions if one.role == step.role]
        rows += [_signature(number, one) for one in signed]
        if len(signed) < step.quorum and request.state in PromotionRequest.OPEN:
            waits = show.chip("pending", "not signed yet")
            rows.append([str(number), Role(step.role).label, "", words(step.meaning), waits, "", ""])
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


def _signature(number: int, made: Decision) -> list[object]:
    name = show.row(made, made.printed_name)
    verdict = show.chip(made.verdict, {"approve": "approved", "reject": "rejected"}.get(made.verdict, made.verdict))
    return [str(number), Role(made.role).label, name, words(made.meaning), verdict, made.signed_at, made.reason]
