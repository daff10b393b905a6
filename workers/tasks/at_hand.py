"""What looks of monitors need of models and of contracts: `monitoring.services.profiles.Models` as workers have it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from django.conf import settings

from monitoring.services.parts import Each
from monitoring.services.profiles import Answers, Attributions, Column, HeldOut, Missing, Violation
from registry.models import ModelVersion
from registry.serving import decoding
from workers.pipelines.errors import PipelineError
from workers.running import dask_pool
from workers.tasks.subjects import subject_of
from workers.tasks.tables import load

if TYPE_CHECKING:
    import pyarrow as pa

    from workers.pipelines.evaluation import subject
    from workers.pipelines.matrices import Inputs

ROWS = Sequence[Mapping[str, Any]]
#: Promises on single values, which logged rows can keep or break; those on a whole delivery they cannot.
OF_A_VALUE = {
    "minimum", "maximum", "allowed", "pattern", "minimum_length", "maximum_length", "missing_at_most", "nullable",
}  # fmt: skip
PLAIN = {"numeric", "boolean", "categorical"}


class ModelsAtHand:
    """Models from their artifacts, answering as they do when they serve. What cannot be had raises Missing."""

    def held_out(self, version: ModelVersion) -> HeldOut:
        """The version's answers on the rows that its run held out, found again from its seed."""
        return _held_out(str(version.pk))

    def inputs(self, version: ModelVersion, rows: ROWS) -> Column:
        """Logged features as the version takes them, (rows, width)."""
        return _decoded(version, rows).features

    def attributions(self, version: ModelVersion, rows: ROWS, *, background: int) -> Attributions:
        """SHAP values of each row against so many rows of the version's data, the same ones at each look."""
        import numpy as np

        from workers.pipelines.explain import explaining, parts, shapley  # shap loads with the first such look

        judged = subject_of(version)
        behind = explaining.draw(_table(version), background, version.run.seed)
        pool = parts.pool(judged, _decoded(version, rows), judged.inputs(behind))
        count = len(rows)
        found = shapley.explain(
            pool,
            np.arange(count),
            count + np.arange(behind.num_rows),
            seed=version.run.seed,
            progress=lambda share, words: None,
        )
        return Attributions([part.name for part in pool.parts], found.values)

    def violations(self, version: ModelVersion, rows: ROWS) -> list[Violation]:
        """What single values of the rows break of the contract of the version's data."""
        import pyarrow.parquet as parquet

        from workers.ingestion import contracts
        from workers.ingestion.canonical import Rows

        sent, promised = _sent(version, rows), _promises(version)
        promised = {name: promise for name, promise in promised.items() if name in sent.column_names}
        if not promised:
            return []
        with TemporaryDirectory() as folder:
            path = Path(folder) / "rows.parquet"
            parquet.write_table(sent, path)
            found = contracts.check(contracts.validate({"columns": promised}), Rows(path)).violations
        return [_violation(one, promised) for one in found]

    def spread(self) -> AbstractContextManager[Each]:
        """Over Dask, where it is set."""
        return dask_pool.each(settings.DASK_SCHEDULER_ADDRESS)


@lru_cache(maxsize=4)
def _held_out(pk: str) -> HeldOut:
    """Kept, because what is learned from it is kept by it; of a version nothing changes."""
    from workers.pipelines.evaluation import subject
    from workers.pipelines.training import inputs

    version = ModelVersion.objects.select_related("run", "dataset_version").get(pk=pk)
    table, judged = _table(version), subject_of(version)
    try:
        part = subject.sample(table, inputs.holdout_rows(judged.recipe, table))
        truth, rows = judged.truth(part), judged.inputs(part)
    except PipelineError as error:
        raise Missing(f"No rows were held out to compare with: {error.detail}") from error
    answered = judged.answers(rows)
    return HeldOut(_answers(answered, truth), rows.features)


def _answers(answered: "subject.Answers", truth: Column) -> Answers:
    """As the log of predictions keeps them: of several classes the probability of the one that is decided for."""
    import numpy as np

    if answered.outputs.value is not None:
        score = np.asarray(answered.score, dtype=np.float64)
        return Answers(score, np.full(score.size, np.nan), np.asarray(truth, dtype=np.float64))
    decision = answered.decision
    two = answered.task == ModelVersion.Task.BINARY
    score = answered.score if two else answered.probabilities[np.arange(decision.size), decision]
    return Answers(*(np.asarray(one, dtype=np.float64) for one in (score, decision, truth)))


def _table(version: ModelVersion) -> "pa.Table":
    try:
        return load(version.dataset_version)
    except FileNotFoundError as error:
        raise Missing("The data that the version learned from are gone.") from error


def _decoded(version: ModelVersion, rows: ROWS) -> "Inputs":
    """Features decoded as they were when they were answered."""
    import numpy as np

    from workers.pipelines.matrices import Inputs

    schema = version.input_schema
    made = decoding.inputs(rows, schema, plain=decoding.is_plain(schema))
    none = np.zeros((len(rows), 0), dtype=np.float32)  # of a model that takes texts alone
    return Inputs(made.get("features", none), made.get("texts"))


def _promises(version: ModelVersion) -> dict[str, dict[str, Any]]:
    """Of each column that the version takes, what its contract says of single values."""
    taken = {column["name"] for column in version.input_schema}
    promised = version.dataset_version.dataset.contract.get("columns", {})
    kept = {
        name: {rule: limit for rule, limit in promise.items() if rule in OF_A_VALUE}
        for name, promise in promised.items()
        if name in taken
    }
    return {name: promise for name, promise in kept.items() if promise}


def _sent(version: ModelVersion, rows: ROWS) -> "pa.Table":
    """The columns that contracts can say something of; a date is sent as text, a picture is no value."""
    import pyarrow as pa

    names = [column["name"] for column in version.input_schema if column["type"] in PLAIN]
    sent = {name: pa.array([row.get(name) for row in rows]) for name in names}
    return pa.table({name: column for name, column in sent.items() if not pa.types.is_null(column.type)})


def _violation(found: Mapping[str, Any], promised: Mapping[str, Mapping[str, Any]]) -> Violation:
    share = promised[found["column"]].get("missing_at_most") if found["rule"] == "missing_at_most" else None
    return Violation(found["column"], found["rule"], found["count"], share)
