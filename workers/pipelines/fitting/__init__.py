"""One fit as a recipe says: which rows, what is learned on them, and how its scores are made fair and honest."""

from workers.pipelines.fitting.fitted import answers, fit, mitigated, unfitted

__all__ = ["answers", "fit", "mitigated", "unfitted"]
