"""Compare parameter sets by cross-validation on the training rows; the held-out rows are never touched."""

from workers.pipelines.search.proposing import earlier, outer, proposals, total
from workers.pipelines.search.running import best, fit_trial, run
from workers.pipelines.search.shared import Each, Fitting, Progress

__all__ = ["Each", "Fitting", "Progress", "best", "earlier", "fit_trial", "outer", "proposals", "run", "total"]
