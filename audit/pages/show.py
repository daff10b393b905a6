"""Values as a reader sees them: short, aligned, escaped, and never a raw dump."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

NOTHING = "–"
DIGEST_SHOWN = 12
DIGEST_LENGTH = 64
#: Verdicts and states by what they ask of a reader; the sign and the word say it, the colour only repeats it.
SIGNS: dict[str, str] = {"good": "✓", "bad": "✕", "doubt": "?", "warn": "▲", "wait": "…", "calm": "·"}
_MOODS: dict[str, str] = {
    "good": (
        "pass approve approved completed succeeded promoted quiet effective resolved registered proven "
        "active met covered serving delivered closed continue done selected complete bit_identical"
    ),
    "bad": (
        "fail failed reject rejected refused blocked alarm open overdue "
        "breached suspended revoked revoke critical serious missing emergency lapsed dead reported error different"
    ),
    "doubt": "inconclusive not_evaluable approve_with_conditions conditionally_approved major risk_accepted",
    "warn": (
        "stale rolled_back expired erased executed waived high expiring request_changes changes_requested "
        "suspend withdrawn due paused warn warning within_tolerance"
    ),
    "wait": (
        "requested simulated in_review queued running acknowledged draft pending countersign executing canary "
        "in_remediation ready_for_retest scheduled contained analysed corrected"
    ),
}
MOODS = {state: mood for mood, states in _MOODS.items() for state in states.split()}


class Figure(SafeString):
    """A number as text, which tables set to the right."""


def number(value: float | int | None) -> Figure:
    """Three decimals and thousands separators; a very small one keeps its first digits."""
    if value is None:
        return Figure(NOTHING)
    if isinstance(value, int):
        return Figure(f"{value:,}")
    if value and abs(value) < 0.0005:
        return Figure(f"{value:.1e}")
    return Figure(f"{value:z,.3f}")


def interval(value: float | None, low: float | None, high: float | None) -> SafeString:
    """`0.836 [0.801, 0.872]`."""
    if value is None or low is None or high is None:
        return number(value)
    return mark_safe(
        f'<span class="figure">{number(value)} <span class="interval">[{number(low)}, {number(high)}]</span></span>'
    )


def size(count: int) -> Figure:
    """Bytes in a unit that people read."""
    amount, units = float(count), iter(("bytes", "KiB", "MiB", "GiB"))
    unit = next(units)
    while amount >= 1024 and unit != "GiB":
        amount, unit = amount / 1024, next(units)
    return Figure(f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}")


def digest(text: str) -> SafeString:
    """The first characters of a digest; the whole of it where the reader points."""
    if not text:
        return mark_safe(NOTHING)
    return format_html('<code class="digest" title="{}">{}</code>', text, text[:DIGEST_SHOWN])


def tail(identity: Any) -> str:
    """The end of an id, the part by which two differ: a UUIDv7 begins with its time."""
    return f"…{str(identity)[-8:]}"


def moment(at: datetime | None) -> SafeString:
    """A time in UTC, with how far away it is where the reader points."""
    if at is None:
        return mark_safe(NOTHING)
    at = at.astimezone(timezone.get_default_timezone())
    words = f"{at.day} {at:%b %Y, %H:%M} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), distance(at), words)


def clock(at: datetime) -> SafeString:
    """The second of a day in UTC, for what follows each other quickly; the whole time where the reader points."""
    at = at.astimezone(timezone.get_default_timezone())
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}")


def distance(at: datetime) -> str:
    """`in 3 days` or `2 hours ago`."""
    gap = at - timezone.now()
    words = span(abs(gap))
    return f"in {words}" if gap > timedelta(0) else f"{words} ago"


def span(length: timedelta) -> str:
    """A duration in its largest unit."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = int(length.total_seconds() // seconds)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def chip(state: str, words: str = "") -> SafeString:
    """A verdict or a state as a labelled mark."""
    mood = MOODS.get(state, "calm")
    label = words or state.replace("_", " ")
    return format_html(
        '<span class="chip chip-{}"><span aria-hidden="true">{}</span> {}</span>', mood, SIGNS[mood], label
    )


def state(row: models.Model, name: str = "state") -> SafeString:
    """A choice of a record as a labelled mark, in the words that its model has for it."""
    return chip(getattr(row, name), said(row, name))


def said(row: Any, name: str) -> str:
    """A choice in its model's words, without what explains them; empty where it has none."""
    words = getattr(row, f"get_{name}_display", None)
    short = str(words()).partition(":")[0].partition(" (")[0] if words else ""
    return short[:1].lower() + short[1:]


