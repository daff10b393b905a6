"""Candidate against champion: what changed between them, and what that does to the figures."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from audit.pages import show
from registry.admin.evidence import figures
from registry.models import EvidenceItem, ModelVersion, PromotionRequest, SlotAssignment
from registry.services.slots import assigning

RELATED = ("model_version__run", "model_version__dataset_version__dataset", "policy")


def standing_champion(request: PromotionRequest) -> SlotAssignment | None:
    """What the slot served when the request was made: the version that the gates compared with."""
    served = assigning.at(request.slot, request.created_at)
    return served if served and served.champion else None


def body(request: PromotionRequest, served: SlotAssignment | None, bound: Sequence[EvidenceItem]) -> SafeString:
    """The whole part of the page."""
    if served is None or served.champion is None:
        first = format_html(
            '<p class="empty">{}</p>', "Nothing served in this slot: there is no champion to compare with."
        )
        return first + figures.plain(_performance(bound))
    changes = list(_changes(request, served))
    changed = [[name[:1].upper() + name[1:], old, new] for name, old, new in changes if old != new]
    same = ", ".join(name for name, old, new in changes if old == new)
    what = show.table(
        ["What changed", f"Champion, v{served.champion.number}", f"Candidate, v{request.model_version.number}"],
        changed,
        empty="Nothing: same data, recipe, code and environment.",
    )
    unchanged = format_html('<p class="more">Unchanged: {}.</p>', same) if same else mark_safe("")
    return what + unchanged + _side_by_side(served.champion, request, bound)


def _changes(request: PromotionRequest, served: SlotAssignment) -> Iterable[tuple[str, Any, Any]]:
    """Name, champion's, candidate's."""
    old, new = served.champion, request.model_version
    assert old is not None
    yield "data", _data(old), _data(new)
    yield from _recipe(old.run.recipe, new.run.recipe)
    yield "seed", str(old.run.seed), str(new.run.seed)
    yield "decides at", old.threshold, new.threshold
    yield "code", old.run.code_digest, new.run.code_digest
    yield "environment", old.run.environment_digest, new.run.environment_digest
    before = served.champion_promotion.policy if served.champion_promotion else None
    yield "policy", show.row(before), show.row(request.policy)


def _data(version: ModelVersion) -> SafeString:
    return show.row(version.dataset_version) + mark_safe(" ") + show.digest(version.dataset_version.digest)


def _recipe(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[tuple[str, Any, Any]]:
    """Every entry of the two recipes; the features by what was added and taken away."""
    before, after = set(old.get("features", {})), set(new.get("features", {}))
    yield "features", _listed(before - after, "had"), _listed(after - before, "has")
    flat = _flat(old), _flat(new)
    for key in dict.fromkeys([*flat[0], *flat[1]]):
        if not key.startswith("features"):
            yield key.replace("_", " "), flat[0].get(key), flat[1].get(key)


def _listed(names: set[str], verb: str) -> str:
    return f"{verb} {', '.join(sorted(names))}" if names else ""


def _flat(document: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """`{"estimator": {"name": ...}}` as `{"estimator name": ...}`."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        name = f"{above} {key}".strip()
        found |= _flat(value, name) if isinstance(value, Mapping) else {name: value}
    return found


def _side_by_side(champion: ModelVersion, request: PromotionRequest, bound: Sequence[EvidenceItem]) -> SafeString:
    candidate = _performance(bound)
    differences = {
        item.metric: item
        for item in bound
        if item.kind == "comparison" and item.set.against_digest == champion.artifact_digest
    }
    before = _of_champion(champion, request, candidate)
    headers = ["Metric", "Champion", "Candidate", "Difference, paired", "It shows", "n"]
    return show.table(
        headers,
        [
            [
                show.row(item, figures.name(item.metric)),
                figures.figure(before.get(item.metric)),
                figures.figure(item),
                figures.figure(differences.get(item.metric)),
                figures.change(differences[item.metric]) if item.metric in differences else show.NOTHING,
                item.n,
            ]
            for item in sorted(candidate, key=lambda item: item.metric not in differences)
        ],
        empty="The candidate has not been evaluated.",
    )


def _performance(bound: Sequence[EvidenceItem]) -> list[EvidenceItem]:
    """The candidate's own figures, the newest of each metric."""
    chosen = [item for item in bound if item.kind == "evaluation" and not item.group]
    newest = {item.metric: item for item in sorted(chosen, key=lambda item: item.set.created_at)}
    return list(newest.values())


def _of_champion(
    champion: ModelVersion, request: PromotionRequest, candidate: Sequence[EvidenceItem]
) -> dict[str, EvidenceItem]:
    """The champion's figures on the same data and rows, as they were known when the request was made."""
    found = EvidenceItem.objects.filter(
        set__model_version=champion,
        set__created_at__lte=request.created_at,
        set__dataset_digest__in={item.set.dataset_digest for item in candidate},
        split__in={item.split for item in candidate},
        kind="evaluation",
        group="",
    )
    return {item.metric: item for item in found.order_by("set__created_at")}
