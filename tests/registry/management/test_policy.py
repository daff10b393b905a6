"""`manage.py policy`: the same answers on the command line."""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from registry.models import GateResult, PromotionRequest
from tests import houses

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> list[str]:
    out = io.StringIO()
    call_command("policy", *arguments, stdout=out)
    return out.getvalue().splitlines()


def written(folder: Path, floor: float = 0.8, **changes: Any) -> str:
    """A file with a policy."""
    document = houses.policy_document("employment", **changes)
    document["gates"][1]["require"]["value"] = floor
    path = folder / f"policy-{floor}.yaml"
    path.write_text(yaml.safe_dump(document))
    return str(path)


def test_lint_of_a_good_file_says_so_and_warns(tmp_path: Path) -> None:
    file = written(tmp_path)
    lines = said("lint", file)
    assert lines[-1] == f"{file} can be proposed."
    assert lines[0].startswith("warning: applies_when: The policy governs every request.")


def test_lint_of_a_bad_file_fails(tmp_path: Path) -> None:
    file = written(tmp_path, approval={"chain": [], "valid_for": "P1Y"})
    with pytest.raises(CommandError, match="cannot be proposed"):
        said("lint", file)


def test_lint_of_a_ready_policy_finds_nothing() -> None:
    assert said("lint", "nyc-ll144") == ["nyc-ll144 can be proposed."]


def test_lint_of_nothing_fails() -> None:
    with pytest.raises(CommandError, match=r"There is no missing.yaml"):
        said("lint", "missing.yaml")


def test_simulate_of_a_file_says_what_it_would_have_blocked(tmp_path: Path) -> None:
    request = houses.submitted(houses.build())
    lines = said("simulate", written(tmp_path, 0.9), "--last", "10", "--days", "90")
    assert lines[0] == (
        "employment v1 would have blocked 1 of the last 1 requests that passed, and let through 0 that were blocked."
    )
    assert lines[1:] == [
        f"{request} ({request.pk}): ready, would be blocked",
        "  perf.auc.floor: passed, would be fail, block. ROC AUC on holdout is 0.85 [0.83, 0.87], n = 2,000; "
        "the whole interval is below 0.90: this blocks.",
    ]


def test_diff_of_a_stored_policy_with_a_file(tmp_path: Path) -> None:
    policy = houses.policy()
    assert said("diff", f"{policy.name}:1", written(tmp_path, 0.9)) == [
        "stricter: perf.auc.floor.require: 95 % lower bound >= 0.80 became 95 % lower bound >= 0.90."
    ]
    assert said("diff", policy.name, policy.name) == ["They ask the same."]


def test_explain_of_a_policy_and_of_a_request() -> None:
    request = houses.submitted(houses.build())
    assert said("explain", "minimal")[0] == "minimal-risk v1"
    lines = said("explain", str(request.pk))
    assert (lines[0], "perf.auc.floor: pass" in lines) == ("2 gates pass.", True)
    assert sum(line.startswith("  Evidence: ") for line in lines) == 2


def test_replay_of_all_requests_says_that_they_come_out_the_same() -> None:
    houses.submitted(houses.build())
    (line,) = said("replay")
    assert line.endswith("answer as they did.")


def test_replay_of_a_changed_answer_fails() -> None:
    request: PromotionRequest = houses.submitted(houses.build())
    GateResult.objects.filter(promotion=request, gate="perf.auc.floor").update(verdict="fail")
    with pytest.raises(CommandError, match=r"1 requests no longer come out"):
        said("replay", str(request.pk))
