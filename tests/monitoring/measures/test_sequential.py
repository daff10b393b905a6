"""Evidence over looks: bets that are fair, alarms as rare as stated, and found where something changed."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from monitoring.measures import sequential
from monitoring.measures.sequential import Evidence


def looks_until_alarm(log10_ps: list[float], *, looks_between: int) -> int | None:
    evidence = Evidence()
    for one in log10_ps:
        evidence = sequential.weigh(evidence, one)
        if sequential.rings(evidence, looks_between=looks_between):
            return evidence.looks
    return None


@pytest.mark.parametrize("p", [0.9, 0.5, 0.1, 0.01, 1e-6])
def test_log_bet_is_the_mixture_of_all_powers(p: float) -> None:
    mixed, _ = quad(lambda k: k * p ** (k - 1), 0, 1)
    assert math.exp(sequential.log_bet(math.log10(p))) == pytest.approx(mixed, rel=1e-9)


def test_log_bet_near_one_and_far_below_what_a_float_holds_is_finite() -> None:
    assert math.exp(sequential.log_bet(0.0)) == pytest.approx(0.5)
    assert math.exp(sequential.log_bet(math.log10(1 - 1e-5))) == pytest.approx(0.5, abs=1e-5)
    assert 2280 < sequential.log_bet(-1000.0) < math.log(10) * 1000


def test_bet_on_a_p_value_where_nothing_changed_is_fair() -> None:
    mean, _ = quad(lambda p: math.exp(sequential.log_bet(math.log10(p))), 1e-12, 1, limit=400)
    assert mean == pytest.approx(1.0, abs=0.05)  # the rest of the integral lies below 1e-12


@pytest.mark.parametrize("wrong", [0.1, float("nan"), -math.inf])
def test_log_bet_on_no_p_value_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="not the logarithm of a p-value"):
        sequential.log_bet(wrong)


def test_false_alarms_are_rarer_than_one_in_the_stated_number_of_looks() -> None:
    generator = np.random.default_rng(1)
    waits = []
    for _ in range(200):
        evidence = Evidence()
        while not sequential.rings(evidence, looks_between=20):
            evidence = sequential.weigh(evidence, float(np.log10(generator.random())))
        waits.append(evidence.looks)
    assert 40 < np.mean(waits) < 200  # 88 were measured over many more


@pytest.mark.parametrize(("p", "looks"), [(1e-6, 1), (1e-3, 3), (0.5, None)])
def test_what_changed_is_found_in_few_looks(p: float, looks: int | None) -> None:
    assert looks_until_alarm([math.log10(p)] * 200, looks_between=1000) == looks


def test_weigh_goes_on_from_where_it_stood() -> None:
    through = sequential.weigh(sequential.weigh(Evidence(), -2.0), -1.0)
    stored = Evidence(sequential.weigh(Evidence(), -2.0).log_e, 1)
    assert sequential.weigh(stored, -1.0) == through


def test_simes_is_the_smallest_of_the_scaled_and_never_above_one() -> None:
    assert 10 ** sequential.simes(np.log10([0.01, 0.04, 0.03]).tolist()) == pytest.approx(0.03)
    assert sequential.simes([0.0, -0.0]) == 0.0


@pytest.mark.parametrize("none", [[], [math.nan], [-3.0, math.nan], [math.nan, -3.0]])
def test_simes_of_no_p_value_is_refused(none: list[float]) -> None:
    with pytest.raises(ValueError, match="no p-value"):
        sequential.simes(none)
