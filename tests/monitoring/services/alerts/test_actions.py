"""What rules do: each action once an alert and rule, however often it rings and whoever dies on the way."""

from typing import Any

import pytest

from audit import rows
from monitoring.models import Alert, AlertAction, Monitor
from monitoring.services import alerts
from monitoring.services.alerts import actions, rules
from registry.errors import OnHold
from registry.models import PipelineRun, PromotionRequest
from registry.roles import Role
from registry.services import people
from registry.services.pipelines import registration
from registry.services.slots import assigning, rollouts
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House
from tests.monitoring.services.alerts import make
from tests.registry.services.pipelines import make as pipelines


def served(house: House) -> Any:
    now = assigning.current(house.slot)
    return now.champion if now else None


def test_every_action_happens_once_however_often_it_rings(house: House) -> None:
    monitor = make.monitor(house, pipeline=pipelines.pipeline(house))
    make.rule(house, "notify", "hold", "incident", "retrain")
    for _ in range(3):
        alert = make.rang(monitor)
    assert make.done(alert) == [(do, "done") for do in ("notify", "hold", "incident", "retrain")]
    found = (house.slot.holds.count(), house.system.incidents.count(), PipelineRun.objects.count())
    assert (found, alert.alarms) == ((1, 1, 1), 3)
    assert recorded.names(alert).count("alert.notified") == 1
    assert alert.incident == house.system.incidents.get()


def test_action_is_on_record_by_the_server_and_for_the_rules_author(house: House, monitor: Monitor) -> None:
    make.rule(house, "hold")
    row = AlertAction.objects.get(alert=make.rang(monitor))
    told = recorded.newest(row)
    assert (told["event"], told["actor"], told["data"]["action"]) == ("alert_action.done", "system:alert_rule", "hold")
    assert told["row"] == rows.digest(recorded.fresh(row))


def test_alert_without_a_rule_is_an_event_and_no_action(house: House, monitor: Monitor) -> None:
    alert = make.rang(monitor)
    assert (make.done(alert), recorded.names(alert)) == ([], ["alert.raised"])


@pytest.mark.parametrize(
    ("terms", "looks", "acted"),
    [
        ({"in_a_row": 2}, ["alarm"], False),
        ({"in_a_row": 2}, ["alarm", "quiet", "alarm"], False),
        ({"in_a_row": 2}, ["alarm", "not_evaluable", "alarm"], True),
        ({"least_impact": 0.05}, ["alarm"], False),
        ({"least_impact": 0.02}, ["alarm"], True),
        ({"kinds": ["drift"]}, ["alarm"], False),
        ({"kinds": ["drift", "performance"]}, ["alarm"], True),
        ({"enabled": False}, ["alarm"], False),
    ],
)
def test_rule_acts_on_the_alarms_that_it_names(
    house: House, monitor: Monitor, terms: dict[str, Any], looks: list[str], acted: bool
) -> None:
    make.rule(house, "incident", **terms)
    for verdict in looks:
        make.looked(monitor, verdict, impact=0.02)
        alerts.respond(monitor, actor=make.WORKER)
    assert AlertAction.objects.filter(alert__monitor=monitor).exists() == acted


def test_alarm_of_unknown_impact_does_not_meet_a_least_impact(house: House, monitor: Monitor) -> None:
    make.rule(house, "incident", least_impact=0.0)
    assert make.done(make.rang(monitor)) == []


def test_rule_of_another_slot_does_nothing(house: House, monitor: Monitor) -> None:
    other = factories.slot(house.system, called="beside")
    terms = {"actions": ["incident"]}
    rules.create(house.system, name="beside", slot=other, terms=terms, actor=acting(house.operator))
    assert make.done(make.rang(monitor)) == []


def test_alarm_before_the_rule_was_written_leads_to_nothing(house: House, monitor: Monitor) -> None:
    alert = make.rang(monitor)
    make.rule(house, "incident")
    assert (alerts.respond(monitor, actor=make.WORKER), make.done(alert)) == ([], [])
    assert make.done(make.rang(monitor)) == [("incident", "done")]


def test_worker_killed_between_alert_and_action_is_made_good_by_the_round(house: House, monitor: Monitor) -> None:
    make.rule(house, "notify", "hold")
    make.looked(monitor)
    assert make.done(Alert.objects.get()) == []
    assert [alerts.respond_due(actor=make.WORKER).done for _ in range(2)] == [1, 0]
    assert make.done(Alert.objects.get()) == [("notify", "done"), ("hold", "done")]


def test_quiet_look_does_not_forget_what_is_owed(house: House, monitor: Monitor) -> None:
    make.rule(house, "hold")
    make.looked(monitor)
    make.looked(monitor, "quiet")
    alerts.respond(monitor, actor=make.WORKER)
    make.looked(monitor, "quiet")
    assert (make.done(Alert.objects.get()), Alert.objects.get().in_a_row) == ([("hold", "done")], 0)


