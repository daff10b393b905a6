"""The inventory over the API: every system and model, in JSON and as CSV."""

import csv
import io
from typing import Any

import pytest

from registry.models import AISystem, User
from registry.roles import Role
from registry.services import inventory, lifecycle, systems
from tests import factories, houses
from tests.clients import count_queries, signed_in
from tests.factories import acting

pytestmark = pytest.mark.django_db


def table(reader: User) -> list[dict[str, str]]:
    """The rows of the CSV file."""
    answer: Any = signed_in(reader).get("/api/v1/inventory/table", headers={"Accept": "text/csv"})
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_an_entry_says_what_serves_where_since_when_and_by_whose_signature() -> None:
    house = houses.build()
    assignment = houses.champion(house)
    shown = signed_in(house.validator).get("/api/v1/inventory").json()["results"]
    (entry,) = shown
    (line,) = entry["models"]
    (serving,) = line["serving"]
    assert (entry["system"]["materiality"], entry["open_incidents"], entry["owner_name"]) == (
        "moderate",
        0,
        str(house.engineer),
    )
    assert {name: line[name] for name in ("name", "use", "versions", "retired", "open_findings")} == {
        "name": house.model.name,
        "use": "in use",
        "versions": 1,
        "retired": 0,
        "open_findings": 0,
    }
    assert (serving["slot"], serving["arm"], serving["percent"], serving["approval"], serving["signed_by"]) == (
        house.slot.key,
        "champion",
        100,
        "approved",
        [f"{house.validator} (independent_validation)", f"{house.reviewer} (review)"],
    )
    assert (serving["version"], serving["promotion"], serving["valid_until"] is None) == (
        str(assignment.champion_id),
        str(assignment.champion_promotion_id),
        False,
    )


def test_a_canary_stands_beside_the_champion_with_its_share() -> None:
    house = houses.build()
    houses.champion(house), houses.executed(house)
    (entry,) = inventory.of([house.system])
    assert [(one.arm, one.percent) for one in entry.models[0].serving] == [("champion", 90), ("canary", 10)]


def test_the_table_holds_retired_models_and_systems_without_any() -> None:
    house = houses.build()
    lifecycle.retire(houses.measured(house), actor=acting(house.engineer), reason="Replaced.")
    empty = factories.system()
    rows = table(factories.person(Role.AUDITOR))
    assert {(row["system"], row["model"], row["use"], row["retired_versions"]) for row in rows} == {
        (house.system.name, house.model.name, "retired", "1"),
        (empty.name, "", "", ""),
    }
    assert list(rows[0]) == list(inventory.COLUMNS)


def test_text_that_a_spreadsheet_would_run_is_quoted() -> None:
    owner = factories.person(Role.OWNER)
    systems.register("evil", purpose="=1+1", risk_tier="high", owner=owner, actor=acting(owner))
    (row,) = table(owner)
    assert row["purpose"] == "'=1+1"


def test_a_reader_of_one_system_sees_that_alone() -> None:
    mine, _ = factories.system(), factories.system()
    shown = signed_in(factories.person(Role.OWNER, system=mine)).get("/api/v1/inventory").json()["results"]
    assert [entry["system"]["id"] for entry in shown] == [str(mine.pk)]


def test_three_systems_that_serve_take_as_many_queries_as_one() -> None:
    houses.champion(houses.build())
    client = signed_in(factories.person(Role.AUDITOR))
    first = count_queries(client, "/api/v1/inventory")
    for _ in range(2):
        house = houses.build()
        houses.champion(house), houses.executed(house)
    assert count_queries(client, "/api/v1/inventory") == first
    assert AISystem.objects.count() == 3