def link(words: Any, url: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, words)


def url_of(row: models.Model) -> str:
    """The admin page of a record."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def row(record: models.Model | None, words: Any = "") -> SafeString:
    """A record by its name, with the way to its page where it has one."""
    if record is None:
        return mark_safe(NOTHING)
    try:
        return link(words or record, url_of(record))
    except NoReverseMatch:
        return format_html("{}", words or record)


def paragraph(text: str) -> SafeString:
    """What a person wrote, its line breaks kept."""
    return format_html('<p class="prose">{}</p>', text) if text else mark_safe(NOTHING)


def code(text: str) -> SafeString:
    """Text in which every space counts."""
    return format_html('<pre class="code" tabindex="0">{}</pre>', text)


def facts(pairs: Iterable[tuple[str, Any]]) -> SafeString:
    """Names and values, one pair a line."""
    lines = format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", ((name, cell(value)) for name, value in pairs))
    return format_html('<dl class="facts">{}</dl>', lines)


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "Nothing yet.") -> SafeString:
    """Rows under headers; numbers stand to the right, and a wide table scrolls in its own box."""
    found = list(rows)
    if not found:
        return format_html('<p class="empty">{}</p>', empty)
    kinds = [_kind(row[place] for row in found) for place in range(len(headers))]
    head = format_html_join("", '<th scope="col"{}>{}</th>', zip(kinds, headers, strict=True))
    body = format_html_join("", "<tr>{}</tr>", ((_cells(headers, kinds, row),) for row in found))
    return format_html(
        '<div class="scroll" tabindex="0"><table class="grid">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        head,
        body,
    )


def details(summary: Any, body: Any) -> SafeString:
    """What a reader may open."""
    return format_html("<details><summary>{}</summary>{}</details>", summary, body)


def cell(value: Any) -> SafeString:
    """One value: text as it is, numbers formatted, times and records by their name, data as a document."""
    match value:
        case SafeString():
            return value
        case None | "":
            return mark_safe(NOTHING)
        case bool():
            return mark_safe("yes" if value else "no")
        case int() | float():
            return number(value)
        case datetime():
            return moment(value)
        case AbstractBaseUser():
            return format_html("{}", value)  # By name: the page of a person is only for readers of every system.
        case models.Model():
            return row(value)
        case Mapping() if value and _is_flat(value):
            return _pairs(value)
        case Mapping() | list() | tuple():
            return document(value)
    return digest(value) if _is_digest(value) else format_html("{}", value)


def document(value: Any) -> SafeString:
    """JSON for people: an object as facts, like objects as a table, scalars in a line."""
    match value:
        case Mapping() if value:
            return facts((str(key), item) for key, item in value.items())
        case [Mapping(), *_] if all(isinstance(item, Mapping) for item in value):
            headers = list(dict.fromkeys(key for item in value for key in item))
            return table(headers, [[item.get(key) for key in headers] for item in value])
        case [_, *_]:
            return format_html_join(", ", "{}", ((_within(item),) for item in value))
        case Mapping() | list() | tuple():
            return mark_safe("none")
    return cell(value)


def _within(item: Any) -> SafeString:
    """One of a list; a list in a list stands in brackets, so that two names are not taken for three."""
    return format_html("({})", document(item)) if isinstance(item, list | tuple) else cell(item)


def _pairs(value: Mapping[str, Any]) -> SafeString:
    """A small object in a line, as it stands inside a larger one."""
    pairs = ((name, cell(item)) for name, item in value.items())
    return format_html_join(", ", '<span class="pair"><span class="note">{}</span> {}</span>', pairs)


def _is_flat(value: Any) -> bool:
    return isinstance(value, Mapping) and not any(isinstance(item, Mapping | list | tuple) for item in value.values())


def _cells(headers: Sequence[str], kinds: Sequence[SafeString], row: Sequence[Any]) -> SafeString:
    cells = ((header, kind, cell(value)) for header, kind, value in zip(headers, kinds, row, strict=True))
    return format_html_join("", '<td data-label="{}"{}><div>{}</div></td>', cells)


def _kind(column: Iterable[Any]) -> SafeString:
    """A column of numbers is marked as one."""
    values = [value for value in column if value not in (None, "", NOTHING)]
    numeric = all(isinstance(value, Figure | int | float) and not isinstance(value, bool) for value in values)
    return mark_safe(' class="num"' if values and numeric else "")


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == DIGEST_LENGTH and all(one in "0123456789abcdef" for one in value)
