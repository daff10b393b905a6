"""The published description of the API as a judge: every request and every answer is held against docs/openapi.yaml."""

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml
from jsonschema import Draft202012Validator

DESCRIPTION = Path(__file__).parents[2] / "docs" / "openapi.yaml"


class Judge(httpx.BaseTransport):
    """Passes requests on and fails where one, or its answer, is not as described; `called` is what was asked."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.called: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        template, operation = find(request.method, request.url.path)
        self.called.append(f"{request.method} {template}")
        _check_query(request, operation)
        _check_body(request, operation)
        answer = self._inner.handle_request(request)
        answer.read()
        _check_answer(answer, operation, asked=self.called[-1])
        return answer


@functools.cache
def description() -> dict[str, Any]:
    with DESCRIPTION.open() as file:
        loaded: dict[str, Any] = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return loaded


def find(method: str, path: str) -> tuple[str, dict[str, Any]]:
    """The operation of a request, most literal path first. Raises AssertionError where the API has none."""
    paths, described = description()["paths"], "get" if method == "HEAD" else method.lower()
    for template in sorted(paths, key=lambda one: one.count("{")):
        if _pattern(template).fullmatch(path) and described in paths[template]:
            return template, paths[template][described]
    raise AssertionError(f"The description knows no {method} {path}.")


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)))


def _check_query(request: httpx.Request, operation: dict[str, Any]) -> None:
    known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    unknown = set(dict(request.url.params)) - known
    assert unknown == set(), f"{request.method} {request.url.path} takes no {unknown}"


def _check_body(request: httpx.Request, operation: dict[str, Any]) -> None:
    described = operation.get("requestBody", {}).get("content", {})
    media_type = request.headers.get("Content-Type", "").partition(";")[0]
    if not described or not request.content:
        assert not operation.get("requestBody", {}).get("required") or request.content, "a body is missing"
        return
    assert media_type in described, f"{request.url.path} takes {set(described)}, not {media_type}"
    if media_type == "application/json":
        problems = _problems(described[media_type]["schema"], _json(request))
        known = set(resolved(described[media_type]["schema"]).get("properties", {}))
        unknown = set(_json(request)) - known
        assert (problems, unknown) == ([], set()), f"{request.method} {request.url.path}: {problems} {unknown}"


def _check_answer(answer: httpx.Response, operation: dict[str, Any], *, asked: str) -> None:
    # A problem may have any of the known statuses: what all operations share is described once.
    responses = operation["responses"] | (description()["components"]["responses"] if answer.is_error else {})
    assert str(answer.status_code) in responses, f"{asked} answered {answer.status_code}, which is not described"
    content = resolved(responses[str(answer.status_code)]).get("content", {})
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    if answer.content and media_type in content and media_type.endswith("json"):
        problems = _problems(content[media_type]["schema"], answer.json())
        assert problems == [], f"The answer to {asked} is not as described: {problems}"


def resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a reference refers to; anything else as it is."""
    found: Any = schema
    if "$ref" in schema:
        found = description()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
    return dict(found)


def _json(request: httpx.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


def _problems(schema: dict[str, Any], document: Any) -> list[str]:
    found = Draft202012Validator({"components": _modern(), **_nullable(schema)}).iter_errors(document)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


@functools.cache
def _modern() -> dict[str, Any]:
    modern: dict[str, Any] = _nullable(description()["components"])
    return modern


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable`; JSON Schema says that null is another type."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _nullable(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner
