"""Nothing leaks: what the preparation learned is what it learns from the training rows alone."""

import pickle

import numpy as np
import pyarrow as pa
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from tests.workers.pipelines.preparation.made import EVERYTHING, PREPARATION, answers, laid, pipeline, visitors
from workers.pipelines import preparation

TRAINED = np.arange(200)


def test_fitted_statistics_are_those_of_the_training_rows_only() -> None:
    table, labels = visitors(), answers(visitors())
    layout, rows = laid(table, EVERYTHING, PREPARATION)
    # The other rows become extreme: any statistic that had seen them would move.
    others = visitors(200, seed=1)
    wild = others.set_column(others.column_names.index("income"), "income", pa.array([1e12] * 200))
    wild = wild.set_column(wild.column_names.index("city"), "city", pa.array(["Atlantis"] * 200))
    _, mixed = laid(pa.concat_tables([table.slice(0, 200), wild]), EVERYTHING, PREPARATION)
    one, other = (pipeline(layout).fit(source[TRAINED], labels[TRAINED])[0].fitted_ for source in (rows, mixed))
    assert pickle.dumps(one) == pickle.dumps(other)


def test_each_fold_of_cross_validation_learns_its_own_statistics() -> None:
    table, labels = visitors(), answers(visitors())
    layout, rows = laid(table, {"income": "numeric"}, {"scaling": "standard"})
    income = table["income"].to_numpy()
    for train, _ in StratifiedKFold(3, shuffle=True, random_state=0).split(np.zeros(len(labels)), labels):
        fitted = clone(pipeline(layout)).fit(rows[train], labels[train])[0].fitted_
        seen = income[train][~np.isnan(income[train])].astype(np.float32)
        assert fitted.filled.fill[0, 0] == np.median(seen.astype(np.float64)).astype(np.float32)
        held = np.where(np.isnan(income[train]), np.median(seen), income[train]).astype(np.float32)
        assert fitted.scales.center[0, 0] == held.astype(np.float64).mean().astype(np.float32)


def test_rows_to_predict_change_nothing_of_what_was_fitted() -> None:
    layout, rows = laid(visitors(), EVERYTHING, PREPARATION)
    fitted = pipeline(layout).fit(rows[TRAINED], answers(visitors())[TRAINED])
    before = pickle.dumps(fitted)
    fitted.predict_proba(rows)
    preparation.report(fitted, rows, layout)
    assert pickle.dumps(fitted) == before
