"""Which models learned from a person: marks instead of keys, and how they go."""

import hashlib
import io
import tracemalloc

import pyarrow as pa
import pyarrow.parquet
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from registry.errors import Conflict, Invalid, NotPermitted
from registry.models import AISystem, DatasetVersion, Ingestion, ModelVersion, SubjectMark
from registry.roles import Role
from registry.services import datasets, jobs, privacy
from registry.services.lineage import subjects
from tests import factories, houses, recorded
from tests.factories import acting

EVERYTHING = AISystem.objects.all()


def delivered(house: houses.House, people: list[object], *, column: str = "PID") -> DatasetVersion:
    """A version whose rows are about these people."""
    owner = acting(house.system.owner)
    dataset = datasets.register(
        house.system, name=factories.name("people"), licence="CC0-1.0", actor=owner, subject_column=column
    )
    waiting = jobs.claim(Ingestion, str(factories.ingestion(dataset).pk), actor=factories.bootstrap())
    assert waiting is not None
    sink = io.BytesIO()
    pa.parquet.write_table(pa.table({"PID": people, "AGEP": [40] * len(people)}), sink)
    schema = [{"name": "PID", "kind": "text"}, {"name": "AGEP", "kind": "integer"}]
    result = datasets.Ingested(sink.getvalue(), len(people), schema, {}, "pass", [])
    return datasets.complete(waiting, result=result, actor=factories.bootstrap())


def asked(house: houses.House, key: str, data: DatasetVersion | None = None) -> list[ModelVersion]:
    dpo = factories.person(Role.DPO)
    dataset = data.dataset if data else None
    return subjects.learned_from_person(key, actor=acting(dpo), among=EVERYTHING, dataset=dataset)


def test_complete_marks_each_person_once_and_keeps_no_key(house: houses.House) -> None:
    version = delivered(house, ["ann", "bob", "ann", None])
    marks = [bytes(mark.subject) for mark in SubjectMark.objects.filter(dataset_version=version)]
    assert (len(marks), {len(mark) for mark in marks}) == (2, {16})
    assert hashlib.sha256(b"ann").digest()[:16] not in marks


def test_learned_from_person_finds_the_models_of_their_data_alone(house: houses.House) -> None:
    with_ann, without = delivered(house, ["ann", "bob"]), delivered(house, ["bob"])
    learner = factories.version(house.model, data=with_ann)
    factories.version(house.model, data=without, bias=-3.0)
    assert asked(house, "ann") == [learner]
    assert asked(house, "ann", with_ann) == [learner]
    assert (asked(house, "ann", without), asked(house, "carl")) == ([], [])


def test_learned_from_person_is_one_query_on_marks_versions_and_models(house: houses.House) -> None:
    data, dpo = delivered(house, ["ann"]), factories.person(Role.DPO)
    factories.version(house.model, data=data)
    with CaptureQueriesContext(connection) as captured:
        subjects.learned_from_person("ann", actor=acting(dpo), among=EVERYTHING)
    assert sum("registry_subjectmark" in query["sql"] for query in captured) == 1


def test_learned_from_person_is_recorded_without_the_person(house: houses.House) -> None:
    data = delivered(house, ["ann-of-green-gables"])
    asked(house, "ann-of-green-gables", data)
    event = Event.objects.get(event="lineage.subject_looked_up")
    assert (event.subject_type, event.subject_id) == ("lineage", "subjects")
    assert b"gables" not in bytes(event.leaf or b"") + bytes(event.changes or b"")


def test_learned_from_person_by_an_engineer_is_refused(house: houses.House) -> None:
    with pytest.raises(NotPermitted):
        subjects.learned_from_person("ann", actor=acting(house.engineer), among=EVERYTHING)


def test_numbers_are_known_by_their_digits(house: houses.House) -> None:
    learner = factories.version(house.model, data=delivered(house, [1024, 7]))
    assert asked(house, "1024") == [learner]


def test_forget_removes_the_marks_and_says_where_they_were(house: houses.House) -> None:
    data, dpo = delivered(house, ["ann", "bob"]), factories.person(Role.DPO)
    factories.version(house.model, data=data)
    assert subjects.forget("ann", actor=acting(dpo), reason="Art. 17") == [data]
    assert (asked(house, "ann"), len(asked(house, "bob"))) == ([], 1)
    assert Event.objects.filter(event="lineage.subject_forgotten").count() == 1


def test_forget_under_a_legal_hold_is_refused(house: houses.House) -> None:
    data, officer = delivered(house, ["ann"]), factories.person(Role.RISK_OFFICER)
    privacy.place_hold(
        ground="Case 12/26", actor=acting(officer), subject_type="dataset_version", subject_id=str(data.pk)
    )
    with pytest.raises(Conflict, match="Case 12/26"):
        subjects.forget("ann", actor=acting(factories.person(Role.DPO)))
    assert SubjectMark.objects.filter(dataset_version=data).count() == 1


def test_rows_without_the_promised_column_are_refused(house: houses.House) -> None:
    with pytest.raises(Invalid, match="no column 'CUSTOMER'"):
        delivered(house, ["ann"], column="CUSTOMER")


def test_mark_again_from_the_bytes_gives_the_same_marks(house: houses.House) -> None:
    version = delivered(house, ["ann", "bob"])
    before = set(SubjectMark.objects.values_list("subject", "dataset_version"))
    assert subjects.mark(version) == 2
    assert {bytes(mark) for mark, _ in before} == {bytes(mark.subject) for mark in SubjectMark.objects.all()}


def peak_bytes(version: DatasetVersion, people: int) -> int:
    """How much memory Python takes to mark so many."""
    sink = io.BytesIO()
    table = pa.table({"PID": [f"p{number}" for number in range(people)]})
    pa.parquet.write_table(table, sink, row_group_size=subjects.CHUNK_ROWS)
    parquet = sink.getvalue()
    del table, sink
    tracemalloc.start()
    try:
        assert subjects.mark(version, parquet=parquet) == people
        return tracemalloc.get_traced_memory()[1] - len(parquet)
    finally:
        tracemalloc.stop()


def test_mark_of_four_times_as_many_people_takes_less_than_twice_the_memory(house: houses.House) -> None:
    version = delivered(house, ["ann"])
    peak_bytes(version, 6_000)  # what is loaded once
    assert peak_bytes(version, 40_000) < 2 * peak_bytes(version, 10_000)


def test_a_column_that_names_people_is_never_a_feature(house: houses.House) -> None:
    data = delivered(house, ["ann"], column="PID")
    recipe = {**factories.RECIPE, "features": {"AGEP": "numeric", "pid": "numeric"}}
    with pytest.raises(Invalid, match="names people"):
        factories.runs.request(house.model, dataset_version=data, recipe=recipe, seed=1, actor=acting(house.engineer))


def test_recorded_row_of_the_dataset_names_the_column(house: houses.House) -> None:
    data = delivered(house, ["ann"])
    assert recorded.changes(data.dataset)["subject_column"] == {"new": "PID"}
