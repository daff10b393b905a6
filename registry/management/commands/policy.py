"""`manage.py policy`: check, try, compare, explain and replay policies where the server runs; nothing is changed."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from registry.gates import difference, explaining, grammar
from registry.gates import policies as ready
from registry.gates.policy import Policy
from registry.models import PolicyVersion, PromotionRequest
from registry.services.policies import replays, simulation

POLICY = "a YAML or JSON file, the name of a ready policy, or a stored one as name or name:version"


class Command(BaseCommand):
    """Reads only: to propose and to approve a policy, a person signs in."""

    help = "Check, try, compare, explain and replay policies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        tasks = parser.add_subparsers(dest="task", required=True)
        lint = tasks.add_parser("lint", help="what is wrong with a policy's text, and what to think twice about")
        lint.add_argument("file", help="a YAML or JSON file, or the name of a ready policy")
        simulate = tasks.add_parser("simulate", help="what a policy would have said of past requests")
        simulate.add_argument("policy", help=POLICY)
        simulate.add_argument("--last", type=int, default=simulation.LAST, help="how many requests, the newest first")
        simulate.add_argument("--days", type=int, help="only those of the last days")
        diff = tasks.add_parser("diff", help="what a policy asks more or less than another")
        diff.add_argument("old", help=POLICY)
        diff.add_argument("new", help=POLICY)
        explain = tasks.add_parser("explain", help="a policy in plain sentences, or why a request's gates said what")
        explain.add_argument("what", help=f"{POLICY}, or the id of a promotion request")
        replay = tasks.add_parser("replay", help="judge past requests again, with their policy and frozen evidence")
        replay.add_argument("promotion", nargs="?", help="the id of a promotion request; left out: all of them")

    def handle(self, *args: Any, task: str, **options: Any) -> None:
        work: dict[str, Callable[..., Iterable[str]]] = {
            "lint": _lint,
            "simulate": _simulate,
            "diff": _diff,
            "explain": _explain,
            "replay": _replay,
        }
        keys = {"file", "policy", "last", "days", "old", "new", "what", "promotion"} & options.keys()
        for line in work[task](**{key: options[key] for key in keys}):
            self.stdout.write(line)


def _lint(file: str) -> Iterable[str]:
    found = grammar.inspect(_text(file) or _missing(file))
    yield from (f"{one.level}: {one}" for one in found)
    if any(one.level == "error" for one in found):
        raise CommandError(f"{file} cannot be proposed.")
    yield f"{file} can be proposed."


def _simulate(policy: str, last: int, days: int | None) -> Iterable[str]:
    since = timezone.now() - timedelta(days=days) if days else None
    found = simulation.preview(_policy(policy), account=None, last=last, since=since)
    yield found.sentence
    for changed in found.changed:
        yield f"{changed.promotion} ({changed.promotion.pk}): {changed.before}, would be {changed.after}"
        for gate in changed.gates:
            yield f"  {gate.gate}: {gate.before or 'passed'}, would be {gate.after or 'passed'}. {gate.reason}"


def _diff(old: str, new: str) -> Iterable[str]:
    found = difference.compare(_policy(old), _policy(new))
    yield from (f"{one.direction}: {one.path}: {one.detail}" for one in found)
    if not found:
        yield "They ask the same."


def _explain(what: str) -> Iterable[str]:
    promotion = _promotion(what)
    if promotion is None:
        for passage in explaining.explain(_policy(what)):
            yield from (passage.heading, *(f"  {sentence}" for sentence in passage.sentences))
        return
    yield promotion.headline
    for answer in replays.explain(promotion):
        yield f"{answer.gate}: {answer.verdict}"
        yield from (f"  {sentence}" for sentence in (*answer.rule, answer.reason))
        for item in answer.evidence:
            yield f"  Evidence: {item} ({item.method or item.kind}), {item.set.created_at:%Y-%m-%d}, {item.digest}"


def _replay(promotion: str | None) -> Iterable[str]:
    asked = [_promotion(promotion) or _missing(promotion)] if promotion else _judged()
    differ = 0
    for request in asked:
        found = replays.replay(request)
        differ += bool(found.differences)
        yield f"{request} ({request.pk}): {found.sentence}"
        for one in found.differences:
            yield f"  {one.subject} {one.field}: {one.recorded} was recorded, {one.replayed} came out"
    if differ:
        raise CommandError(f"{differ} requests no longer come out as they were recorded.")


def _judged() -> Iterable[PromotionRequest]:
    return PromotionRequest.objects.exclude(record_digest="").order_by("id").iterator(chunk_size=200)


def _policy(named: str) -> Policy:
    """The policy of a file, of a ready name, or of the database: its newest version, or the one that is named."""
    text = _text(named)
    try:
        return grammar.parse(text if text is not None else _stored(named).document)
    except grammar.PolicyError as error:
        raise CommandError(f"{named} cannot be used: {error}") from error


def _text(named: str) -> str | None:
    if Path(named).is_file():
        return Path(named).read_text(encoding="utf-8")
    return ready.text(named) if named in ready.names() and not _rows(named).exists() else None


def _rows(named: str) -> Any:
    name, _, version = named.partition(":")
    rows = PolicyVersion.objects.filter(name=name).order_by("-version")
    return rows.filter(version=int(version)) if version.isdecimal() else rows


def _stored(named: str) -> PolicyVersion:
    found: PolicyVersion | None = _rows(named).first()
    return found or _missing(named)


def _promotion(named: str) -> PromotionRequest | None:
    try:
        return PromotionRequest.objects.filter(pk=UUID(named)).first()
    except ValueError:
        return None


def _missing(named: str) -> Any:
    raise CommandError(f"There is no {named}. Name {POLICY}, or the id of a promotion request.")
