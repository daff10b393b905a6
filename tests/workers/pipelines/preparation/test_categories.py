"""Categories of codes and of texts: levels, rare and unknown ones, and encodings that do not know a row's label."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from tests.workers.pipelines.preparation.made import answers, laid, prepared, visitors
from workers.pipelines import matrices, preparation
from workers.pipelines.errors import TrainingRefused

CITIES = pa.table({"city": ["Bern", "Genf", None, "Bern", "Chur", ""]})


def test_texts_have_a_column_a_level_and_missing_is_a_level() -> None:
    _, columns = prepared(CITIES, {"city": "categorical"})
    assert columns == {
        "city=missing": [0, 0, 1, 0, 0, 1],
        "city=Bern": [1, 0, 0, 1, 0, 0],
        "city=Chur": [0, 0, 0, 0, 1, 0],
        "city=Genf": [0, 1, 0, 0, 0, 0],
    }


def test_unknown_text_has_no_level() -> None:
    step, _ = prepared(CITIES, {"city": "categorical"})
    assert step.transform(matrices.inputs([{"city": "Rom"}], step.layout.entries)).tolist() == [[0, 0, 0, 0]]


def test_rare_levels_are_one_and_the_unknown_with_them() -> None:
    declared = {"type": "categorical", "rare": {"below_rows": 2}, "encoding": {"kind": "one_hot", "unknown": "rare"}}
    step, columns = prepared(CITIES, {"city": declared})
    assert columns["city=rare"] == [0, 1, 0, 0, 1, 0]
    assert step.names_ == ["city=missing", "city=Bern", "city=rare"]
    assert step.transform(matrices.inputs([{"city": "Rom"}], step.layout.entries)).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize(
    ("missing", "level"), [({"strategy": "most_frequent"}, "Bern"), ({"strategy": "constant", "value": "Genf"}, "Genf")]
)
def test_missing_text_counts_as_the_level_declared(missing: dict[str, str], level: str) -> None:
    step, columns = prepared(CITIES, {"city": {"type": "categorical", "missing": missing}})
    assert step.names_ == ["city=Bern", "city=Chur", "city=Genf"]
    assert (columns[f"city={level}"][2], columns[f"city={level}"][5]) == (1, 1)


def test_corrected_texts_are_their_replacement_in_training_and_later() -> None:
    corrections = [{"column": "city", "values": {"Chur": "Bern", "Genf": None, "Bienne": "Bern"}}]
    step, columns = prepared(CITIES, {"city": "categorical"}, {"corrections": corrections})
    assert columns == {"city=missing": [0, 1, 1, 0, 0, 1], "city=Bern": [1, 0, 0, 1, 1, 0]}
    later = matrices.inputs([{"city": "Bienne"}, {"city": "Genf"}], step.layout.entries)
    assert step.transform(later).tolist() == [[0, 1], [1, 0]]


def test_ordinal_follows_the_declared_order_and_the_unknown_is_minus_one() -> None:
    encoding = {"kind": "ordinal", "order": ["Genf", "Bern"]}
    _, columns = prepared(CITIES, {"city": {"type": "categorical", "encoding": encoding}})
    assert columns == {"ordinal(city)": [1, 0, 2, 1, -1, 2]}


def test_target_encoding_is_that_of_scikit_learn_with_its_cross_fitting() -> None:
    table = visitors()
    labels = answers(table)
    declared = {"city": {"type": "categorical", "encoding": {"kind": "target"}}}
    step, columns = prepared(table, declared, labels=labels)
    named = np.array([[city or ""] for city in table["city"].to_pylist()], dtype=object)
    plain = TargetEncoder(target_type="binary", cv=StratifiedKFold(5, shuffle=True, random_state=0))
    assert columns["target(city)"] == pytest.approx(plain.fit_transform(named, labels)[:, 0], rel=1e-6)
    _, rows = laid(table, declared, {})
    assert step.transform(rows)[:, 0] == pytest.approx(plain.transform(named)[:, 0], rel=1e-6)
    assert step.transform(matrices.inputs([{"city": "Rom"}], step.layout.entries))[0, 0] == pytest.approx(labels.mean())


def test_target_encoding_of_a_row_does_not_know_its_own_label() -> None:
    table = pa.table({"city": [str(row) for row in range(40)]})  # a level a row: the label itself, without folds
    labels = np.tile([0, 1], 20)
    encoding = {"kind": "target", "smooth": 0}
    _, columns = prepared(table, {"city": {"type": "categorical", "encoding": encoding}}, labels=labels)
    assert set(columns["target(city)"]) == {0.5}


def test_codes_keep_version_1s_rules_for_missing_and_unknown() -> None:
    table = pa.table({"code": [1.0, 2.0, None], "note": ["a", "a", "a"]})
    step, columns = prepared(table, {"code": "categorical", "note": {"type": "text", "text": {"min_rows": 1}}})
    assert columns == {"code=missing": [0, 0, 1], "code=1": [1, 0, 0], "code=2": [0, 1, 0], "note:a": [1, 1, 1]}
    assert step.transform(matrices.inputs([{"code": 9, "note": ""}], step.layout.entries)).tolist() == [[0, 0, 0, 0]]


def test_too_many_levels_are_refused_unless_rare_ones_are_grouped() -> None:
    table = pa.table({"city": [str(row) for row in range(501)] + ["0"]})
    layout, rows = laid(table, {"city": "categorical"}, {})
    with pytest.raises(TrainingRefused, match="'city' has 501 levels, at most 500 are allowed"):
        preparation.refuse_unusable(layout, rows)
    layout, rows = laid(table, {"city": "categorical"}, {"rare": {"below_rows": 2}})
    preparation.refuse_unusable(layout, rows)
