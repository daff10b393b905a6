"""Whether a detector that a person chose finds the rows otherwise than its reference, or than its own past."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from monitoring import detectors
from monitoring.detectors.detector import Detector, Offline, Reference, Remote, State
from monitoring.detectors.online import Online
from monitoring.detectors.samples import Unusable
from monitoring.detectors.verdict import Verdict as Said
from monitoring.measures.estimate import Detail, Estimate
from monitoring.services import columns
from monitoring.services.checks import finding
from monitoring.services.checks.finding import Elsewhere, Finding, Verdict
from monitoring.services.checks.question import Question
from monitoring.services.profiles import Column, Missing
from registry.models import ModelVersion

Table = dict[str, Column]
VERDICTS = {"drift": Verdict.ALARM, "quiet": Verdict.QUIET, "not_evaluable": Verdict.NOT_EVALUABLE}
KINDS = {"numbers": ("numeric",), "categories": ("categorical",), "any": ("numeric", "categorical")}


def look(question: Question) -> Finding | Elsewhere:
    """The verdict of the method, at its own rate of false alarms a look; one of another environment answers later.

    A method that goes along a stream remembers it from look to look in the monitor's progress, of one version.
    """
    chosen = detectors.find(question.asked["detector"])
    window = _window(question, chosen)
    if isinstance(chosen, Online):
        return _along(question, chosen, window)
    reference = _reference(question, tuple(window))
    if isinstance(chosen, Remote):
        return _elsewhere(question, chosen, reference, window)
    assert isinstance(chosen, Offline)
    prepared = _prepared(chosen.name, json.dumps(question.asked["settings"], sort_keys=True), _Keyed(reference))
    settings = chosen.settings(question.asked["settings"])
    return told(question, chosen, chosen.judge(settings, prepared, window))


def told(question: Question, chosen: Detector, said: Said, state: State | None = None) -> Finding:
    """What the method said as a finding; whose it is, and under which terms, stands with its figure."""
    level = chosen.false_alarms(chosen.settings(question.asked["settings"]))
    detail: Detail = {"library": chosen.library, "licence": chosen.licence.name, "missing": said.missing}
    detail |= {name: value for name in ("threshold", "log10_p") if (value := getattr(said, name)) is not None}
    one = Estimate(chosen.name, said.statistic, None, None, 1 - level, said.n, chosen.title, detail=detail)
    figures = [*finding.told([one]), {"said": said.details}]
    limit = said.threshold if said.log10_p is None else None
    main = None if said.statistic is None else finding.main_of(one, limit)
    progress = None if state is None else {"version": str(question.version.pk), "state": state}
    reason = f"{chosen.title}: {said.reason}.{_terms(chosen)}"
    return Finding(question.window, VERDICTS[said.decision], reason, figures, main, progress=progress)


def state_of(question: Question, chosen: Detector) -> State | None:
    """What the method knew after the look before; nothing of another version, or of other settings."""
    carried = question.monitor.progress
    state: State | None = carried.get("state")
    if state is None or carried.get("version") != str(question.version.pk):
        return None
    return state if state.get("detector", chosen.name) == chosen.name else None


def _along(question: Question, chosen: Online, window: Table) -> Finding:
    state = state_of(question, chosen) or chosen.start(_centred(question, chosen, window))
    (values,) = window.values()
    after, said = chosen.advance(state, values)
    return told(question, chosen, said, after)


def _centred(question: Question, chosen: Online, window: Table) -> dict[str, Any]:
    """The settings, with the reference's mean and deviation where nobody gave others."""
    given = dict(question.asked["settings"])
    if "scale" in chosen.properties and not {"center", "scale"} & given.keys():
        (values,) = _reference(question, tuple(window)).values()
        known = values[np.isfinite(values)]
        if known.size and known.std() > 0:
            given |= {"center": float(known.mean()), "scale": float(known.std())}
    return chosen.settings(given)


def _elsewhere(question: Question, chosen: Remote, reference: Table, window: Table) -> Finding | Elsewhere:
    """The arrays for the other environment; it reads them from the artifact store, by digest."""
    from monitoring.detectors import alibi  # beside what it describes

    try:
        before, after = alibi.pack(reference, window)
    except Unusable as error:
        return told(question, chosen, error.verdict)
    state = state_of(question, chosen) if chosen.takes == "stream" else None
    return Elsewhere(question.window, chosen.name, chosen.settings(question.asked["settings"]), (before, after), state)


def answered(question: Question, answer: Mapping[str, Any]) -> Finding:
    """What the other environment answered."""
    chosen = detectors.find(question.asked["detector"])
    assert isinstance(chosen, Remote)
    said, state = chosen.read(answer)
    return told(question, chosen, said, state)


def _window(question: Question, chosen: Detector) -> Table:
    window, watches = question.window, question.asked["watches"]
    if watches == "score":
        return _of_scores(question, window.scores, chosen)
    if watches == "decision":
        if question.task == ModelVersion.Task.REGRESSION:
            raise Missing("A number is no decision; watch the score.")
        return {"decision": window.decisions.astype(np.float64)}
    schema = question.version.input_schema
    rows = columns.of_rows(window.features, schema)
    return {name: rows[name] for name in _names(question, chosen)}


def _reference(question: Question, names: tuple[str, ...]) -> Table:
    if question.asked["watches"] == "inputs":
        rows = question.references.rows(question.version)
        return {name: rows[name] for name in names}
    answers = question.references.answers(question.version)
    if question.asked["watches"] == "decision":
        return {"decision": answers.decision}
    return _of_scores(question, answers.score, detectors.find(question.asked["detector"]))


def _of_scores(question: Question, scores: Column, chosen: Detector) -> Table:
    if chosen.takes != "predictions":
        return {"score": scores}
    if question.task != ModelVersion.Task.BINARY:
        raise Missing(f"{chosen.name} needs the probability of every class; the log keeps the chosen one's.")
    return {"negative": 1.0 - scores, "positive": scores}


def _names(question: Question, chosen: Detector) -> list[str]:
    """The columns that are asked for; else every one that the method has a use for. Raises Missing."""
    kinds = columns.kinds(question.version.input_schema)
    wanted = KINDS["numbers" if chosen.takes == "stream" else chosen.fits]
    asked = question.asked["columns"] or [name for name, kind in kinds.items() if kind in wanted]
    if absent := sorted(set(asked) - kinds.keys()):
        raise Missing(f"The version takes no column {', '.join(absent)} that has a distribution.")
    if not asked:
        raise Missing(f"The version takes no column of {chosen.fits} that {chosen.name} could look at.")
    return list(asked)


class _Keyed:
    """A table as a key of a cache: the same arrays, the same key."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.key = tuple((name, id(column)) for name, column in table.items())

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key


@lru_cache(maxsize=8)
def _prepared(name: str, settings: str, reference: _Keyed) -> Reference:
    """Made once a process; it holds the arrays, so that no others take their place."""
    chosen = detectors.find(name)
    assert isinstance(chosen, Offline)
    return chosen.prepare(chosen.settings(json.loads(settings)), reference.table)


def _terms(chosen: Detector) -> str:
    return "" if chosen.licence.production else f" {chosen.library}, {chosen.licence.name}: not for any production."
