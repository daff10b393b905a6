"""The story in seven chapters, each through the public REST API, as the person whose job it is."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlops_server.demo import census
from mlops_server.demo.client import Client, Refused
from mlops_server.demo.console import Console
from registry.gates import policies

SLOT = "production.champion"
SYSTEM = "employment-ma"
CADENCE_SECONDS = 10
ROWS_A_REQUEST = 500


@dataclass
class Story:
    """What the chapters hand on to each other."""

    people: Callable[[str], Client]
    console: Console
    ids: dict[str, Any] = field(default_factory=dict)
    moments: dict[str, datetime] = field(default_factory=dict)

    def tell(self, what: str, url: str = "") -> None:
        """One line of what happened, with the address where it can be read."""
        self.console.line(what, url)


def register_data(story: Story) -> None:
    """1. The engineer registers the system and delivers the 2015 rows under a contract."""
    elena = story.people("elena")
    system = elena.post(
        "/api/v1/systems",
        {
            "name": SYSTEM,
            "purpose": "Estimate whether a person is in employment, to plan the capacity of job centres.",
            "risk_tier": "high",
            "legal_basis": "Public task, GDPR Art. 6(1)(e)",
        },
    )
    story.people("rita").patch(f"/api/v1/systems/{system['id']}", {"risk_tier": "high"}, revision=system["revision"])
    story.tell("The AI system is registered; a risk officer confirms high.", f"/api/v1/systems/{system['id']}")
    dataset = elena.post(
        "/api/v1/datasets",
        {
            "system": system["id"],
            "name": "acs-massachusetts",
            "licence": "Public domain (US Census Bureau, American Community Survey)",
            "sensitive_columns": census.SENSITIVE,
            "contract": census.CONTRACT,
        },
    )
    delivery = ("acs-ma-2015.csv", census.delivery(2015), "text/csv")
    ingestion = elena.upload(f"/api/v1/datasets/{dataset['id']}/ingestions", file=delivery, format="csv")
    done = elena.finished(f"/api/v1/ingestions/{ingestion['id']}", story.console.progress("ingestion"))
    version = elena.get(f"/api/v1/dataset-versions/{done['dataset_version']}")
    story.ids |= {"system": system["id"], "dataset_version": version["id"]}
    story.tell(
        f"{version['row_count']:,} rows of 2015 are dataset version {version['number']}, "
        f"digest {version['digest'][:12]}, "
        f"contract: {version['contract_verdict']}.",
        f"/api/v1/dataset-versions/{version['id']}",
    )


def train_first(story: Story) -> None:
    """2. A worker preprocesses, cross-validates, fits and registers version 1."""
    elena = story.people("elena")
    model = elena.post("/api/v1/models", {"system": story.ids["system"], "name": "employment-classifier"})
    story.ids["model"] = model["id"]
    story.ids["v1"] = _train(story, {"name": "logistic_regression", "parameters": {"C": 0.5}})


def evaluate_first(story: Story) -> None:
    """3. A policy takes effect before the test it will judge; a worker measures performance and fairness."""
    story.ids["policy"] = _policy(story)["id"]
    _evaluate(story, story.ids["v1"], against=None)


def promote_first(story: Story) -> None:
    """4. The gates answer; the engineer may not sign her own request; a validator and a reviewer do."""
    slot = story.people("elena").post("/api/v1/slots", {"system": story.ids["system"], "name": SLOT})
    story.ids |= {"slot": slot["key"], "slot_id": slot["id"]}
    promotion = _submit(story, story.ids["v1"], "First version; it replaces a manual estimate.")
    story.ids["promotion1"] = promotion["id"]
    _try_to_approve_alone(story, promotion)
    _sign_off(story, promotion)


def serve_and_monitor(story: Story) -> None:
    """5. The slot serves; rows of 2016 and 2017 come in, labels follow, monitors look on their schedule."""
    omar = story.people("omar")
    assigned = omar.post(
        f"/api/v1/promotions/{story.ids['promotion1']}/execute", {"reason": "Approved; the slot is empty."}
    )
    story.moments["v1 serves"] = datetime.now(UTC)
    story.tell("Version 1 serves.", f"/api/v1/slots/{story.ids['slot']}")
    story.ids["first_revision"] = assigned["revision"]
    story.ids["monitors"] = {kind: _monitor(omar, story, kind) for kind in ("drift", "performance", "fairness")}
    answered = 0
    for year in (2016, 2017):
        answered += len(list(_predict_year(story, year)))
    story.tell(
        f"{answered:,} predictions for people of 2016 and 2017 are answered and logged; their labels followed.",
        f"/api/v1/predictions?slot={story.ids['slot_id']}",
    )
    _await_monitors(story)


def canary_and_rollback(story: Story) -> None:
    """6. Version 2 takes a share, is judged on live answers, and is rolled back; the slot knows what served when."""
    story.ids["v2"] = _train(
        story, {"name": "hist_gradient_boosting", "parameters": {"max_iter": 60, "learning_rate": 0.1}}
    )
    _evaluate(story, story.ids["v2"], against=story.ids["v1"])
    promotion = _submit(story, story.ids["v2"], "Boosted trees; they should rank better.")
    _sign_off(story, promotion)
    omar = story.people("omar")
    omar.post(f"/api/v1/promotions/{promotion['id']}/execute", {"reason": "Canary as the policy asks."})
    story.moments["v2 is canary"] = datetime.now(UTC)
    rollout = omar.first("/api/v1/rollouts", slot=story.ids["slot"], state="running")
    assert rollout is not None
    answers = list(_predict_year(story, 2018))
    omar.post(
        f"/api/v1/rollouts/{rollout['id']}/advance", {"reason": "No errors at 10%."}, revision=rollout["revision"]
    )
    answers += list(_predict_year(story, 2018))
    story.tell(
        f"Version 2 answers as a canary: 10%, then 50% of people. {_shares(answers)}",
        f"/api/v1/rollouts/{rollout['id']}",
    )
    reason = f"The two versions select differently on live rows ({_shares(answers)}): back until that is explained."
    omar.post(f"/api/v1/slots/{story.ids['slot']}/rollback", {"reason": reason})
    story.moments["v2 is rolled back"] = datetime.now(UTC)
    story.tell("Version 2 is rolled back; version 1 serves everybody.", f"/api/v1/slots/{story.ids['slot']}/history")
    for event, moment in story.moments.items():
        _what_served(story, event, moment)


CHAPTERS: tuple[Callable[[Story], None], ...] = (
    register_data,
    train_first,
    evaluate_first,
    promote_first,
    serve_and_monitor,
    canary_and_rollback,
)


def _train(story: Story, estimator: dict[str, Any]) -> str:
    elena = story.people("elena")
    recipe = {
        "task": "binary_classification",
        "label": census.LABEL,
        "features": census.FEATURES,
        "estimator": estimator,
        "cross_validation": {"folds": 5},
        "holdout": 0.3,
    }
    body = {
        "model": story.ids["model"],
        "dataset_version": story.ids["dataset_version"],
        "recipe": recipe,
        "seed": 20150101,
    }
    run = elena.post("/api/v1/runs", body)
    done = elena.finished(f"/api/v1/runs/{run['id']}", story.console.progress(f"training {estimator['name']}"))
    version: dict[str, Any] = elena.get(f"/api/v1/model-versions/{done['model_version']}")
    story.tell(
        f"Version {version['number']} ({estimator['name']}) is fitted and registered as ONNX, digest "
        f"{version['artifact_digest'][:12]}, seed {done['seed']}.",
        f"/api/v1/model-versions/{version['id']}",
    )
    return str(version["id"])


def _evaluate(story: Story, version: str, *, against: str | None) -> None:
    elena = story.people("elena")
    body = {"model_version": version, "dataset_version": story.ids["dataset_version"], "split": "holdout"}
    evaluation = elena.post("/api/v1/evaluations", body | ({"against": against} if against else {}))
    path = f"/api/v1/evaluations/{evaluation['id']}"
    elena.finished(path, story.console.progress("evaluation"))
    auc = elena.first("/api/v1/evidence", evaluation=evaluation["id"], kind="evaluation", metric="roc_auc")
    assert auc is not None
    story.tell(
        f"Evaluated on {auc['n']:,} held-out rows: ROC AUC {auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}].",
        path,
    )
    women = elena.first(
        "/api/v1/evidence", evaluation=evaluation["id"], metric="impact_ratio", attribute="SEX", group="2"
    )
    assert women is not None
    story.tell(
        f"Impact ratio of women: {women['value']:.2f} [{women['low']:.2f}, {women['high']:.2f}], n = {women['n']:,}; "
        "by race and by both likewise.",
        f"/api/v1/evidence?evaluation={evaluation['id']}&metric=impact_ratio",
    )


def _policy(story: Story) -> dict[str, Any]:
    petra = story.people("petra")
    proposed = petra.post("/api/v1/policies", {"text": policies.text("high-risk")})
    petra.post(f"/api/v1/policies/{proposed['id']}/simulation", {})
    approved: dict[str, Any] = story.people("rita").post(
        f"/api/v1/policies/{proposed['id']}/approve",
        {"reason": "Thresholds agreed by the risk committee.", **story.console.credentials("rita")},
    )
    story.tell(
        "Policy high-risk v1 is effective: proposed and tried on past requests by one person, signed by another.",
        f"/api/v1/policies/{approved['id']}",
    )
    return approved


def _submit(story: Story, version: str, reason: str) -> dict[str, Any]:
    body = {"model_version": version, "slot": story.ids["slot"], "policy": story.ids["policy"], "reason": reason}
    promotion: dict[str, Any] = story.people("elena").post("/api/v1/promotions", body)
    story.tell(f"Promotion requested: {promotion['headline']}", f"/api/v1/promotions/{promotion['id']}")
    return promotion


def _try_to_approve_alone(story: Story, promotion: dict[str, Any]) -> None:
    try:
        _sign(story, "elena", promotion, meaning="independent_validation", reason="It is fine.")
    except Refused as refusal:
        story.tell(
            f"The engineer tries to approve it herself: refused ({refusal.problem['detail']})",
            f"/api/v1/audit/events?subject_type=promotion&subject_id={promotion['id']}",
        )
        return
    raise AssertionError("The author could approve her own request.")


def _sign_off(story: Story, promotion: dict[str, Any]) -> None:
    _sign(story, "viktor", promotion, meaning="independent_validation", reason="Re-ran the evaluation; figures hold.")
    done = _sign(story, "carla", promotion, meaning="review", reason="Small groups are uncertain; monitored weekly.")
    names = " and ".join(decision["printed_name"] for decision in done["decisions"])
    story.tell(f"Signed by {names}: {done['state']}.", f"/api/v1/promotions/{promotion['id']}")


def _sign(story: Story, who: str, promotion: dict[str, Any], *, meaning: str, reason: str) -> Any:
    person, elena = story.people(who), story.people("elena")
    path = f"/api/v1/promotions/{promotion['id']}"
    revision = elena.get(path)["revision"]
    body = {"verdict": "approve", "meaning": meaning, "reason": reason, **story.console.credentials(who)}
    return person.post(f"{path}/decisions", body, revision=revision)


def _monitor(omar: Client, story: Story, kind: str) -> str:
    parameters: dict[str, dict[str, Any]] = {
        "drift": {"window_rows": 5000},
        "performance": {"metric": "roc_auc", "floor": 0.85, "window_rows": 5000},
        "fairness": {"attributes": census.SENSITIVE, "floor": 0.8, "window_rows": 5000},
    }
    body = {
        "slot": story.ids["slot"],
        "kind": kind,
        "name": f"{kind} of the live rows",
        "cadence_seconds": CADENCE_SECONDS,
        "parameters": parameters[kind],
    }
    return str(omar.post("/api/v1/monitors", body)["id"])


def _predict_year(story: Story, year: int) -> Iterator[dict[str, Any]]:
    """Ask for predictions and report the labels a moment later, as they would arrive."""
    application = story.people("jobcentre")
    report, people, done = story.console.progress(f"predictions {year}"), census.people(year), 0
    for start in range(0, len(people), ROWS_A_REQUEST):
        some = people[start : start + ROWS_A_REQUEST]
        body = {"rows": [census.request_row(person) for person in some]}
        answers = application.post(f"/api/v1/slots/{story.ids['slot']}/predict", body)["predictions"]
        labels = [
            {"prediction": answer["id"], "value": person[census.LABEL]}
            for answer, person in zip(answers, some, strict=True)
        ]
        application.post(f"/api/v1/slots/{story.ids['slot']}/outcomes", {"outcomes": labels})
        done += len(some)
        report(100 * done // len(people), f"{done:,} of {len(people):,}")
        yield from answers


def _await_monitors(story: Story) -> None:
    """Each monitor's newest look that could be evaluated; looks share no rows, so a later one may find too few."""
    omar = story.people("omar")
    for kind, monitor in story.ids["monitors"].items():
        run = _newest_run(omar, monitor)
        story.tell(f"Monitor {kind}: {run['verdict']}. {run['reason']}", f"/api/v1/monitor-runs/{run['id']}")


def _newest_run(omar: Client, monitor: str) -> dict[str, Any]:
    for _ in range(120):
        for verdict in ("alarm", "quiet"):
            run = omar.first("/api/v1/monitor-runs", monitor=monitor, verdict=verdict)
            if run is not None:
                return run
        time.sleep(0.5)
    raise TimeoutError("The monitors did not run on their schedule within a minute.")


def _shares(answers: Iterable[dict[str, Any]]) -> str:
    """The share of favourable decisions by arm."""
    words = []
    for arm in ("champion", "canary"):
        made = [answer["decision"] for answer in answers if answer["arm"] == arm]
        words.append(f"{arm} {sum(made) / max(len(made), 1):.1%} of {len(made):,}")
    return ", ".join(words)


def _what_served(story: Story, event: str, moment: datetime) -> None:
    anton = story.people("anton")
    path = f"/api/v1/slots/{story.ids['slot']}/at"
    served = anton.get(path, time=moment.isoformat())
    signers = " and ".join(decision["printed_name"] for decision in served["champion_decisions"])
    canary = f", {served['canary_percent']}% to {served['canary_name']}" if served["canary"] else ""
    story.tell(
        f"What served when {event}? {served['champion_name']}{canary}, by the signatures of {signers}.",
        f"{path}?time={moment.isoformat()}",
    )
