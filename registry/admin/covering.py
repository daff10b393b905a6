"""The coverage of clauses on a system's page: how many of each state, and every clause, the worst first."""

from collections import Counter
from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit.pages import show
from registry.clauses import clause as clauses
from registry.clauses.clause import REGIMES
from registry.clauses.judging import Answer
from registry.models import AISystem

STATES = ("missing", "stale", "covered", "not_applicable")


def counts(answers: Sequence[Answer]) -> SafeString:
    """How many clauses are in each state."""
    found = Counter[str](one.state for one in answers)
    return format_html_join("", "<p>{} {}</p>", ((show.chip(state), _clauses(found[state])) for state in STATES))


def table(answers: Sequence[Answer]) -> SafeString:
    """One line a clause with what is to be done, the worst first."""
    lines = [
        [_name(one), REGIMES[one.clause.regime], show.chip(one.state), _why(one)]
        for one in sorted(answers, key=lambda one: STATES.index(one.state))
    ]
    return show.table(["Clause", "Regime", "State", "Why, and what to do"], lines, empty="It is held to no regime.")


def asked_for(system: AISystem) -> list[tuple[str, str]]:
    """The clauses of the regimes that the system is held to."""
    found = [one for one in clauses.every() if one.regime in system.regimes]
    return [(one.id, f"{one.id}: {one.demand[:90]}") for one in found]


def _name(one: Answer) -> SafeString:
    return format_html('{}<span class="note">{}</span>', one.clause.clause, one.clause.demand)


def _why(one: Answer) -> SafeString:
    todo = format_html_join("", "<li>{}</li>", ((text,) for text in one.missing))
    return format_html("{}<ul>{}</ul>", one.reason, todo) if todo else format_html("{}", one.reason)


def _clauses(count: int) -> str:
    return f"{count} clause" if count == 1 else f"{count} clauses"
