"""Learn a preparation from rows, step after step, each from what the steps before it made of them."""

from typing import Any

import numpy as np

from workers.pipelines.errors import TrainingRefused
from workers.pipelines.matrices import Inputs, Matrix
from workers.pipelines.preparation import categories
from workers.pipelines.preparation.corrections import corrections, replaced_texts
from workers.pipelines.preparation.derived import Derived
from workers.pipelines.preparation.fitted import Fitted
from workers.pipelines.preparation.layout import Layout
from workers.pipelines.preparation.numbers import Filled, Scaled
from workers.pipelines.preparation.ops import Array, Arrays
from workers.pipelines.preparation.slots import slots_of
from workers.pipelines.preparation.texts import Weighted

COLUMNS_AT_MOST = 70_000
ARRAYS = Arrays()


def fit(
    layout: Layout, given: Inputs, labels: Array | None, *, task: str, scaled: bool, seed: int
) -> tuple[Fitted, dict[str, Matrix]]:
    """The fitted steps, and what the rows fitted on have in place of their categories' target encodings."""
    slots = slots_of(layout, scaled=scaled)
    corrected = corrections(layout).run(ARRAYS, given.features)
    values = ARRAYS.columns(corrected, [slot.position for slot in slots])
    fitted = Fitted(layout, slots, corrections(layout), Filled.fit(slots, values))
    cleaned = fitted.cleaned(ARRAYS, corrected)
    fitted.derived = [Derived.fit(one, cleaned) for one in layout.plan.document.get("derived", [])]
    fitted.weighted = _texts(layout, given.texts)
    crossed = _categories(fitted, corrected, given.texts, labels, task=task, seed=seed)
    fitted.scales = _scales(fitted, cleaned, given.texts, "standard" if scaled else "none")
    return fitted, crossed


def refuse_unusable(prepared: Matrix, names: list[str]) -> None:
    """Raises TrainingRefused for a preparation that makes nothing, too much, or infinite values."""
    if not 0 < len(names) <= COLUMNS_AT_MOST:
        raise TrainingRefused(
            f"The preparation makes {len(names)} columns; between 1 and {COLUMNS_AT_MOST} are allowed.",
            "Keep at least one feature, group rare levels, or derive fewer features.",
        )
    wrong = ~np.isfinite(prepared).all(axis=0)
    if wrong.any():
        raise TrainingRefused(
            f"The preparation gives {names[int(np.argmax(wrong))]!r} values too large for float32.",
            "Clip the outliers, or derive it from smaller numbers.",
        )


def _texts(layout: Layout, texts: Any) -> list[Weighted]:
    weighted = []
    for entry in layout.entries:
        options = layout.plan.options(entry["name"])
        if entry["type"] == "text" and options["keep"]:
            weighted.append(Weighted.fit(entry["name"], texts[:, entry["position"]], options["text"]))
    return weighted


def _categories(
    fitted: Fitted, corrected: Matrix, texts: Any, labels: Array | None, *, task: str, seed: int
) -> dict[str, Matrix]:
    crossed = {}
    for entry in fitted.layout.entries:
        if entry["type"] != "categorical":
            continue
        name, options = entry["name"], fitted.layout.plan.options(entry["name"])
        column = (texts if entry["input"] == "texts" else corrected)[:, [entry["position"]]]
        category = categories.fit(name, column, options, replaced_texts(fitted.layout, name))
        fitted.categories.append(category)
        if category.kind == "target":
            if labels is None:
                raise TrainingRefused(f"The target encoding of {name!r} needs labels.", "Fit with labels.")
            codes = category.coded(ARRAYS, column)
            crossed[name] = categories.fit_means(category, codes, labels, options, task=task, seed=seed)
    return crossed


def _scales(fitted: Fitted, cleaned: dict[str, Array], texts: Any, default: str) -> Scaled | None:
    block = fitted.to_scale(ARRAYS, cleaned, fitted.blocks(ARRAYS, cleaned, texts))
    if block is None:
        return None
    own = {slot.name: slot.scaling for slot in fitted.slots}
    everywhere = fitted.layout.plan.document.get("scaling", default)
    return Scaled.fit([own.get(name, everywhere) for name in block.names], block.columns)
