"""What can go wrong between a recipe and a model; each error says what is wrong and how to mend it.

PipelineError
├── RecipeInvalid      the recipe breaks its schema, or its parts contradict each other
├── TrainingRefused    the data cannot be trained on as the recipe asks
├── ConversionRefused  the converted model does not answer as the trained one does
├── EvaluationInvalid  the settings of an evaluation or an explanation break their schema
└── EvaluationRefused  the rows, groups or models given cannot be evaluated as asked
Cancelled              somebody asked the work to stop; nothing was wrong with it
"""


class PipelineError(Exception):
    """A run was refused: `detail` names the cause, `remedy` what to do about it."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail} {remedy}")
        self.detail = detail
        self.remedy = remedy


class RecipeInvalid(PipelineError):
    """The recipe breaks its schema, or its parts contradict each other; the detail names the path."""


class TrainingRefused(PipelineError):
    """The data cannot be trained on as the recipe asks."""


class ConversionRefused(PipelineError):
    """The converted model does not answer as the trained one does; the detail says what differed."""


class EvaluationInvalid(PipelineError):
    """The settings of an evaluation or an explanation break their schema; the detail names the path."""


class EvaluationRefused(PipelineError):
    """The rows, groups or models given cannot be evaluated as asked."""


class Cancelled(Exception):
    """Somebody asked the work to stop: raised by a progress callback, and by a long loop that asks whether to go on."""
