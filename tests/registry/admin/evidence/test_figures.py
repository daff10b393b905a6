"""A paired difference in a word, an interval on a line, and evidence as tables."""

import pytest
from django.utils import timezone

from registry.admin.decisions import comparison, standing
from registry.admin.decisions.strip import strip
from registry.admin.evidence import figures
from registry.models import EvidenceItem, EvidenceSet, PromotionRequest


@pytest.mark.parametrize(
    ("metric", "low", "high", "words"),
    [
        ("roc_auc", 0.007, 0.03, "better"),
        ("roc_auc", -0.03, -0.007, "worse"),
        ("brier", -0.013, -0.001, "better"),
        ("brier", 0.001, 0.013, "worse"),
        ("roc_auc", -0.002, 0.031, "no difference shown"),
        ("roc_auc", None, None, "no difference shown"),
    ],
)
def test_change_is_better_worse_or_not_shown(metric: str, low: float | None, high: float | None, words: str) -> None:
    assert f"> {words}<" in figures.change(EvidenceItem(metric=metric, value=0.0, low=low, high=high))


def test_figure_without_a_value_says_why() -> None:
    assert figures.figure(EvidenceItem(metric="recall", fields={"reason": "no positives"})) == "no positives"


def test_strip_shades_the_side_that_passes() -> None:
    drawn = strip(0.5, 0.0, 1.0, 0.5, wants_more=True)
    assert '<rect class="strip-good" x="84.0" y="3" width="84.0"' in drawn
    assert '<rect class="strip-good" x="0" y="3" width="84.0"' in strip(0.5, 0.0, 1.0, 0.5, wants_more=False)


def test_strip_of_a_single_point_is_drawn() -> None:
    assert 'cx="6.0"' in strip(0.8, 0.8, 0.8, 0.8, wants_more=True)


@pytest.mark.parametrize(
    ("duration", "words"),
    [("P5D", "5 days"), ("P12M", "12 months"), ("PT4H", "4 hours"), ("P1D", "1 day"), ("P1DT2H", "P1DT2H"), ("", "")],
)
def test_length_reads_as_words_where_one_unit_does(duration: str, words: str) -> None:
    assert standing.length(duration) == words


def test_comparison_has_the_figure_of_all_rows_and_not_that_of_a_class() -> None:
    about = EvidenceSet(created_at=timezone.now())
    whole = EvidenceItem(kind="evaluation", metric="precision", value=0.9, set=about)
    of_class = EvidenceItem(kind="evaluation", metric="precision", attribute="class", group="a", value=0.1, set=about)
    body = comparison.body(PromotionRequest(), None, [whole, of_class])
    assert ("0.900" in body, "0.100" in body) == (True, False)
