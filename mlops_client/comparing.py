"""Two versions side by side: each figure with its interval, and the paired difference where it was measured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mlops_client import tables
from mlops_client.errors import Unusable
from mlops_client.nouns.evaluations import Figure, interval
from mlops_client.nouns.models import ModelVersion
from mlops_client.session import Session

HEADERS = ("metric", "of", "first", "second", "difference", "differ")
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of one group in both versions; `difference` is first minus second on the same rows."""

    metric: str
    attribute: str
    group: str
    first: Figure | None
    second: Figure | None
    difference: Figure | None

    @property
    def differ(self) -> bool | None:
        """Whether the difference's interval excludes zero; None where no paired difference was measured."""
        of = self.difference
        if of is None or of.low is None or of.high is None:
            return None
        return of.low > 0 or of.high < 0

    def cells(self) -> tuple[Any, ...]:
        of = f"{self.attribute} {self.group}".strip()
        figures = [interval(one) if one else "" for one in (self.first, self.second, self.difference)]
        return (self.metric, of, *figures, {True: "yes", False: "no", None: ""}[self.differ])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows of `Compared`. Where `same_rows` is false, first and second were measured on different rows of data.

    A difference is always of the same rows: the server measured it so.
    """

    first: ModelVersion
    second: ModelVersion
    rows: tuple[Compared, ...]
    same_rows: bool

    def __iter__(self) -> Iterator[Compared]:
        return iter(self.rows)

    def __getitem__(self, metric: str) -> Compared:
        """The row of a metric over everybody. Raises KeyError."""
        for row in self.rows:
            if (row.metric, row.attribute) == (metric, ""):
                return row
        raise KeyError(metric)

    def overall(self) -> "Comparison":
        """Without the rows of single groups."""
        return replace(self, rows=tuple(row for row in self.rows if not row.group))

    @property
    def caption(self) -> str:
        note = "" if self.same_rows else "; first and second were measured on different rows"
        return f"{self.first.name} (first) and {self.second.name} (second){note}"

    def __rich__(self) -> Any:
        return tables.as_rich(HEADERS, [row.cells() for row in self.rows], caption=self.caption)

    def __str__(self) -> str:
        return tables.as_text(HEADERS, [row.cells() for row in self.rows], caption=self.caption)

    def _repr_html_(self) -> str:
        return tables.as_html(HEADERS, [row.cells() for row in self.rows], caption=self.caption)


def compare(session: Session, first: ModelVersion, second: ModelVersion) -> Comparison:
    """By their newest evaluations on the same rows, or their newest at all. Raises Unusable without an evaluation."""
    ours, theirs = _measured(session, first), _measured(session, second)
    paired = [one for one in ours if one["against_digest"] == second.artifact_digest]
    mine, other = next(_pairs(paired or ours, theirs), (ours[0], theirs[0]))
    figures, others = _figures(session, mine), _figures(session, other)
    same_rows = _on(first, mine, figures) == _on(second, other, others)
    differences = _figures(session, mine, kind="comparison") if mine in paired else {}
    keys = [*figures, *(key for key in others if key not in figures)]
    rows = tuple(Compared(*key, figures.get(key), others.get(key), differences.get(key)) for key in keys)
    return Comparison(first, second, rows, same_rows)


def _measured(session: Session, version: ModelVersion) -> list[dict[str, Any]]:
    """The version's evaluations as sets of evidence, newest first."""
    sets = [one for one in session.rows("/api/v1/evidence-sets", model_version=version.id) if one["evaluation"]]
    if not sets:
        remedy = f'Evaluate it first: client.evaluate("{version.name}").follow(), or `mlops evaluate "{version.name}"`.'
        raise Unusable(f"{version.name} has not been evaluated.", remedy=remedy)
    return sets


def _pairs(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    return ((one, other) for one in ours for other in theirs if one["dataset_digest"] == other["dataset_digest"])


def _figures(session: Session, of: dict[str, Any], *, kind: str | None = None) -> dict[Key, Figure]:
    """The figures of a set by metric and group: those of one kind, or all that are no comparison."""
    rows = (Figure.read(row, session) for row in session.rows("/api/v1/evidence", set=of["id"], kind=kind))
    kept = [one for one in rows if one.value is not None and (kind or one.kind != "comparison")]
    return {(one.metric, one.attribute, one.group): one for one in sorted(kept, key=_order)}


def _order(figure: Figure) -> tuple[bool, Key]:
    """What counts for everybody comes first."""
    return bool(figure.attribute), (figure.metric, figure.attribute, figure.group)


def _on(version: ModelVersion, set_: dict[str, Any], figures: dict[Key, Figure]) -> Any:
    """What settles which rows were measured: the data, the split, and for a run's hold-out what drew it."""
    splits = {one.split for one in figures.values()}
    if "holdout" not in splits:
        return set_["dataset_digest"], splits
    run = version.session.get(f"/api/v1/runs/{version.run}")
    return set_["dataset_digest"], splits, run["seed"], run["recipe"].get("holdout"), run["recipe"].get("label")
