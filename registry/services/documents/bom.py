"""The bill of materials of a version: CycloneDX 1.6 with the model card, the data, the code and every library."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from audit.events import plain, timestamp
from audit.tlog import canonical
from registry.gates import words
from registry.models import CardText, EvidenceItem, ModelVersion
from registry.services.documents import cards, declarations, figures, statements
from registry.services.evidence import TOOL

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
MEDIA_TYPE = "application/vnd.cyclonedx+json; version=1.6"
MODEL, DATA, CODE = "model", "data", "code"


def document(version: ModelVersion) -> dict[str, Any]:
    """The BOM. Its serial number follows from its content: the same records give the same document."""
    libraries = list(_libraries(version.run.environment))
    parts = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": timestamp(version.created_at),
            "tools": {"components": [_tool()]},
            "component": _model(version),
        },
        "components": [_data(version), _code(version), *libraries],
        "dependencies": _dependencies(libraries),
        **declarations.of(version, target=MODEL, assessor=statements.server()),
    }
    return {**parts, "serialNumber": uuid.uuid5(version.pk, canonical.digest(parts).hex()).urn}


def _model(version: ModelVersion) -> dict[str, Any]:
    run = version.run
    return {
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": version.model.name,
        "version": str(version.number),
        **_described(version.model.description),
        "purl": statements.package_url(version),
        "hashes": _hashes(version.artifact_digest),
        "modelCard": _card(version),
        "properties": _properties(
            {
                "model_version": str(version.pk),
                "ai_system": version.model.system.name,
                "risk_tier": version.model.system.risk_tier,
                "lifecycle": version.lifecycle,
                "training_run": str(run.pk),
                "recipe_sha256": run.recipe_digest,
                "seed": str(run.seed),
                "environment_sha256": run.environment_digest,
                "decision_threshold": str(plain(version.threshold)),
            }
        ),
    }


def _card(version: ModelVersion) -> dict[str, Any]:
    recipe, texts = version.run.recipe, cards.newest(version)
    return {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": str(recipe.get("task", "")),
            "modelArchitecture": _estimator(version),
            "datasets": [{"ref": DATA}],
            "inputs": [{"format": _entry(entry)} for entry in version.input_schema],
            "outputs": [{"format": _entry(entry)} for entry in version.output_schema],
        },
        "quantitativeAnalysis": {"performanceMetrics": list(_metrics(figures.newest(version)))},
        "considerations": _considerations(texts),
    }


def _estimator(version: ModelVersion) -> str:
    """The one that was chosen; the recipe of a choice names several."""
    return str(version.run.parameters.get("estimator") or version.run.recipe.get("estimator", {}).get("name", ""))


def _metrics(items: Iterable[EvidenceItem]) -> Iterable[dict[str, Any]]:
    """Every figure that has a value, with its interval and the slice it was measured on."""
    for item in items:
        if item.value is None:
            continue
        interval = {"lowerBound": item.low, "upperBound": item.high}
        bounds = {name: str(plain(float(bound))) for name, bound in interval.items() if bound is not None}
        yield {
            "type": item.metric or item.kind,
            "value": str(plain(float(item.value))),
            "slice": _slice(item),
            **({"confidenceInterval": bounds} if bounds else {}),
        }


def _slice(item: EvidenceItem) -> str:
    """On which rows: those of a group, or all; how many; and what it is measured against."""
    words_ = [
        f"{item.attribute}={item.group}" if item.group else item.attribute,
        item.split,
        f"minus {item.against}" if item.against else "",
        f"n={item.n}" if item.n is not None else "",
        f"at {words.percent(item.confidence)}" if item.confidence else "",
    ]
    return ", ".join(word for word in words_ if word)


def _considerations(texts: Mapping[str, CardText]) -> dict[str, Any]:
    """What people wrote and signed; a section that nobody wrote is left out."""
    found: dict[str, Any] = {}
    if "intended_use" in texts:
        found["useCases"] = [texts["intended_use"].text]
    limits = [texts[name].text for name in ("limitations", "out_of_scope") if name in texts]
    if limits:
        found["technicalLimitations"] = limits
    if "ethical_considerations" in texts:
        oversight = texts.get("human_oversight")
        found["ethicalConsiderations"] = [
            {
                "name": texts["ethical_considerations"].text,
                **({"mitigationStrategy": oversight.text} if oversight else {}),
            }
        ]
    return found


def _data(version: ModelVersion) -> dict[str, Any]:
    data = version.dataset_version
    dataset = data.dataset
    return {
        "type": "data",
        "bom-ref": DATA,
        "name": dataset.name,
        "version": str(data.number),
        **_described(dataset.description),
        "hashes": _hashes(data.digest),
        "licenses": [{"license": {"name": dataset.licence}}],
        "data": [
            {
                "type": "dataset",
                "name": str(data),
                "sensitiveData": list(dataset.sensitive_columns),
                "contents": {"properties": _properties({"rows": str(data.row_count)})},
            }
        ],
        "properties": _properties({"dataset_version": str(data.pk), "contract_verdict": data.contract_verdict}),
    }


def _code(version: ModelVersion) -> dict[str, Any]:
    code = {"type": "application", "bom-ref": CODE, "name": "training code"}
    return {**code, "hashes": _hashes(version.run.code_digest)}


def _libraries(environment: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The environment that the run saw: its interpreter, and each library with the version that was loaded."""
    python, _, number = str(environment.get("python", "")).partition(" ")
    if python:
        yield {"type": "platform", "bom-ref": "python", "name": python, "version": number}
    for name, number in environment.get("packages", {}).items():
        url = statements.library_url(name, number)
        yield {"type": "library", "bom-ref": url, "name": name, "version": number, "purl": url}


def _dependencies(libraries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    refs = [one["bom-ref"] for one in libraries]
    return [
        {"ref": MODEL, "dependsOn": [DATA, CODE, *refs]},
        {"ref": CODE, "dependsOn": refs},
        *({"ref": ref, "dependsOn": []} for ref in (DATA, *refs)),
    ]


def _tool() -> dict[str, Any]:
    name, _, number = TOOL.partition("/")
    return {"type": "application", "name": name, "version": number}


def _entry(entry: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {plain(value)}" for name, value in entry.items())


def _described(text: str) -> dict[str, str]:
    return {"description": text} if text else {}


def _hashes(digest: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest}] if digest else []


def _properties(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": f"mlops-server:{name}", "value": value} for name, value in values.items()]
