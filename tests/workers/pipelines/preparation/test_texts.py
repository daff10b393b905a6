"""Free text: one spelling for one word, the weights of scikit-learn, and words counted."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tests.workers.pipelines.preparation.made import prepared
from workers.pipelines import matrices
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.preparation.ops import TOKEN

NOTES = pa.table({"note": ["Die Straße, die STRASSE!", "x-ray 42", None, "die ﬁne Straße"]})
ONCE = {"type": "text", "text": {"min_rows": 1}}


def test_words_are_folded_to_one_spelling() -> None:
    step, _ = prepared(NOTES, {"note": ONCE})
    assert step.names_ == ["note:42", "note:die", "note:fine", "note:ray", "note:strasse", "note:x"]


@pytest.mark.parametrize("ngrams", [1, 2])
def test_weights_are_those_of_scikit_learn(ngrams: int) -> None:
    step, columns = prepared(NOTES, {"note": {"type": "text", "text": {"min_rows": 1, "ngrams": ngrams}}})
    folded = ["die strasse, die strasse!", "x-ray 42", "", "die fine strasse"]
    plain = TfidfVectorizer(token_pattern=TOKEN, ngram_range=(1, ngrams))
    expected = plain.fit_transform(folded).toarray()
    assert [name.removeprefix("note:") for name in step.names_] == plain.get_feature_names_out().tolist()
    assert pytest.approx(expected, abs=1e-7) == np.array(list(columns.values())).T


def test_words_are_counted_and_missing_text_has_none() -> None:
    derived = [{"kind": "words", "of": "note"}]
    _, columns = prepared(NOTES, {"note": {"type": "text", "keep": False}}, {"derived": derived})
    assert columns == {"words(note)": [4, 3, 0, 3]}


def test_vocabulary_keeps_the_most_frequent_terms() -> None:
    step, _ = prepared(NOTES, {"note": {"type": "text", "text": {"max_terms": 2, "min_rows": 1}}})
    assert step.names_ == ["note:die", "note:strasse"]


def test_text_without_a_common_word_is_refused() -> None:
    with pytest.raises(TrainingRefused, match="The text 'note' has no word that stands in 2 rows"):
        prepared(pa.table({"note": ["a", "b", "c"]}), {"note": "text"})


def test_text_longer_than_declared_is_refused() -> None:
    with pytest.raises(TrainingRefused, match="'note' has up to 24 characters, at most 10 count"):
        prepared(NOTES, {"note": {"type": "text", "text": {"max_length": 10}}})


def test_inputs_of_rows_and_of_a_table_are_the_same() -> None:
    step, _ = prepared(NOTES, {"note": ONCE})
    given = matrices.inputs(NOTES.to_pylist(), step.layout.entries)
    assert given.texts is not None
    assert given.texts.tolist() == matrices.inputs(NOTES, step.layout.entries).texts.tolist()  # type: ignore[union-attr]
