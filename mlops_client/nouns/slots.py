"""Slots: what serves, and predictions of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from mlops_client import frames, tables
from mlops_client.errors import NotFound, Unusable
from mlops_client.nouns.base import MOST_SEARCHED, Collection, Record, identity, missing
from mlops_client.nouns.systems import System, Systems

ROWS_A_REQUEST = 500


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer; its id is what an outcome or an explanation refers to."""

    id: str
    score: float | None
    decision: Any
    model_version: str
    arm: str
    data: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def read(cls, data: dict[str, Any]) -> "Prediction":
        score, decision = data.get("score"), data.get("decision")
        return cls(data["id"], score, decision, data["model_version"], data["arm"], data)


class Predictions(Sequence[Prediction]):
    """Answers in the order of the rows."""

    def __init__(self, answers: Sequence[Prediction]) -> None:
        self._answers = list(answers)

    def __getitem__(self, which: Any) -> Any:
        return self._answers[which]

    def __len__(self) -> int:
        return len(self._answers)

    def frame(self) -> Any:
        """As a pandas DataFrame, which has to be installed."""
        import pandas  # the client does without it; who calls this has it

        return pandas.DataFrame([one.data for one in self])

    def _repr_html_(self) -> str:
        rows = [(one.score, one.decision, one.arm, one.id) for one in self]
        return tables.as_html(("score", "decision", "arm", "id"), rows)


@dataclass(kw_only=True, repr=False)
class Slot(Record):
    PATH = "/api/v1/slots"
    SHOWN = ("key", "serving", "revision", "id")
    LISTED = ("key", "serving")

    system: str
    name: str
    key: str
    revision: int
    created_at: datetime
    current: dict[str, Any] | None = None

    @property
    def address(self) -> str:
        return f"/api/v1/slots/{self.key}"

    @property
    def serving(self) -> str:
        """The version that serves, by name; empty where none does."""
        if "current" not in self.data:  # a list does not tell it
            self.refresh()
        current = self.current or {}
        canary = f", {current['canary_percent']}% to {current['canary_name']}" if current.get("canary_name") else ""
        return f"{current.get('champion_name') or ''}{canary}"

    def history(self) -> Iterator[dict[str, Any]]:
        """Everything it ever served, newest first."""
        return self.session.rows(f"/api/v1/slots/{self.key}/history")

    def predict(self, rows: Any, *, entity: str | None = None, attributes: Sequence[str] = ()) -> Predictions:
        """Ask what serves. Every answer is logged before it is given. Raises Invalid, Conflict where nothing serves.

        rows: a DataFrame, a pyarrow Table, a list of dicts, or one dict. entity: the column that says whom a row is
        about; attributes: columns with sensitive values, for monitoring alone; all others are the model's features.
        """
        return Slots(self.session).predict(self, rows, entity=entity, attributes=attributes)

    def report(self, outcomes: Mapping[str, Any]) -> int:
        """Tell what turned out to be true, by a prediction's id: its class, or the number that was to be predicted.

        As it becomes known: of some predictions, late, or once more where it was revised. Returns how many were
        stored. Raises Unusable for what is missing or not finite, Invalid for what the version cannot answer.
        """
        return Slots(self.session).report(self, outcomes)


class Slots(Collection[Slot]):
    """By key, as in ``employment.production.champion``."""

    RECORD = Slot

    def get(self, which: Slot | str) -> Slot:
        """By its key, or its id. Raises Unusable."""
        if isinstance(which, Slot):
            return which
        try:
            return Slot.read(self._session.get(f"/api/v1/slots/{which}"), self._session)
        except NotFound as error:
            raise missing("slot", which, (one.key for one in islice(self.all(), MOST_SEARCHED))) from error

    def open(self, system: System | str, name: str) -> Slot:
        """Open a slot in a system; its key is the system's name and the slot's."""
        system = Systems(self._session).get(system)
        return self._post("/api/v1/slots", {"system": identity(system), "name": name})

    def predict(
        self, slot: Slot | str, rows: Any, *, entity: str | None = None, attributes: Sequence[str] = ()
    ) -> Predictions:
        """``Slot.predict`` by key alone: a calling application may ask a slot that it may not read."""
        asked = [_row(row, entity, attributes) for row in frames.dicts(rows)]
        answers: list[Prediction] = []
        for start in range(0, len(asked), ROWS_A_REQUEST):
            body = {"rows": asked[start : start + ROWS_A_REQUEST]}
            answer = self._session.post(f"/api/v1/slots/{_key(slot)}/predict", body)
            answers += [Prediction.read(one) for one in answer["predictions"]]
        return Predictions(answers)

    def report(self, slot: Slot | str, outcomes: Mapping[str, Any]) -> int:
        """``Slot.report`` by key alone."""
        rows = [{"prediction": id_, "value": _truth(id_, true)} for id_, true in outcomes.items()]
        stored: int = self._session.post(f"/api/v1/slots/{_key(slot)}/outcomes", {"outcomes": rows})["stored"]
        return stored


def _truth(prediction: str, value: Any) -> Any:
    """What turned out, as the server takes it: text or a finite number; true and false are the classes 1 and 0."""
    plain = frames.value(value)
    if plain is None:
        raise Unusable(
            f"What is reported of prediction {prediction} is missing or not finite.",
            remedy="Leave it out until it is known.",
        )
    return int(plain) if isinstance(plain, bool) else plain


def _key(slot: Slot | str) -> str:
    return slot.key if isinstance(slot, Slot) else slot


def _row(row: dict[str, Any], entity: str | None, attributes: Sequence[str]) -> dict[str, Any]:
    apart = set(attributes) | ({entity} if entity else set())
    missing = apart - set(row)
    if missing:
        raise Unusable(f"The rows have no column {', '.join(sorted(missing))}.")
    asked: dict[str, Any] = {"features": {name: value for name, value in row.items() if name not in apart}}
    if entity:
        asked["entity"] = str(row[entity])
    if attributes:
        asked["attributes"] = {name: row[name] for name in attributes}
    return asked
