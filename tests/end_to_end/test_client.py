"""docs/client.md is a test: each of its blocks is run, in order, on the real stack with real workers."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import global_settings
from django.test import override_settings

from mlops_client import Client
from registry.models import PromotionRequest, User
from registry.roles import Role
from registry.services.slots import rollouts
from tests import factories, houses, live

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
# A fence with its language, or a comment that asks the test for what other people do.
BLOCKS = re.compile(r"^```(python|console)\n(.*?)^```|^<!-- test: (.*?) -->", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Told:
    """What the page left behind: its names, and what each command printed."""

    names: dict[str, Any]
    printed: dict[str, str]


@pytest.fixture(scope="module")
def engineer(stack: live.Stack) -> User:
    # The web process checks passwords with the real hash.
    with override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS):
        return factories.person(Role.ENGINEER, Role.CALLER, team="modelling")


@pytest.fixture(scope="module")
def told(stack: live.Stack, engineer: User, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("notebook")
    # What others sign here, the web process must be able to verify.
    with pytest.MonkeyPatch.context() as environment, override_settings(SIGNING_KEY_DIR=stack.folder / "keys"):
        factories.policy("high-risk")
        environment.chdir(folder)
        environment.setenv("XDG_CONFIG_HOME", str(folder))
        environment.setenv("PYTHONPATH", str(PAGE.parents[1]))
        environment.setenv("OFFICER_TOKEN", factories.token(factories.person(Role.RISK_OFFICER)).split()[1])
        environment.delenv("MLOPS_URL", raising=False)
        environment.delenv("MLOPS_TOKEN", raising=False)
        told = Told({}, {})
        for language, text, asked in BLOCKS.findall(PAGE.read_text()):
            if language == "python":
                exec(compile(text, str(PAGE), "exec"), told.names)
            elif language == "console":
                _type(text, stack, engineer, told)
            else:
                assert asked == "sign and execute"
                _sign_and_execute(told.names["promotion"].id)
        yield told
        for client in told.names.values():
            if isinstance(client, Client):
                client.close()


def _type(text: str, stack: live.Stack, engineer: User, told: Told) -> None:
    """Run each command, with the address and the name of this run; the password goes where a person types it."""
    recipe = told.names.get("recipe", {})
    Path("recipe.json").write_text(json.dumps(recipe | {"cross_validation": {"folds": 2}}))
    Path("rows.jsonl").write_text(_rows(recipe))
    for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        line = line.replace("http://127.0.0.1:8000", stack.url).replace("elena", engineer.username)
        command = [sys.executable, "-m", "mlops_client", *shlex.split(line)[1:]]
        done = subprocess.run(command, input=factories.PASSWORD, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        told.printed[shlex.join(shlex.split(line)[1:3])] = done.stdout


def _rows(recipe: dict[str, Any]) -> str:
    return json.dumps({"id": 1, **dict.fromkeys(recipe.get("features", {}), 1)})


def _sign_and_execute(id_: str) -> None:
    """What the validator, the reviewer and the operator do in the admin."""
    request = PromotionRequest.objects.get(pk=id_)
    for role, meaning in ((Role.VALIDATOR, "independent_validation"), (Role.COMPLIANCE_REVIEWER, "review")):
        request = houses.signed(request, factories.person(role, team=role), meaning=meaning)
    operator = factories.person(Role.OPERATOR, team="operations")
    rollouts.execute(request, actor=factories.acting(operator), reason="Reviewed and due.")


def test_page_trains_the_model_that_it_describes(told: Told) -> None:
    version, run, first = (told.names[name] for name in ("version", "run", "first"))
    assert (version.name, version.row_count, version.contract_verdict) == ("people v1", 5000, "pass")
    assert (run.state, run.progress_percent, first.name) == ("succeeded", 100, "job-centres-classifier v1")


def test_page_compares_with_paired_differences(told: Told) -> None:
    row = told.names["comparison"]["roc_auc"]
    assert row.difference.method == "paired DeLong"
    assert row.difference.value == pytest.approx(row.first.value - row.second.value)
    assert (told.names["comparison"].same_rows, row.first.n) == (True, 1500)


def test_page_reproduces_the_run(told: Told) -> None:
    assert told.names["reproduction"].verdict == "bit_identical"


def test_page_puts_the_version_into_service(told: Told) -> None:
    assert (told.names["promotion"].state, told.names["slot"].serving) == ("in_review", "job-centres-classifier v1")
    assert len(told.names["answers"]) == 5


def test_commands_print_json_where_it_is_asked_for(told: Told) -> None:
    compared = json.loads(told.printed["compare job-centres-classifier@3"])
    assert {row["metric"] for row in compared["figures"]} >= {"roc_auc", "accuracy"}


def test_commands_leave_no_secret_behind(told: Told) -> None:
    kept = json.loads((Path(told.names["Path"].cwd()) / "mlops" / "credentials.json").read_text())
    assert kept["accounts"] == {}
