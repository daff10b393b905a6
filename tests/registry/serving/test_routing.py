"""Sticky routing: the same entity, the same arm; growing shares move entities one way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.serving import routing

entities = st.text(min_size=1, max_size=20)


@given(entities, st.integers(0, 100))
def test_arm_of_an_entity_is_always_the_same(entity: str, percent: int) -> None:
    assert routing.arm("salt", entity, percent) == routing.arm("salt", entity, percent)


@given(entities, st.integers(0, 99))
def test_entity_in_the_canary_stays_while_its_share_grows(entity: str, percent: int) -> None:
    before, after = routing.arm("salt", entity, percent), routing.arm("salt", entity, percent + 1)
    assert (before, after) != ("canary", "champion")


@settings(max_examples=20)
@given(st.integers(5, 95))
def test_share_of_entities_is_the_share_asked_for(percent: int) -> None:
    arms = [routing.arm("salt", str(number), percent) for number in range(20_000)]
    assert abs(arms.count("canary") / 20_000 - percent / 100) < 0.02


def test_arm_without_entity_follows_the_ends() -> None:
    assert {routing.arm("salt", "", 0) for _ in range(50)} == {"champion"}
    assert {routing.arm("salt", "", 100) for _ in range(50)} == {"canary"}


def test_another_salt_draws_anew() -> None:
    arms = [[routing.arm(salt, str(number), 50) for number in range(1000)] for salt in ("a", "b")]
    assert 400 < sum(one == other for one, other in zip(*arms, strict=True)) < 600
