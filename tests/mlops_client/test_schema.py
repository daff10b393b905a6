"""The client against the published description: every address it has, and every field it reads."""

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlops_client
from mlops_client.nouns import (
    datasets,
    evaluations,
    explanations,
    jobs,
    models,
    monitors,
    pipelines,
    policies,
    promotions,
    runs,
    slots,
    sources,
    systems,
)
from mlops_client.nouns.base import Record
from tests.mlops_client.published import description, resolved

SHOWN: dict[type[Record], str] = {
    systems.System: "System",
    datasets.Dataset: "Dataset",
    datasets.DatasetVersion: "DatasetVersionDetail",
    datasets.Ingestion: "Ingestion",
    sources.DataSource: "DataSource",
    models.Model: "Model",
    models.ModelVersion: "ModelVersion",
    runs.Run: "RunDetail",
    runs.Reproduction: "Reproduction",
    evaluations.Evaluation: "Evaluation",
    evaluations.Figure: "EvidenceItemDetail",
    explanations.Explanation: "ExplanationDetail",
    pipelines.Pipeline: "PipelineDetail",
    pipelines.PipelineRun: "PipelineRun",
    policies.Policy: "PolicyDetail",
    promotions.Promotion: "PromotionDetail",
    slots.Slot: "SlotDetail",
    monitors.Monitor: "Monitor",
    monitors.MonitorRun: "MonitorRunDetail",
    monitors.Calibration: "CalibrationDetail",
    monitors.ReferenceProfile: "ReferenceProfile",
}


def addresses() -> Iterator[str]:
    """Every address written in the client's source; what is filled in is {}."""
    for file in Path(mlops_client.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            text = _text(node)
            if text.startswith("/api/"):
                yield text


def _text(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or "{}" for part in parts)
    return ""


def test_every_address_in_the_client_is_published() -> None:
    known = {re.sub(r"\{\w+\}", "{}", path) for path in description()["paths"]}
    # The start of an f-string is walked too, as a constant of its own.
    unknown = {one for one in addresses() if one not in known and not one.endswith("/")}
    assert unknown == set()


def test_every_record_is_held_against_the_description() -> None:
    assert set(SHOWN) == {one for one in _records(Record) if "PATH" in vars(one)}


@pytest.mark.parametrize("record", SHOWN, ids=lambda record: record.__name__)
def test_every_field_that_is_read_is_published(record: type[Record]) -> None:
    shown: dict[str, Any] = resolved({"$ref": f"#/components/schemas/{SHOWN[record]}"})
    own = {field.name for field in dataclasses.fields(record)} - {"data", "session"}
    assert own - set(shown["properties"]) == set()


def test_states_in_which_a_job_has_ended_are_published() -> None:
    states = resolved(resolved({"$ref": "#/components/schemas/RunDetail"})["properties"]["state"])
    known = set(states.get("enum", [])) or set(resolved(states["allOf"][0])["enum"])
    assert known - set(jobs.ENDED) == {"queued", "running"}


def _records(root: type[Record]) -> Iterator[type[Record]]:
    for one in root.__subclasses__():
        yield one
        yield from _records(one)
