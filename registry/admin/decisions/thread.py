"""What people said about a request, and what a reader must know of who may decide."""

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from audit.pages import show
from registry.models import PromotionRequest
from registry.services.duties import tasks

LEVELS = ("", "its deputies were told", "the risk officers were told")


def body(row: PromotionRequest) -> SafeString:
    """The thread, oldest first; empty where nobody has said anything."""
    said = row.comments.select_related("author")
    lines = ((one.author, show.moment(one.created_at), one.text) for one in said)
    found = format_html_join("", "<li><strong>{}</strong>, {}: {}</li>", lines)
    return format_html('<ul class="sentences">{}</ul>', found) if found else SafeString()


def notices(row: PromotionRequest) -> Iterable[SafeString | str]:
    """The round, who took the open step, that it is late, and who has stepped back."""
    if row.round > 1:
        yield f"This is round {row.round}: what was signed in earlier rounds is void."
    if row.approval_reason:
        yield f"The approval is {row.get_approval_display().lower()}: {row.approval_reason}"
    task = tasks.current(row)
    if task is not None and task.assignee_id is not None:
        yield f"{task.assignee} looks at it."
    if task is not None and task.escalation:
        yield f"The open step is late: {LEVELS[task.escalation]}."
    for one in row.recusals.select_related("person"):
        yield f"{one.person} has stepped back: {one.reason}"
    if row.lapses_at is not None and row.state in PromotionRequest.OPEN:
        yield mark_safe("Without a decision the request lapses on ") + show.moment(row.lapses_at) + mark_safe(".")
