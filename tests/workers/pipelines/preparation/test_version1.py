"""The preparation: a missing category is a level of its own, an unknown one is none, numbers are imputed and scaled."""

import numpy as np
import pytest

from workers.pipelines.preparation import version1

ROWS = np.array([[1, 10], [2, np.nan], [np.nan, 30]], dtype=np.float32)
FEATURES = {"kind": "categorical", "size": "numeric"}


def test_transformer_missing_category_is_a_level_and_missing_number_the_median() -> None:
    prepared = version1.transformer(FEATURES, scaled=False).fit_transform(ROWS)
    assert prepared.tolist() == [[10, 0, 1, 0], [20, 0, 0, 1], [30, 1, 0, 0]]


def test_transformer_unknown_category_has_no_level() -> None:
    fitted = version1.transformer(FEATURES, scaled=False).fit(ROWS)
    assert fitted.transform(np.array([[9, 5]], dtype=np.float32)).tolist() == [[5, 0, 0, 0]]


def test_transformer_scaled_numbers_have_mean_0_and_deviation_1() -> None:
    sizes = version1.transformer(FEATURES, scaled=True).fit_transform(ROWS)[:, 0]
    assert sizes == pytest.approx([-np.sqrt(1.5), 0, np.sqrt(1.5)])
