"""The walk through the records, both ways, and where it ends."""

from collections import Counter
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.models import Monitor
from monitoring.services import monitors
from registry.errors import Invalid
from registry.models import AISystem, EvidenceSet, ModelVersion, Prediction, SlotAssignment
from registry.services import predictions
from registry.services.lineage import drawing, graph
from registry.services.lineage.kinds import Key
from tests import factories, houses
from tests.factories import acting

EVERYTHING = AISystem.objects.all()


def walked(kind: str, row: object, direction: str = "both", depth: int = 12) -> graph.Graph:
    start = Key(kind, str(getattr(row, "pk", row)))
    return graph.of(start, direction=direction, depth=depth, among=EVERYTHING)


def kinds_of(found: graph.Graph) -> dict[str, int]:
    return dict(Counter(key.kind for key in found.nodes))


def served(house: houses.House) -> tuple[ModelVersion, SlotAssignment]:
    assignment = houses.champion(house)
    assert assignment.champion is not None
    return assignment.champion, assignment


def test_down_from_a_dataset_reaches_what_serves(house: houses.House) -> None:
    version, assignment = served(house)
    found = walked("dataset", house.data.dataset, "down")
    assert kinds_of(found) == {
        "dataset": 1,
        "ingestion": 1,
        "dataset_version": 1,
        "run": 1,
        "model_version": 1,
        "evidence_set": 2,
        "promotion": 1,
        "decision": 2,
        "assignment": 1,
    }
    assert {Key("model_version", str(version.pk)), Key("assignment", str(assignment.pk))} <= found.nodes.keys()
    assert found.complete


def test_up_from_what_serves_reaches_data_code_policy_and_slot(house: houses.House) -> None:
    _, assignment = served(house)
    assert kinds_of(walked("assignment", assignment, "up")) == {
        "assignment": 1,
        "slot": 1,
        "promotion": 1,
        "policy": 1,
        "evidence_set": 2,
        "model_version": 1,
        "run": 1,
        "code": 1,
        "dataset_version": 1,
        "ingestion": 1,
        "dataset": 1,
    }


def test_edges_say_what_happened_in_words(house: houses.House) -> None:
    version = houses.measured(house)
    found = walked("model_version", version, "both", 1)
    assert sorted((edge.source.kind, edge.label, edge.target.kind) for edge in found.edges) == [
        ("model_version", "was measured in", "evidence_set"),
        ("run", "registered", "model_version"),
    ]
    assert not found.complete


def test_up_does_not_turn_round_to_siblings(house: houses.House) -> None:
    first, second = houses.measured(house), houses.measured(house)
    found = walked("model_version", first, "both")
    assert Key("model_version", str(second.pk)) not in found.nodes


def test_evidence_leads_only_to_the_request_that_is_bound_to_it(house: houses.House) -> None:
    request = houses.submitted(house)
    bound = EvidenceSet.objects.get(model_version=request.model_version)
    later = factories.evidence_set(request.model_version, auc=0.99)
    assert Key("promotion", str(request.pk)) in walked("evidence_set", bound, "down").nodes
    assert kinds_of(walked("evidence_set", later, "down")) == {"evidence_set": 1}


def test_what_belongs_to_another_system_is_neither_shown_nor_passed_through(house: houses.House) -> None:
    version, _ = served(house)
    mine = AISystem.objects.filter(pk=factories.system().pk)
    policy = Key("policy", str(house.policy.pk))
    assert kinds_of(graph.of(policy, direction="down", depth=12, among=mine)) == {"policy": 1}
    with pytest.raises(graph.NoSuchNode):
        graph.of(Key("model_version", str(version.pk)), direction="up", depth=1, among=mine)


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Invalid, match="no kind 'horse'"):
        graph.of(Key("horse", "1"), direction="up", depth=1, among=EVERYTHING)


def test_the_walk_takes_as_many_queries_for_three_versions_as_for_one(house: houses.House) -> None:
    houses.measured(house)
    with CaptureQueriesContext(connection) as first:
        walked("dataset", house.data.dataset)
    houses.measured(house), houses.measured(house)
    with CaptureQueriesContext(connection) as later:
        found = walked("dataset", house.data.dataset)
    assert (len(first), kinds_of(found)["model_version"]) == (len(later), 3)


def test_the_walk_stops_at_its_limit_and_says_so(house: houses.House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MAX_NODES", 3)
    houses.measured(house)
    found = walked("dataset", house.data.dataset, "down")
    assert (len(found.nodes), found.complete) == (3, False)


def test_code_is_a_node_by_its_digest(house: houses.House) -> None:
    version = houses.measured(house)
    found = walked("code", "c" * 64, "down")
    assert Key("run", str(version.run_id)) in found.nodes


def test_the_picture_is_wellformed_without_scripts_and_says_every_edge(house: houses.House) -> None:
    version, _ = served(house)
    found = walked("model_version", version)
    picture = drawing.svg(found, start=Key("model_version", str(version.pk)))
    root, space = ElementTree.fromstring(picture), "{http://www.w3.org/2000/svg}"
    described = root.findtext(f"{space}desc") or ""
    assert root.findtext(f"{space}title") == f"Lineage of model version {version}"
    assert len(root.findall(f"{space}g")) == len(found.nodes)
    assert len([path for path in root.findall(f"{space}path") if path.get("class") == "edge"]) == len(found.edges)
    assert all(f"{row['cause']} {row['edge']} {row['effect_kind']}"[:20] in described for row in drawing.table(found))
    assert "script" not in picture


def test_names_are_escaped_in_the_picture() -> None:
    key = Key("dataset", "1")
    evil = graph.Graph(nodes={key: graph.Node(key, '<script>&"', None)})
    assert "<script>" not in drawing.svg(evil, start=key)


def test_a_slot_leads_to_its_monitors_and_what_they_found(house: houses.House) -> None:
    served(house)
    monitor = monitors.create(house.slot, kind="drift", name="drift", cadence_seconds=60, actor=acting(house.operator))
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    monitors.check(str(monitor.pk), actor=factories.bootstrap())
    found = kinds_of(walked("slot", house.slot, "down"))
    assert found == {"slot": 1, "assignment": 1, "monitor": 1, "monitor_run": 1}


def test_a_batch_leads_up_to_the_version_that_answered(house: houses.House) -> None:
    version, assignment = served(house)
    Prediction.objects.create(
        at=timezone.now(), slot=house.slot, slot_revision=assignment.revision, model_version=version,
        arm="champion", features={}, score=0.7, decision=1, latency_us=10,
    )  # fmt: skip
    (batch,) = predictions.seal(actor=factories.bootstrap())
    found = walked("prediction_batch", batch, "up")
    assert {Key("assignment", str(assignment.pk)), Key("model_version", str(version.pk))} <= found.nodes.keys()
    assert Key("prediction_batch", str(batch.pk)) in walked("model_version", version, "down").nodes
