"""docs/monitoring.md says of each kind of monitor which parameters it takes, as the code has them, and nothing else."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.core import Metric

from monitoring import metrics
from monitoring.api.monitors import MonitorCreation
from monitoring.models import Monitor
from monitoring.services import parameters

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "monitoring.md").read_text()
EVERY = "every kind"


def section(title: str) -> str:
    """What stands between a heading and the next."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> Iterator[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return ([cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:])


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def told() -> dict[str, dict[str, tuple[str, str]]]:
    """Default and accepted values of each parameter by kind; a row of one kind goes before one of every kind."""
    found: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for of, name, default, accepts, _ in rows("Parameters"):
        for kind in Monitor.Kind.values if of == EVERY else quoted(of):
            found[kind][quoted(name)[0]] = (default.strip("`"), accepts)
    return found


def accepted(schema: Mapping[str, Any]) -> str:
    """In the page's words, what a parameter's JSON Schema lets through."""
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema["type"] == "array":
        return f"a list of {accepted(schema['items'])}" if "enum" in schema["items"] else "a list"
    if schema["type"] == "object":
        return "an object"
    if schema["type"] == ["integer", "string"]:
        return "a class"
    if "exclusiveMinimum" in schema:
        return f"above {schema['exclusiveMinimum']}"
    if "maximum" in schema:
        whole = ", whole" if schema["type"] == "integer" else ""
        return f"{schema['minimum']} to {schema['maximum']}{whole}"
    return f"from {schema['minimum']}" if "minimum" in schema else "a number"


def test_parameters_of_each_kind_stand_with_default_and_bounds() -> None:
    assert told() == {
        kind: {
            name: (json.dumps(schema["default"]) if "default" in schema else "", accepted(schema))
            for name, schema in parameters.known(kind).items()
        }
        for kind in Monitor.Kind.values
    }


def test_kinds_stand_in_the_page_each_once() -> None:
    assert [quoted(row[0])[0] for row in rows("What each kind watches")] == list(Monitor.Kind.values)


def test_example_is_a_monitor_that_can_be_set_up() -> None:
    body = json.loads(re.findall(r"-d '(\{.*?\})'", PAGE, flags=re.DOTALL)[0])
    assert body.keys() <= MonitorCreation().fields.keys()
    parameters.check(body["kind"], body["parameters"])


def test_default_floor_stands_in_the_page() -> None:
    assert f"; {parameters.FLOOR} where neither limit is given" in section("Parameters")


@pytest.mark.django_db
def test_figures_for_prometheus_stand_in_operations_and_no_others() -> None:
    page = (DOCS / "operations.md").read_text()
    listed = re.findall(r"^\| `((?:monitor|slot)_\w+)", page, flags=re.MULTILINE)
    collected: list[Metric] = list(metrics.MonitorCollector().collect())
    assert sorted(listed) == sorted(family.name for family in collected)
