"""Model versions as the pure rooms need them, from their rows and artifacts."""

from typing import TYPE_CHECKING, Any

from registry import artifacts
from registry.models import ModelVersion

if TYPE_CHECKING:
    from workers.pipelines.evaluation.subject import Subject


def subject_of(version: ModelVersion) -> "Subject":
    """The version's artifact with its recipe, its threshold, what it takes and the classes that it tells apart."""
    from workers.pipelines import recipes  # scikit-learn loads with the first job, not with the worker
    from workers.pipelines.evaluation.subject import Subject

    recipe = recipes.validate({**version.run.recipe, "seed": version.run.seed})
    return Subject(
        onnx=artifacts.read(version.artifact_digest),
        recipe=recipe,
        threshold=version.threshold,
        input_schema=version.input_schema,
        classes=_classes(version),
    )


def _classes(version: ModelVersion) -> list[Any]:
    """The classes in the order of the probabilities; none where a number is predicted."""
    if version.task == ModelVersion.Task.REGRESSION:
        return []
    declared = [entry["classes"] for entry in version.output_schema if "classes" in entry]
    return list(declared[0]) if declared else [0, 1]
