"""Whether the rows that are asked keep what the version's data promise, and hold no values that it never saw."""

from collections.abc import Iterator

import numpy as np

from monitoring.measures import categories, intervals
from monitoring.measures.estimate import COLUMN, Estimate
from monitoring.measures.profiles import CategoricalColumn
from monitoring.services import columns, windows
from monitoring.services.checks import finding
from monitoring.services.checks.finding import Finding
from monitoring.services.checks.question import Question
from monitoring.services.windows import Column

CONFIDENCE = 0.95
#: What a share of rows is allowed, and how many of how many rows there are: name, column, count, n, allowed.
Count = tuple[str, str, int, int, float]


def look(question: Question) -> Finding:
    """Each share of rows that are missing, never seen, out of range, against the contract, or refused as unfit.

    An alarm where one is surely more than is allowed; the intervals of all hold together.
    """
    found = [*_by_column(question), *_contract(question), *_refused(question)]
    each = intervals.bonferroni(CONFIDENCE, len(found))
    limits = [(_share(one, each), "<=", one[-1]) for one in found]
    return finding.against(question.window, limits, [one for one, _, _ in limits])


def _share(counted: Count, confidence: float) -> Estimate:
    name, column, count, n, allowed = counted
    low, high = intervals.wilson(count, n, confidence)
    place = COLUMN if column else ""
    return Estimate(
        name, count / n, low, high, confidence, n, "Wilson, Bonferroni", place, column, {"allowed": allowed}
    )


def _by_column(question: Question) -> Iterator[Count]:
    """Against the reference: what is allowed is what was there, and the tolerance more."""
    profile, n = question.references.inputs(question.version), question.window.n
    schema, tolerance = question.version.input_schema, question.asked["tolerance"]
    ranges = question.version.dataset_version.profile.get("columns", {})
    sent = columns.of_rows(question.window.features, schema)
    for column in profile.columns:
        values = sent[column.name]
        missing = _missing(values)
        yield "missing_rate", column.name, int(missing.sum()), n, column.missing / profile.rows + tolerance
        if isinstance(column, CategoricalColumn):
            if column.rare_levels == 0:
                yield "unseen_rate", column.name, _unseen(values[~missing], column), n, tolerance
        elif "min" in (seen := ranges.get(column.name, {})):
            outside = (values < seen["min"]) | (values > seen["max"])
            yield "out_of_range_rate", column.name, int(outside.sum()), n, tolerance


def _missing(values: Column) -> Column:
    return np.array([value is None for value in values]) if values.dtype == object else np.isnan(values)


def _unseen(values: Column, column: CategoricalColumn) -> int:
    names, codes = categories.factorise(values)
    new = np.array([name not in column.levels for name in names], dtype=bool)
    return int(new[codes].sum()) if names else 0


def _contract(question: Question) -> Iterator[Count]:
    """What the rows break of the contract of the version's data; a promise that is kept is not listed."""
    version, rows = question.version, question.window.features
    if not version.dataset_version.dataset.contract or question.references.models is None:
        return
    for one in question.references.models.violations(version, rows):
        allowed = question.asked["tolerance"] if one.promised is None else one.promised
        yield f"contract_{one.rule}", one.column, one.count, len(rows), allowed


def _refused(question: Question) -> Iterator[Count]:
    """Requests that did not fit the input schema were never answered, so they are no rows of the window."""
    unfit = windows.unfit(question.monitor.slot, question.version, question.window)
    requests = len({(row.at, row.request) for row in question.window.rows}) + unfit
    yield "unfit_request_rate", "", unfit, requests, question.asked["tolerance"]
