"""The OpenAPI document is whole, and the one in docs is the one that is served."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from mlops_server.rest import kinds

SNAPSHOT = Path(__file__).parents[3] / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return generated


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def parameters(operation: dict[str, Any]) -> set[str]:
    return {parameter["name"] for parameter in operation.get("parameters", [])}


def test_snapshot_in_docs_is_what_the_code_generates(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(fresh))
    same = fresh.read_text() == SNAPSHOT.read_text()
    assert same, "docs/openapi.yaml is old: manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"


def test_every_operation_has_a_summary_and_an_id_of_its_noun(schema: dict[str, Any]) -> None:
    found = dict(operations(schema))
    assert [name for name, operation in found.items() if not operation.get("summary")] == []
    ids = [operation["operationId"] for operation in found.values()]
    assert [id_ for id_ in ids if "_" not in id_ or ids.count(id_) > 1] == []


def test_every_operation_names_its_problems(schema: dict[str, Any]) -> None:
    without = [name for name, operation in operations(schema) if "401" not in operation["responses"]]
    assert without == []


def test_every_response_that_is_referred_to_exists(schema: dict[str, Any]) -> None:
    statuses = {status for _, operation in operations(schema) for status in operation["responses"] if status >= "400"}
    assert statuses <= set(schema["components"]["responses"])


def _shown(body: dict[str, Any]) -> bool:
    """Whether a reader sees what to send; the bytes of a file need no example."""
    return "examples" in body or body["schema"].get("format") == "binary"


def test_every_request_body_has_an_example(schema: dict[str, Any]) -> None:
    bodies = {name: operation["requestBody"] for name, operation in operations(schema) if "requestBody" in operation}
    without = [name for name, body in bodies.items() if not all(map(_shown, body["content"].values()))]
    assert (without, len(bodies) > 5) == ([], True)


def test_every_post_takes_an_idempotency_key(schema: dict[str, Any]) -> None:
    taking = {name for name, operation in operations(schema) if "Idempotency-Key" in parameters(operation)}
    assert taking == {name for name, _ in operations(schema) if name.startswith("POST ")}


def test_operation_that_reads_if_match_says_so(schema: dict[str, Any]) -> None:
    update = schema["paths"]["/api/v1/systems/{id}"]["patch"]
    assert ("If-Match" in parameters(update), {"412", "428"} <= set(update["responses"])) == (True, True)
    assert "If-Match" not in parameters(schema["paths"]["/api/v1/systems"]["post"])


def test_problem_component_names_every_kind(schema: dict[str, Any]) -> None:
    types = schema["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert types == [f"/problems/{kind.slug}" for kind in kinds.ALL]


def test_schema_and_docs_are_served_to_everybody() -> None:
    served = Client().get("/api/schema/")
    assert yaml.safe_load(served.content)["openapi"].startswith("3.")
    assert Client().get("/api/docs/").status_code == 200