def test_worker_killed_inside_an_action_leaves_nothing_of_it(
    live_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = houses.build()
    monitor = make.monitor(house)
    make.rule(house, "hold")
    make.looked(monitor)
    does = actions.DOES[actions.Do.HOLD]

    def die(case: actions.Case) -> str:
        does(case)
        raise MemoryError

    monkeypatch.setitem(actions.DOES, actions.Do.HOLD, die)
    with pytest.raises(MemoryError):
        alerts.respond(monitor, actor=make.WORKER)
    assert (make.done(Alert.objects.get()), house.slot.holds.count()) == ([], 0)
    monkeypatch.setitem(actions.DOES, actions.Do.HOLD, does)
    alerts.respond_due(actor=make.WORKER)
    assert (make.done(Alert.objects.get()), house.slot.holds.count()) == ([("hold", "done")], 1)


def test_worker_killed_after_the_retraining_began_starts_no_second_pass(house: House) -> None:
    monitor = make.monitor(house, pipeline=pipelines.pipeline(house))
    make.rule(house, "retrain")
    make.looked(monitor)
    actions.start_pipeline(Alert.objects.get(), make.WORKER)
    alerts.respond(monitor, actor=make.WORKER)
    assert (PipelineRun.objects.count(), make.done(Alert.objects.get())) == (1, [("retrain", "done")])


def test_retraining_makes_a_candidate_and_a_draft_and_nothing_serves_of_it(house: House) -> None:
    before = houses.champion(house).champion
    monitor = make.monitor(house, pipeline=pipelines.pipeline(house))
    make.rule(house, "retrain")
    make.rang(monitor)
    run = pipelines.through(PipelineRun.objects.get())
    assert run.promotion is not None
    assert (run.state, run.promotion.state, served(house)) == ("succeeded", PromotionRequest.State.DRAFT, before)


def test_retraining_where_no_pipeline_may_run_is_refused_in_words(house: House) -> None:
    pipeline = pipelines.pipeline(house)
    monitor = make.monitor(house, pipeline=pipeline)
    make.rule(house, "retrain")
    registration.pause(pipeline, revision=pipeline.revision, reason="x", actor=acting(house.engineer))
    row = AlertAction.objects.get(alert=make.rang(monitor))
    assert row.outcome == "refused"
    assert row.detail.startswith("The monitor names no pipeline that may run.")
    assert recorded.newest(row)["data"]["refusal"] == "Conflict"


def test_rollback_goes_to_the_earlier_approved_version_once(house: House, monitor: Monitor) -> None:
    first, second = houses.champion(house).champion, houses.champion(house).champion
    make.rule(house, "roll_back")
    alert = make.rang(monitor, version=second)
    assert (make.done(alert), served(house)) == ([("roll_back", "done")], first)
    make.rang(monitor, version=first)
    assert served(house) == first


def test_rollback_without_an_earlier_approved_version_is_refused_in_words(house: House, monitor: Monitor) -> None:
    version = houses.champion(house).champion
    make.rule(house, "roll_back")
    row = AlertAction.objects.get(alert=make.rang(monitor, version=version))
    assert (row.outcome, served(house)) == ("refused", version)
    assert row.detail.startswith("There is no earlier version in this slot whose approval holds.")
    assert recorded.newest(row)["event"] == "alert_action.refused"


def test_rollback_to_a_version_whose_approval_was_taken_back_is_refused(house: House, monitor: Monitor) -> None:
    first, second = houses.champion(house), houses.champion(house).champion
    PromotionRequest.objects.filter(model_version=first.champion).update(approval="revoked")
    make.rule(house, "roll_back")
    assert (make.done(make.rang(monitor, version=second)), served(house)) == ([("roll_back", "refused")], second)


def test_rollback_from_a_version_that_serves_no_longer_is_refused(house: House, monitor: Monitor) -> None:
    first, second = houses.champion(house).champion, houses.champion(house).champion
    make.rule(house, "roll_back")
    assert (make.done(make.rang(monitor, version=first)), served(house)) == ([("roll_back", "refused")], second)


def test_rollback_of_a_canary_takes_it_out(house: House, monitor: Monitor) -> None:
    champion = houses.champion(house).champion
    canary = houses.executed(house).canary
    make.rule(house, "roll_back")
    alert = make.rang(monitor, version=canary)
    now = assigning.current(house.slot)
    assert now is not None
    assert (make.done(alert), now.champion, now.canary) == ([("roll_back", "done")], champion, None)


def test_rollback_of_a_champion_beside_a_canary_is_refused(house: House, monitor: Monitor) -> None:
    champion = houses.champion(house).champion
    houses.executed(house)
    make.rule(house, "roll_back")
    assert make.done(make.rang(monitor, version=champion)) == [("roll_back", "refused")]


def test_rollback_is_not_stopped_by_the_hold_of_the_same_rule(house: House, monitor: Monitor) -> None:
    first, second = houses.champion(house).champion, houses.champion(house).champion
    make.rule(house, "hold", "roll_back")
    alert = make.rang(monitor, version=second)
    assert (make.done(alert), served(house)) == ([("hold", "done"), ("roll_back", "done")], first)


def test_action_by_an_author_who_has_lost_the_role_is_refused(house: House, monitor: Monitor) -> None:
    make.rule(house, "notify", "hold")
    admin = factories.person(Role.PLATFORM_ADMIN)
    people.revoke(house.operator.grants.get(), actor=acting(admin))
    assert make.done(make.rang(monitor)) == [("notify", "done"), ("hold", "refused")]
    assert house.slot.holds.count() == 0


def test_hold_of_a_rule_stops_the_next_promotion(house: House, monitor: Monitor) -> None:
    make.rule(house, "hold")
    make.rang(monitor)
    with pytest.raises(OnHold):
        rollouts.execute(houses.approved(house), actor=acting(house.operator))


def test_resolved_alert_acts_no_more(house: House, monitor: Monitor) -> None:
    make.rule(house, "hold")
    make.looked(monitor)
    alerts.resolve(Alert.objects.get(), revision=1, reason="Mended.", actor=acting(house.operator))
    assert alerts.respond(monitor, actor=make.WORKER) == []


def test_rules_of_another_system_are_not_asked(house: House) -> None:
    make.rule(house, "hold")
    other = houses.build()
    assert make.done(make.rang(make.monitor(other))) == []
