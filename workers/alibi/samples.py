"""alibi-detect's comparisons of a reference with a window; each decides at the level `alpha` over all columns."""

import importlib.util
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.alibi.answers import Refused
from workers.alibi.store import Rows

Settings = dict[str, Any]
Found = dict[str, Any]
Compare = Callable[[Rows, Rows, Settings], Found]

# alibi-detect keeps p-values of columns in single precision: what is below became 0, and is at most this.
LEAST_LOG10_P = math.log10(float(np.finfo(np.float32).smallest_subnormal))


def ks(reference: Rows, window: Rows, settings: Settings) -> Found:
    """Kolmogorov-Smirnov, column by column (`KSDrift`)."""
    from alibi_detect.cd import KSDrift  # seconds to import, and the worker is asked for other things too

    return _by_column(KSDrift(reference, p_val=settings["alpha"]), window, settings)


def chi_square(reference: Rows, window: Rows, settings: Settings) -> Found:
    """Chi-square of categories in codes, column by column (`ChiSquareDrift`); one the reference lacks is a cell too."""
    from alibi_detect.cd import ChiSquareDrift  # as above

    return _by_column(ChiSquareDrift(reference, p_val=settings["alpha"]), window, settings)


def classifier(reference: Rows, window: Rows, settings: Settings) -> Found:
    """Whether a classifier tells the samples apart on rows that it was not trained on (`ClassifierDrift`).

    Trained on one share and tested on the rest. Folds, alibi-detect's other way, test rows on which five classifiers
    that know one another's rows were trained: at 5 % it alarmed on 8.3 % of 600 pairs without drift.
    """
    from alibi_detect.cd import ClassifierDrift  # as above

    detector = ClassifierDrift(
        reference,
        _model(settings),
        backend="sklearn",
        p_val=settings["alpha"],
        preds_type="probs",
        binarize_preds=False,
        train_size=settings["train_share"],
        seed=settings["seed"],
    )
    data = detector.predict(window)["data"]
    return decided(_log10(data["p_val"]), data["distance"], settings)


def uncertainty(reference: Rows, window: Rows, settings: Settings) -> Found:
    """Whether a model became more or less certain: rows are its class probabilities (`ClassifierUncertaintyDrift`)."""
    from alibi_detect.cd import ClassifierUncertaintyDrift  # as above

    for name, rows in (("reference", reference), ("window", window)):
        if rows.shape[1] < 2 or rows.min() < 0 or np.abs(rows.sum(axis=1) - 1).max() > 1e-6:
            raise Refused("array", f"The {name} must hold the probabilities of two classes or more, summing to 1.")
    detector = ClassifierUncertaintyDrift(
        reference,
        model=np.asarray,  # The rows are the predictions already.
        p_val=settings["alpha"],
        preds_type="probs",
        uncertainty_type=settings["uncertainty"],
        margin_width=settings["margin_width"],
    )
    return _by_column(detector, window, settings)


def mmd(reference: Rows, window: Rows, settings: Settings) -> Found:
    """Maximum mean discrepancy with a permutation test (`MMDDrift`); needs torch."""
    from alibi_detect.cd import MMDDrift  # as above

    return _by_permutation(MMDDrift, reference, window, settings)


def lsdd(reference: Rows, window: Rows, settings: Settings) -> Found:
    """Least-squares density difference with a permutation test (`LSDDDrift`); needs torch."""
    from alibi_detect.cd import LSDDDrift  # as above

    return _by_permutation(LSDDDrift, reference, window, settings)


def decided(log10_p: float, statistic: float, settings: Settings, **details: Any) -> Found:
    """Drift where the p-value is at most `alpha`."""
    drifted = log10_p <= math.log10(settings["alpha"])
    return {
        "verdict": "drift" if drifted else "quiet",
        "reason": f"p 1e{log10_p:.1f} against {settings['alpha']:g}",
        "statistic": float(statistic),
        "log10_p": log10_p,
        "details": details,
    }


def _by_column(detector: Any, window: Rows, settings: Settings) -> Found:
    """The smallest p-value over the columns, times their number (Bonferroni)."""
    data = detector.predict(window)["data"]
    distances = np.atleast_1d(data["distance"]).astype(float)
    logs = [_log10(p) for p in np.atleast_1d(data["p_val"])]
    lowest = int(np.argmin(logs))
    columns = [{"statistic": float(d), "log10_p": log} for d, log in zip(distances, logs, strict=True)]
    joint = min(0.0, logs[lowest] + math.log10(len(logs)))
    return decided(joint, distances[lowest], settings, column=lowest, columns=columns)


def _by_permutation(kind: Any, reference: Rows, window: Rows, settings: Settings) -> Found:
    if importlib.util.find_spec("torch") is None:
        raise Refused("not_installed", f"{kind.__name__} needs torch, which is not installed: make alibi TORCH=yes.")
    import torch  # only where it is installed

    torch.manual_seed(settings["seed"])
    permutations = settings["permutations"]
    detector = kind(
        reference.astype(np.float32), backend="pytorch", p_val=settings["alpha"], n_permutations=permutations
    )
    data = detector.predict(window.astype(np.float32))["data"]
    # The observed order is one of the permutations too: without it 0 would be a possible p-value.
    p = (float(data["p_val"]) * permutations + 1) / (permutations + 1)
    return decided(math.log10(p), data["distance"], settings, permutations=permutations)


def _log10(p: float | NDArray[np.float32]) -> float:
    value = float(p)
    if math.isnan(value):
        raise Refused("failed", "alibi-detect answered with a p-value that is no number.")
    return max(math.log10(value), LEAST_LOG10_P) if value > 0 else LEAST_LOG10_P


def _model(settings: Settings) -> Any:
    """The classifier that is to tell the samples apart."""
    from sklearn.ensemble import RandomForestClassifier  # as above
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if settings["classifier"] == "random_forest":
        return RandomForestClassifier(n_estimators=100, min_samples_leaf=5, random_state=settings["seed"])
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
