"""The map of histories: vectors by hand, proofs for every subject of small maps, and all that must be refused."""

import hashlib
import json
from dataclasses import replace

import pytest

from audit.tlog import histories, merkle
from audit.tlog.errors import ProofError
from audit.tlog.histories import Histories, Placed, State
from tests.audit.tlog.examples import hashes

LEAVES = hashes(200)


def filled(subjects: int) -> Histories:
    """A map of that many subjects, the first with one entry, the second with two, ..."""
    built, index = Histories(), 0
    for number in range(subjects):
        for _ in range(number + 1):
            built.add("slot", f"{number:02d}", index, LEAVES[index])
            index += 1
    return built


def refused(subject: tuple[str, str], placed: list[Placed], built: Histories) -> bool:
    try:
        histories.verify(*subject, placed, subjects=built.subjects, root=built.root())
    except ProofError:
        return True
    return False


def test_history_of_two_entries_is_the_chain_written_out_by_hand() -> None:
    built = Histories()
    built.add("model", "é", 3, LEAVES[0])
    built.add("model", "é", 8, LEAVES[1])
    first = hashlib.sha256(b"audit/history/v1\n" + bytes(32) + LEAVES[0]).digest()
    second = hashlib.sha256(b"audit/history/v1\n" + first + LEAVES[1]).digest()
    leaf = f'{{"count":2,"digest":"{second.hex()}","id":"é","last":8,"type":"model"}}'.encode()
    assert built.states() == [State("model", "é", 2, 8, second)]
    assert histories.digest_of(LEAVES[:2]) == second
    assert built.root() == hashlib.sha256(b"\0" + leaf).digest()


def test_map_without_subjects_has_the_root_of_nothing() -> None:
    assert (Histories().root(), Histories().subjects) == (merkle.EMPTY_ROOT, 0)


def test_map_is_the_same_in_whatever_order_subjects_come() -> None:
    one, other = Histories(), Histories()
    for subject in ("b", "a", "c"):
        one.add("slot", subject, ord(subject), LEAVES[ord(subject)])
    for subject in ("c", "b", "a"):
        other.add("slot", subject, ord(subject), LEAVES[ord(subject)])
    assert one.root() == other.root()


def test_map_is_ordered_by_type_then_id_as_bytes() -> None:
    built = Histories()
    for index, (kind, name) in enumerate([("b", "a"), ("a", "\U00010000"), ("a", "\uffff"), ("a", "Z"), ("aa", "")]):
        built.add(kind, name, index, LEAVES[index])
    assert [state.id for state in built.states()] == ["Z", "\uffff", "\U00010000", "", "a"]


def test_map_taken_up_where_it_was_left_goes_on_the_same() -> None:
    whole, resumed = filled(5), Histories(filled(5).states())
    for built in (whole, resumed):
        built.add("slot", "02", 50, LEAVES[50])
    assert resumed.root() == whole.root()


def test_entry_that_comes_before_the_last_one_is_refused() -> None:
    with pytest.raises(ProofError, match="Entry 0 about slot 00 does not come after its entry 0"):
        filled(3).add("slot", "00", 0, LEAVES[0])


def test_every_subject_of_small_maps_is_proven_with_its_state() -> None:
    for count in range(1, 12):
        built = filled(count)
        for state in built.states():
            placed = built.prove("slot", state.id)
            assert histories.verify("slot", state.id, placed, subjects=count, root=built.root()) == state


def test_map_of_many_sizes_has_the_proofs_and_the_root_of_rfc_9162() -> None:
    for count in range(1, 40):
        states = [State("slot", f"{number:02d}", 1, number, LEAVES[number]) for number in range(count)]
        built = histories.Map(states, [state.key for state in states])
        leaf_hashes = [merkle.leaf_hash(state.leaf()) for state in states]
        proofs = [built.prove("slot", state.id) for state in states]
        assert (built.root, built.subjects) == (merkle.root(leaf_hashes), count)
        assert proofs == [
            [Placed(state, place, tuple(merkle.inclusion_proof(leaf_hashes, place)))]
            for place, state in enumerate(states)
        ]


def test_map_over_states_out_of_order_or_twice_is_refused() -> None:
    first, second = filled(2).states()
    for states in ([second, first], [first, first]):
        with pytest.raises(ProofError, match="does not come after the subject before it"):
            histories.Map(states)


@pytest.mark.parametrize("count", range(5))
def test_subject_without_a_history_is_proven_to_have_none(count: int) -> None:
    built = filled(count)
    for absent in (("model", "x"), ("slot", ""), ("slot", "00x"), ("slot", "01x"), ("slot", "99"), ("zoo", "1")):
        placed = built.prove(*absent)
        assert histories.verify(*absent, placed, subjects=count, root=built.root()) is None
        assert [refused(absent, placed[:cut], built) for cut in range(len(placed))] == [True] * len(placed)


def test_subject_with_a_history_cannot_be_shown_to_have_none() -> None:
    for count in range(1, 8):
        built = filled(count)
        every = [built.prove("slot", state.id)[0] for state in built.states()]
        for place, state in enumerate(built.states()):
            others = [[], every[:place][-1:], every[place + 1 :][:1], every[:place][-1:] + every[place + 1 :][:1]]
            assert all(refused(("slot", state.id), placed, built) for placed in others)


def test_neighbours_that_are_not_next_to_each_other_prove_nothing() -> None:
    built = filled(6)
    every = [built.prove("slot", state.id)[0] for state in built.states()]
    assert not refused(("slot", "02x"), [every[2], every[3]], built)
    for wrong in ([every[1], every[3]], [every[2], every[4]], [every[3], every[2]], [every[2], every[2]], every[2:5]):
        assert refused(("slot", "02x"), wrong, built)


@pytest.mark.parametrize(
    "change",
    [{"count": 4}, {"count": 2}, {"last": 6}, {"digest": bytes(32)}, {"id": "03"}, {"type": "slots"}],
)
def test_state_with_a_member_changed_is_refused(change: dict[str, object]) -> None:
    built = filled(5)
    (placed,) = built.prove("slot", "02")
    assert not refused(("slot", "02"), [placed], built)
    assert refused(("slot", "02"), [replace(placed, state=replace(placed.state, **change))], built)  # type: ignore[arg-type]


def test_state_at_another_place_or_with_another_proof_is_refused() -> None:
    built = filled(5)
    (placed,) = built.prove("slot", "02")
    wrong = [replace(placed, position=position) for position in (-1, 0, 1, 3, 4, 5)]
    wrong += [replace(placed, proof=placed.proof[:-1]), replace(placed, proof=placed.proof[::-1])]
    assert all(refused(("slot", "02"), [one], built) for one in wrong)


def test_leaf_of_a_state_is_json_that_says_what_the_state_says() -> None:
    state = filled(2).states()[1]
    assert json.loads(state.leaf()) == {
        "type": "slot",
        "id": "01",
        "count": 2,
        "last": 2,
        "digest": histories.digest_of(LEAVES[1:3]).hex(),
    }
