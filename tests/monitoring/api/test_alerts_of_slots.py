"""Which alerts ask for attention first, and what a person does about one beyond an answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.models import PipelineRun
from tests import factories, recorded
from tests.clients import signed_in
from tests.houses import House
from tests.monitoring.services.alerts import make
from tests.registry.services.pipelines import make as pipelines

URL = "/api/v1/alerts"
REASON = {"reason": "I look into it."}


def listed(house: House, query: str) -> list[str]:
    """The alerts' ids, page by page of two."""
    client, found = signed_in(house.reviewer), []
    url: str | None = f"{URL}?page_size=2&{query}"
    while url:
        page = client.get(url).json()
        found += [row["id"] for row in page["results"]]
        url = page["next"]
    return found


def ranked(house: House, *impacts: float | None) -> list[str]:
    return [str(make.rang(make.monitor(house), impact=impact).pk) for impact in impacts]


def test_list_by_impact_puts_the_costliest_first_and_the_unknown_last(house: House) -> None:
    small, unknown, large, other, none = ranked(house, 0.01, None, 0.2, None, 0.0)
    assert listed(house, "ordering=impact") == [large, small, none, other, unknown]


def test_list_without_an_ordering_is_newest_first(house: House) -> None:
    made = ranked(house, 0.3, 0.1, None)
    assert listed(house, "") == made[::-1]


def test_list_by_slot_keeps_the_alerts_of_a_slot_together(house: House) -> None:
    beside = replace(house, slot=factories.slot(house.system, called="a-slot-that-comes-first"))
    here, there = ranked(house, 0.01), ranked(beside, None)
    here, there = here + ranked(house, 0.5), there + ranked(beside, 0.2)
    first, second = sorted([(house.slot.key, here), (beside.slot.key, there)])
    assert listed(house, "ordering=slot") == [*first[1][::-1], *second[1][::-1]]


def test_unknown_ordering_is_refused(house: House) -> None:
    assert signed_in(house.reviewer).get(f"{URL}?ordering=mood").status_code == 422


@pytest.mark.parametrize("cursor", ["cD1ub3RoaW5n", "x"])
def test_cursor_that_was_made_up_is_not_found(house: House, cursor: str) -> None:
    ranked(house, 0.1)
    assert signed_in(house.reviewer).get(f"{URL}?ordering=impact&cursor={cursor}").status_code == 404


def test_list_tells_what_waits_for_a_person(house: House) -> None:
    waits, over = ranked(house, 0.1, 0.2)
    signed_in(house.operator).post(f"{URL}/{over}/resolve", REASON, headers={"If-Match": '"1"'})
    assert listed(house, "unresolved=true") == [waits]
    assert listed(house, f"unresolved=false&kind=performance&system={house.system.pk}") == [over]


def test_detail_shows_what_rules_did_and_why_not(house: House) -> None:
    make.rule(house, "hold", "roll_back")
    alert = make.rang(make.monitor(house), impact=0.1)
    shown = signed_in(house.reviewer).get(f"{URL}/{alert.pk}").json()
    assert [(one["action"], one["outcome"]) for one in shown["actions"]] == [
        ("hold", "done"),
        ("roll_back", "refused"),
    ]
    assert (shown["slot"], shown["impact"], shown["alarms"], shown["in_a_row"]) == (house.slot.key, 0.1, 1, 1)


def test_suppress_shows_until_when(house: House) -> None:
    alert = make.rang(make.monitor(house))
    until = timezone.now() + timedelta(days=2)
    answer = signed_in(house.operator).post(
        f"{URL}/{alert.pk}/suppress", {**REASON, "until": until}, headers={"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.json()["state"], recorded.fresh(alert).suppressed_until) == (
        200,
        "suppressed",
        until,
    )


def test_suppress_until_a_time_that_is_over_names_the_field(house: House) -> None:
    alert = make.rang(make.monitor(house))
    body: dict[str, Any] = {**REASON, "until": "2020-01-01T00:00:00Z"}
    answer = signed_in(house.operator).post(f"{URL}/{alert.pk}/suppress", body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/until")


def test_open_incident_links_it_to_the_alert(house: House) -> None:
    alert = make.rang(make.monitor(house))
    answer = signed_in(house.operator).post(
        f"{URL}/{alert.pk}/open-incident", {**REASON, "severity": "major"}, headers={"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.json()["incident"]) == (200, str(house.system.incidents.get().pk))


def test_retrain_is_accepted_and_says_where_to_watch_it(house: House) -> None:
    make.rule(house, "notify")
    alert = make.rang(make.monitor(house, pipeline=pipelines.pipeline(house)))
    answer = signed_in(house.operator).post(f"{URL}/{alert.pk}/retrain", REASON, headers={"If-Match": '"1"'})
    run = PipelineRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/pipeline-runs/{run.pk}")


@pytest.mark.parametrize("verb", ["suppress", "open-incident", "retrain"])
def test_answer_by_a_validator_is_refused(house: House, verb: str) -> None:
    alert = make.rang(make.monitor(house))
    body = {**REASON, "until": timezone.now() + timedelta(days=1), "severity": "minor"}
    answer = signed_in(house.validator).post(f"{URL}/{alert.pk}/{verb}", body, headers={"If-Match": '"1"'})
    assert (answer.status_code, recorded.newest(alert)["event"]) == (403, "alert.refused")
