"""Figures of groups of rows: one of them drawn, a line a group, and the summaries over all groups."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from audit.pages import show
from registry.admin.evidence import figures
from registry.admin.pictures import shown
from registry.admin.pictures.bars import Line
from registry.gates import words
from registry.models import EvidenceItem

#: Kinds whose figures are of groups, with what stands before the attribute, and what a group is called.
KINDS = {
    "fairness": ("Fairness by", "Group"),
    "slice": ("Figures by", "Group"),
    "robustness": ("Robustness:", "How much"),
    "privacy_attack": ("Membership inference by", "Attack"),
}
ATTRIBUTES = {"hop_skip_jump": "adversarial examples (HopSkipJump)"}
METRICS = ("impact_ratio", "selection_rate", "true_positive_rate", "false_positive_rate")
#: What is drawn of groups, and what would be even.
PICTURED = {"impact_ratio": 1.0, "accuracy": None, "mae": None, "attack_auc": 0.5, "adversarial_accuracy": None}
#: What a group of these attributes is, with its unit.
NOTES = {
    "noise": "Normal noise was added to every number, of so many standard deviations.",
    "missing": "This share of the values was taken away.",
    "shift": "Every number was moved by so many standard deviations.",
    "reweighting": "The rows were weighted so that one number stands so much higher.",
    "hop_skip_jump": "The share of attacked rows that are decided right and stay so, however they are moved within the "
    "budget: so many standard deviations, root mean square.",
    "attack": "How well the answers tell who was learned from: 0.5 is guessing.",
}
IMAGES = "image_"


def sections(items: Sequence[EvidenceItem]) -> Iterable[tuple[str, SafeString]]:
    """The figures of each attribute under its title."""
    for kind, (title, called) in KINDS.items():
        found = [item for item in items if item.kind == kind]
        for attribute in dict.fromkeys(item.attribute for item in found):
            own = [one for one in found if one.attribute == attribute]
            plain = ATTRIBUTES.get(attribute, attribute.replace("_", " ").replace("+", " and "))
            yield f"{title} {plain}", _note(kind, attribute) + _pictured(own) + table(own, called=called)


def table(items: Sequence[EvidenceItem], *, called: str = "Group") -> SafeString:
    """One line a group, one column a metric; the summaries over the groups beneath."""
    grouped = [item for item in items if item.group]
    known = dict.fromkeys(item.metric for item in grouped)
    metrics = [metric for metric in dict.fromkeys((*METRICS, *known)) if metric in known]
    found = {(item.group, item.metric): item for item in grouped}
    few = {item.group for item in grouped if item.fields.get("excluded")}
    rows = [
        [_named(found, group, few), _count(found, group), *(_cell(found.get((group, metric))) for metric in metrics)]
        for group in dict.fromkeys(item.group for item in grouped)
    ]
    head = [called, "n", *map(figures.name, metrics)]
    whole = [item for item in items if not item.group]
    drawn = show.table(head, rows) if rows else mark_safe("")
    return drawn + (figures.plain(whole) if whole else mark_safe(""))


def name(item: EvidenceItem) -> str:
    """The group as a reader writes it."""
    return item.group.replace("_", " ") if item.kind == "privacy_attack" else words.group(item.attribute, item.group)


def full_name(item: EvidenceItem) -> str:
    """The group with its attribute, where nothing else says which it is."""
    shown = name(item)
    return shown if "+" in item.attribute and shown != item.group else f"{item.attribute} {shown}".strip()


def _named(found: dict[tuple[str, str], EvidenceItem], group: str, few: set[str]) -> SafeString:
    item = next(item for (named, _), item in found.items() if named == group)
    note = mark_safe(' <span class="note">too few rows to be judged</span>') if group in few else ""
    return format_html('<span class="group">{}</span>{}', name(item), note)


def _cell(item: EvidenceItem | None) -> SafeString | str:
    """The figure, with the way to its record."""
    if item is None or item._state.adding:
        return figures.figure(item)
    return show.row(item, figures.figure(item))


def _count(found: dict[tuple[str, str], EvidenceItem], group: str) -> Any:
    """How many rows stand behind a group: those behind its selection, not behind a rate among some of them."""
    for metric in ("selection_rate", *METRICS):
        if (group, metric) in found:
            return found[group, metric].n
    return next((item.n for (named, _), item in found.items() if named == group), None)


def _pictured(items: Sequence[EvidenceItem]) -> SafeString:
    """The first figure of the groups that has a picture, where there are groups to compare; none of too few rows."""
    for metric, mark in PICTURED.items():
        own = [
            Line(name(item), item.value, item.low, item.high)
            for item in items
            if item.metric == metric and item.group and item.value is not None and not item.fields.get("excluded")
        ]
        if len(own) > 1:
            return shown.groups(figures.name(metric), own, mark=mark)
    return mark_safe("")


def _note(kind: str, attribute: str) -> SafeString:
    """What was done to the rows and in which unit; nothing where the groups speak for themselves."""
    words = NOTES.get(attribute, "") if kind in ("robustness", "privacy_attack") else ""
    if kind == "robustness" and attribute.startswith(IMAGES):
        words = "The pictures were made worse, in three severities."
    return format_html('<p class="note">{}</p>', words) if words else mark_safe("")
