"""Pictures: the same bytes for the same figures, escaped, with every number in the table beneath."""

import numpy as np
import pytest

from monitoring.measures import curves
from registry.admin.evidence import measured
from registry.admin.pictures import axes, bars, matrix, shown
from registry.admin.pictures.bars import Line
from registry.models import EvidenceItem


def roc() -> EvidenceItem:
    """A curve of three points that a reader can follow."""
    found = curves.roc([0, 1, 1, 0], [0.1, 0.9, 0.4, 0.6])
    assert found is not None
    return EvidenceItem(kind="curve", metric="roc", n=4, fields={"x": found.x, "y": found.y, "columns": found.columns})


def test_curve_is_drawn_from_corner_to_corner_with_its_table() -> None:
    drawn = shown.one(roc())
    assert drawn == shown.one(roc())
    assert 'class="picture-line" d="M58 224L58 119L191 119L191 14L324 14"' in drawn
    assert "True positive rate" in drawn
    assert "<table" in drawn
    assert "<script" not in drawn


def test_names_from_data_are_escaped() -> None:
    drawn = bars.bars("Evil", [Line("<script>alert(1)</script>", 1.0)])
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), (-3, 7, [-2, 0, 2, 4, 6]), (0.0, 0.0004, [0, 1e-4, 2e-4, 3e-4, 4e-4])],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert axes.ticks(low, high) == pytest.approx(expected)


def test_confusion_matrix_has_every_count() -> None:
    drawn = matrix.confusion(curves.confusion([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], classes=["no", "yes"]))
    assert [f">{count}</text>" in drawn for count in (1, 2)] == [True, True]
    assert "67 %" in drawn


def test_confusion_matrix_of_many_classes_is_left_to_the_table() -> None:
    label = np.arange(20)
    assert "too many" in matrix.confusion(curves.confusion(label, label, classes=list(range(20))))


def test_equal_values_are_drawn_all_the_same() -> None:
    assert bars.dots("Even", [Line("a", 0.5), Line("b", 0.5)]).count("<circle") == 2
    assert bars.bars("None", [Line("a", 0.0)]).count("<rect") == 1


def test_trade_off_marks_the_chosen_candidate() -> None:
    entries = [{"candidate": one, "error": 0.2 + one / 10, "disparity": 0.3 - one / 10, "chosen": one == 1}
               for one in range(3)]  # fmt: skip
    drawn = shown.trade_off(entries)
    assert (drawn.count("picture-dot-chosen"), drawn.count("<circle")) == (1, 3)


def test_groups_with_figures_are_pictured_above_their_table() -> None:
    rates = [EvidenceItem(kind="fairness", metric="impact_ratio", attribute="SEX", group=str(one), value=0.9, low=0.8,
                          high=1.0, n=50) for one in (1, 2)]  # fmt: skip
    ((title, body),) = measured.by_kind(rates)
    assert title == "Fairness by SEX"
    assert body.count("<svg") == 1
