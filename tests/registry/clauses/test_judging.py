"""What is found becomes a state, in words; clauses as data are read strictly."""

from datetime import UTC, date, datetime, timedelta

import pytest

from registry.clauses import clause as clauses
from registry.clauses import judging
from registry.clauses.clause import Clause, ControlsBroken, Need
from registry.clauses.judging import Found, Proof
from registry.gates import conditions

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CONTEXT = {"system": {"regimes": ["gdpr"], "risk_tier": "high", "personal_data": False}}


def proof(days: int) -> Proof:
    return Proof("evidence", "1", "roc_auc", NOW - timedelta(days=days))


def made(*needs: Need, **more: object) -> Clause:
    return Clause("x.1", "x:1", "gdpr", "Something.", "A", needs, **more)  # type: ignore[arg-type]


def judged(clause: Clause, **found: Found) -> tuple[str, str, tuple[str, ...]]:
    answer = judging.judge(clause, lambda need: found.get(need.query, Found()), NOW)
    return answer.state, answer.reason, answer.missing


def test_what_is_on_record_and_fresh_covers() -> None:
    need = Need("Measure it.", "a", within_days=30)
    assert judged(made(need), a=Found((proof(29),))) == ("covered", "What it asks for is on record.", ())


def test_what_is_old_is_stale_and_says_of_when() -> None:
    need = Need("Measure it.", "a", within_days=30)
    assert judged(made(need), a=Found((proof(1), proof(31)))) == (
        "stale",
        "Of 1 things that it asks for, 1 is too old.",
        ("Measure it. What is there is of 23 October 2026, older than 30 days.",),
    )


def test_one_missing_thing_outweighs_what_is_stale_and_covered() -> None:
    needs = [Need("Do a.", "a"), Need("Do b.", "b", within_days=1), Need("Do c.", "c")]
    state, reason, missing = judged(made(*needs), a=Found((proof(0),)), b=Found((proof(9),)))
    assert (state, reason, missing[-1]) == ("missing", "Of 3 things that it asks for, 1 is not on record.", "Do c.")


def test_what_is_lacking_for_one_version_is_missing_whatever_the_others_have() -> None:
    found = Found((proof(0),), ("model v2: no evidence.",))
    assert judged(made(Need("Measure it.", "a")), a=found)[::2] == ("missing", ("Measure it. model v2: no evidence.",))


def test_one_of_the_alternatives_is_enough() -> None:
    either = (Need("Do either.", "a"), Need("Do either.", "b"))
    need = Need("Do either.", either=either)
    assert judged(made(need), b=Found((proof(0),)))[0] == "covered"
    assert judged(made(need))[::2] == ("missing", ("Do either.",))


def test_a_clause_without_needs_is_missing_what_it_demands() -> None:
    assert judged(made())[::2] == ("missing", ("Something.",))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, None),
        ({"effective_from": date(2027, 12, 2)}, None),
        (
            {"effective_until": date(2026, 4, 16), "superseded_by": "Y"},
            "It was in force until 16 April 2026, superseded by Y.",
        ),
        (
            {
                "applies_when": conditions.parse({"field": "system.personal_data", "eq": True}),
                "concerns": "systems that process personal data",
            },
            "It concerns systems that process personal data.",
        ),
        ({"applies_when": conditions.parse({"field": "system.unknown", "eq": 1}), "concerns": "nobody"}, None),
    ],
)  # fmt: skip
def test_not_concerned_says_why(more: dict[str, object], why: str | None) -> None:
    assert judging.not_concerned(made(**more), CONTEXT, NOW) == why


def test_a_system_that_is_not_held_to_the_regime_is_not_concerned() -> None:
    other = {"system": {**CONTEXT["system"], "regimes": []}}
    assert judging.not_concerned(made(), other, NOW) == "The system is not held to the GDPR."


def test_a_duty_of_next_year_is_not_in_force_and_looked_for_already() -> None:
    ahead = made(effective_from=date(2027, 12, 2))
    assert (judging.in_force(ahead, NOW), judging.not_concerned(ahead, CONTEXT, NOW)) == (False, None)


def test_the_controls_hold_every_regime_and_the_dates_that_changed_in_2026() -> None:
    found = clauses.by_id()
    assert {clause.regime for clause in clauses.every()} == set(clauses.REGIMES)
    assert len(found) == 57
    assert {c.effective_from for c in clauses.every() if c.regime == "eu-ai-act"} == {date(2027, 12, 2)}
    assert (found["sr-11-7"].effective_until, found["sr-11-7"].superseded_by) == (date(2026, 4, 16), "SR 26-2")


def test_a_clause_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(ControlsBroken, match="surprise"):
        clauses._clause({"id": "x", "regime": "gdpr", "surprise": 1})


def test_a_need_without_a_query_is_refused() -> None:
    with pytest.raises(ControlsBroken, match="a need has a query"):
        clauses._need("x", {"asks": "Do it."})
