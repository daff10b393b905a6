"""What its author and its reviewers do with a request beside signing: each a button that calls one service."""

from collections.abc import Iterable

from django.http import HttpRequest

from audit.pages import show
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.admin.questions import Question
from registry.errors import Invalid
from registry.models import PromotionRequest, ReviewTask, User
from registry.permissions import allows
from registry.roles import Action
from registry.services.decisions import deciding, promotions
from registry.services.duties import duties, tasks, threads
from registry.services.policies import replays

State = PromotionRequest.State
ACTS = ("submit", "resubmit", "rerun", "withdraw", "claim", "unclaim", "recuse", "comment", "replay")
PACK = "Records, log entries, proofs and signatures in one file, which anybody can check without this server."
REPLAY = "Asks the gates again, with the policy and the frozen evidence of then; nothing changes."


class Steps(ActingAdmin):
    """The author's and the reviewers' buttons on a request's page."""

    def offers(self, row: PromotionRequest, request: HttpRequest) -> Iterable[Act]:
        account = scoped.account(request)
        system = row.slot.system
        stands = row.approval in PromotionRequest.STANDING
        if row.state == State.APPROVED and stands and allows(account, Action.OPERATE, system):
            yield Act("execute", "Execute", "Brings the version into its slot, by the policy's canary steps.")
        yield from _author(row, account)
        yield from _reviewer(row, account)
        yield from super().offers(row, request)
        words = Question("text", "What you say", "text", "Everybody who reads the request reads it; it stays.")
        yield Act(
            "comment", "Say something", "Asks or answers in the request's thread.", asks_reason=False, asks=(words,)
        )
        if allows(account, Action.EXPORT, system):
            yield Act("pack", "Download the evidence pack", PACK, asks_reason=False)
        if row.state != State.DRAFT:
            yield Act("replay", "Judge it again", REPLAY, asks_reason=False)

    def submit(self, request: HttpRequest, row: PromotionRequest) -> str:
        made = promotions.submit_draft(row, actor=acting.actor(request))
        return f"The request is {show.said(made, 'state')}. {made.headline}"

    def resubmit(self, request: HttpRequest, row: PromotionRequest) -> str:
        made = promotions.resubmit(row, actor=acting.actor(request), reason=acting.reason(request))
        return f"Round {made.round} has begun. The request is {show.said(made, 'state')}. {made.headline}"

    def rerun(self, request: HttpRequest, row: PromotionRequest) -> str:
        made = promotions.rerun(row, actor=acting.actor(request))
        return f"The gates have answered again. The request is {show.said(made, 'state')}. {made.headline}"

    def withdraw(self, request: HttpRequest, row: PromotionRequest) -> str:
        promotions.withdraw(row, actor=acting.actor(request), reason=acting.reason(request))
        return "The request is withdrawn."

    def claim(self, request: HttpRequest, row: PromotionRequest) -> str:
        deciding.claim(row, actor=acting.actor(request))
        return "The others see that you look at it; they may still sign."

    def unclaim(self, request: HttpRequest, row: PromotionRequest) -> str:
        tasks.unclaim(row, actor=acting.actor(request))
        return "The step is free for the others."

    def recuse(self, request: HttpRequest, row: PromotionRequest) -> str:
        duties.recuse(row, actor=acting.actor(request), reason=acting.reason(request))
        return "You have stepped back from this request."

    def comment(self, request: HttpRequest, row: PromotionRequest) -> str:
        words = request.POST.get("text", "").strip()
        if not words:
            raise Invalid("Nothing was said.", remedy="Write a sentence.")
        threads.comment(row, text=words, actor=acting.actor(request))
        return "Your words are in the thread."

    def replay(self, request: HttpRequest, row: PromotionRequest) -> str:
        return replays.replay(row).sentence


def _author(row: PromotionRequest, account: User) -> Iterable[Act]:
    own = row.author_id == account.pk
    if row.state == State.DRAFT and own:
        words = "Freezes data, policy and evidence as they are now; the gates answer at once."
        yield Act("submit", "Put forward", words, asks_reason=False)
    if row.state == State.CHANGES_REQUESTED and allows(account, Action.SUBMIT, row.slot.system):
        words = "Begins a new round on the evidence of now; every earlier decision is void. Say what was changed."
        yield Act("resubmit", "Put forward again", words)
    if row.state == State.BLOCKED and allows(account, Action.EVALUATE, row.slot.system):
        words = "The gates answer anew, on the evidence and the waivers of now."
        yield Act("rerun", "Run the gates again", words, asks_reason=False)
    if row.state in PromotionRequest.OPEN and own:
        yield Act("withdraw", "Withdraw", "Takes the request back; it cannot be opened again.", grave=True)


def _reviewer(row: PromotionRequest, account: User) -> Iterable[Act]:
    task = _task(row)
    if task is None or not allows(account, Action.DECIDE, row.slot.system) or row.author_id == account.pk:
        return
    if task.assignee_id == account.pk:
        yield Act("unclaim", "Give it back", "Somebody else may look at it.", asks_reason=False)
    elif task.assignee_id is None and deciding.why_not(row, account) is None:
        yield Act("claim", "Take it", "Tells the others that you look at it; they may still sign.", asks_reason=False)
    words = "You cannot decide on this request any more, neither for yourself nor for anybody else."
    yield Act("recuse", "Step back", words, grave=True)


def _task(row: PromotionRequest) -> ReviewTask | None:
    return tasks.current(row) if row.state == State.IN_REVIEW else None
