"""Evidence on a page: under its title, in a reviewer's order, what is suspect first and what is unsure left out."""

from typing import Any

import pytest

from registry.admin.evidence import groups, measured
from registry.admin.pictures import shown
from registry.models import EvidenceItem
from tests.registry.admin.reading import words

LEVELS = {"feature": "CIT", "output": "score", "type": "categorical", "grid": [1.0, 4.0, 5.0],
          "mean": [0.5, 0.4, 0.3], "quantiles": {"0.1": [0.2, 0.2, 0.2], "0.5": [0.5, 0.4, 0.3],
                                                  "0.9": [0.7, 0.6, 0.5]}}  # fmt: skip
FIT = {"name": "fit", "series": "train", "x": "step", "y": "score", "points": [[0.0, 0.9], [1.0, 0.7], [2.0, 0.6]]}


def item(kind: str, metric: str = "", **more: Any) -> EvidenceItem:
    return EvidenceItem(kind=kind, metric=metric, **more)


def titles(*items: EvidenceItem) -> list[str]:
    return [title for title, _ in measured.by_kind(items)]


def test_titles_stand_in_the_order_in_which_a_reviewer_asks() -> None:
    found = titles(
        item("leakage", "duplicate_rows", value=0.1),
        item("reproduction", fields={"verdict": "different"}),
        item("robustness", "accuracy", attribute="noise", group="0.5", value=0.6),
        item("fairness", "impact_ratio", attribute="SEX+RAC1P", group="1+2", value=0.9),
        item("evaluation", "accuracy", value=0.8, n=10),
        item("comparison", "accuracy", value=0.1),
    )
    assert found == [
        "Candidate minus champion",
        "Performance",
        "Fairness by SEX and RAC1P",
        "Robustness: noise",
        "Leakage",
        "Reproduction",
    ]


def test_leakage_is_one_table_with_what_is_suspect_first() -> None:
    quiet = item("leakage", "single_column", group="SCHL", value=0.7, n=9, fields={"suspect": False}, pk=None)
    suspect = item(
        "leakage", "duplicate_rows", value=0.2, n=9, method="equal rows", fields={"suspect": True, "rows": 2}
    )
    ((title, body),) = measured.by_kind([quiet, suspect])
    read = words(body)
    assert (title, read.index("▲ suspect") < read.index("nothing suspect")) == ("Leakage", True)
    assert read.startswith("Check Column Found Value n What it is Details Duplicate rows")


def test_group_of_two_attributes_is_named_by_both() -> None:
    assert groups.name(item("slice", attribute="AGEP+SEX", group="below 30+1")) == "AGEP below 30, SEX 1"
    assert groups.name(item("slice", attribute="AGEP", group="a+b")) == "a+b"
    assert groups.full_name(item("fairness", attribute="SEX", group="2")) == "SEX 2"


def test_groups_of_too_few_rows_are_marked_and_not_drawn() -> None:
    rates = [
        item("fairness", "impact_ratio", attribute="RAC1P", group=str(one), value=0.9, low=0.8, high=1.0, n=50,
             fields={"excluded": True} if one == 3 else {})
        for one in (1, 2, 3)
    ]  # fmt: skip
    ((_, body),) = measured.by_kind(rates)
    assert (body.count("<circle"), words(body).count("too few rows to be judged")) == (2, 1)


def test_robustness_says_in_which_unit() -> None:
    ((_, body),) = measured.by_kind([item("robustness", "accuracy", attribute="shift", group="0.5", value=0.6)])
    assert words(body).startswith("Every number was moved by so many standard deviations. How much n Accuracy 0.5")


def test_curves_of_classes_are_folded_under_their_names() -> None:
    curve = {"x": "recall", "y": "precision", "columns": {"recall": [0.0, 1.0], "precision": [1.0, 0.5]}}
    items = [item("curve", "precision_recall", attribute="class", group=one, fields=curve) for one in ("a", "b")]
    body = measured.curves(items)
    assert [body.count(f"<summary>Class {one}</summary>") for one in ("a", "b")] == [1, 1]


def test_dependence_on_a_category_has_a_dot_for_each_level_by_its_name() -> None:
    """Codes are no distances: a line from level 1 to level 4 would say that 2 and 3 lie between."""
    drawn = shown.picture("partial_dependence", LEVELS)
    assert (drawn.count("<circle"), drawn.count("picture-line")) == (3, 0)
    assert [f">{level}</text>" in drawn for level in (1, 4, 5)] == [True, True, True]


def test_least_important_dependences_are_folded() -> None:
    sizes = [item("explanation", "mean_abs_shap", group=f"f{one}", value=one) for one in range(8)]
    moved = [item("curve", "partial_dependence", group=f"f{one}", fields={**LEVELS, "feature": f"f{one}"})
             for one in range(8)]  # fmt: skip
    body = dict(measured.by_kind([*sizes, *moved]))["Partial dependence"]
    first, _, rest = body.partition("2 more, of features that matter less")
    assert (first.count("<figure>"), rest.count("<figure>"), "<figcaption>f7<" in first) == (6, 2, True)


def test_curve_of_a_training_is_drawn_and_has_its_points_as_a_table() -> None:
    drawn = shown.one(item("curve", "fit", fields=FIT))
    assert drawn.count('class="picture-line"') == 1
    assert words(drawn).startswith("Fit, train")
    assert "Step Score 0.000 0.900" in words(drawn)


@pytest.mark.parametrize(
    ("suspects", "words_"),
    [(0, "ROC AUC 0.880 [0.860, 0.900] on 1,500 rows."),
     (2, "ROC AUC 0.880 [0.860, 0.900] on 1,500 rows. Leakage is suspected in 2 places.")],
)  # fmt: skip
def test_summary_is_the_first_figure_of_all_rows_and_what_is_suspect(suspects: int, words_: str) -> None:
    leaks = [item("leakage", fields={"suspect": True}) for _ in range(suspects)]
    of_class = item("evaluation", "recall", group="a", value=0.1, n=3)
    whole = item("evaluation", "roc_auc", value=0.88, low=0.86, high=0.9, n=1500)
    assert measured.summary([of_class, whole, *leaks]) == words_


def test_summary_without_a_figure_says_nothing() -> None:
    assert measured.summary([item("evaluation", "roc_auc", fields={"reason": "one class"})]) == ""
