"""A monitor's settings as questions of a page, and what was typed back as settings."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest

from monitoring.models import Monitor
from monitoring.services import parameters
from registry.admin.questions import Question
from registry.errors import Invalid, Problem

PREFIX = "parameter-"
YES, NO = "yes", "no"


def questions(monitor: Monitor) -> Iterator[Question]:
    """What a person may change, with what holds now."""
    yield Question("name", "Name", value=monitor.name)
    every = "In seconds: 3600 is an hour, 86400 a day."
    yield Question("cadence_seconds", "Looks every", value=str(monitor.cadence_seconds), help=every)
    choices = [(YES, "It looks on its schedule"), (NO, "It rests")]
    yield Question("enabled", "Enabled", kind="choice", choices=choices, value=YES if monitor.enabled else NO)
    for name, schema in parameters.known(monitor.kind).items():
        yield _question(name, schema, monitor.parameters)


def changes(request: HttpRequest, monitor: Monitor) -> dict[str, Any]:
    """What the person typed, all of it; an empty parameter is left to its default. Raises Invalid."""
    cadence = request.POST.get("cadence_seconds", "")
    if not cadence.isdecimal():
        raise Invalid("The cadence is no whole number of seconds.", remedy="Enter one, such as 3600.")
    given = {
        name: _read(name, schema, words)
        for name, schema in parameters.known(monitor.kind).items()
        if (words := request.POST.get(f"{PREFIX}{name}", "").strip())
    }
    return {
        "name": request.POST.get("name", "").strip(),
        "cadence_seconds": int(cadence),
        "enabled": request.POST.get("enabled") == YES,
        "parameters": given,
    }


def _question(name: str, schema: Mapping[str, Any], given: Mapping[str, Any]) -> Question:
    words = name.replace("_", " ").capitalize()
    help_text = " ".join(filter(None, (schema.get("description"), _default(schema))))
    shared: dict[str, Any] = {"help": help_text, "required": False, "value": _written(given.get(name))}
    if "enum" in schema:
        choices = [(str(one), str(one).replace("_", " ")) for one in schema["enum"]]
        return Question(f"{PREFIX}{name}", words, kind="choice", choices=choices, **shared)
    return Question(f"{PREFIX}{name}", words, **shared)


def _default(schema: Mapping[str, Any]) -> str:
    return f"Empty is {_written(schema['default'])}." if "default" in schema else ""


def _written(value: Any) -> str:
    """As a person types it: a list by commas, everything else as JSON has it."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value)


def _read(name: str, schema: Mapping[str, Any], words: str) -> Any:
    """The value that was typed; the service says whether it is one that the parameter takes. Raises Invalid."""
    if schema.get("type") == "string" or "enum" in schema:
        return words
    if schema.get("type") == "array" and not words.startswith("["):
        return [one.strip() for one in words.split(",") if one.strip()]
    try:
        return json.loads(words)
    except json.JSONDecodeError as error:
        detail = f"is not {schema.get('type', 'a value')}: {error}"
        problem = Problem(f"/parameters/{name}", detail)
        raise Invalid(f"{name.replace('_', ' ').capitalize()} cannot be read: {words}", problems=[problem]) from error


def standing(monitor: Monitor) -> list[list[Any]]:
    """Each parameter, what holds, and what it means."""
    return [
        [
            name.replace("_", " ").capitalize(),
            _written(monitor.parameters.get(name)) or _by_default(schema),
            schema.get("description"),
        ]
        for name, schema in parameters.known(monitor.kind).items()
    ]


def _by_default(schema: Mapping[str, Any]) -> str:
    return f"{_written(schema['default'])}, by default" if "default" in schema else "by default"
