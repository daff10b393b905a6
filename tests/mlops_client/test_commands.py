"""The command line: what it prints, and the code that it ends with."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from knox.models import AuthToken

from mlops_client import credentials
from mlops_client.cli import program
from registry.models import TrainingRun
from registry.roles import Role
from tests import factories, houses
from tests.mlops_client.conftest import URL, TypedBy
from tests.mlops_client.published import Judge

pytestmark = pytest.mark.django_db


def test_login_keeps_the_token_and_logout_revokes_it(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = factories.person(Role.ENGINEER)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{factories.PASSWORD}\n"))
    assert program.main(["login", "--url", URL, "--username", ada.username], transport=judge) == program.DONE
    kept = credentials.file().read_text()
    assert program.main(["whoami", "--json"], transport=judge) == program.DONE
    token = json.loads(kept)["accounts"][URL]["token"]
    shown = capsys.readouterr().out
    assert (ada.username in shown, token in shown, factories.PASSWORD in kept) == (True, False, False)
    assert program.main(["logout"], transport=judge) == program.DONE
    assert program.main(["whoami"], transport=judge) == program.NOT_SIGNED_IN
    assert AuthToken.objects.filter(user=ada).count() == 0


def test_login_with_a_wrong_password_is_refused(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong\n"))
    assert program.main(["login", "--url", URL, "--username", "ada"], transport=judge) == program.NOT_SIGNED_IN
    assert not credentials.file().exists()


def test_train_from_a_yaml_file_asks_for_a_run(typing: TypedBy, tmp_path: Path) -> None:
    model = factories.model()
    data = factories.dataset_version(factories.dataset(model.system))
    (tmp_path / "recipe.yaml").write_text(json.dumps(factories.RECIPE))  # JSON is YAML too
    words = ["train", str(tmp_path / "recipe.yaml"), "--model", model.name, "--data", f"{data.dataset.name}@1"]
    assert typing(factories.person(Role.ENGINEER))(*words, "--seed", "7", "--detach") == program.DONE
    assert TrainingRun.objects.get().recipe["estimator"]["name"] == "logistic_regression"


def test_push_of_a_file_asks_for_an_ingestion(
    typing: TypedBy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text("AGEP,SCHL\n41,21\n")
    words = ["datasets", "push", factories.dataset().name, str(tmp_path / "rows.csv"), "--detach", "--json"]
    assert typing(factories.person(Role.ENGINEER))(*words) == program.DONE
    shown = json.loads(capsys.readouterr().out)
    assert (shown["source_name"], shown["format"], shown["state"]) == ("rows.csv", "csv", "queued")


def test_promote_that_a_gate_blocks_ends_with_its_own_code(typing: TypedBy, capsys: pytest.CaptureFixture[str]) -> None:
    house = houses.build()
    version = houses.measured(house, auc=0.7)
    words = ["promote", f"{house.model.name}@{version.number}", "--slot", house.slot.key, "--policy", house.policy.name]
    assert typing(house.engineer)(*words, "--reason", "It ranks better.") == program.BLOCKED
    assert "perf.auc.floor" in capsys.readouterr().out


def test_runs_are_listed_shown_and_narrowed(typing: TypedBy, capsys: pytest.CaptureFixture[str]) -> None:
    run = factories.version().run
    reads = typing(factories.person(Role.VALIDATOR))
    assert reads("runs", "list", "--where", "state=succeeded", "--json") == program.DONE
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == [str(run.pk)]
    assert reads("runs", "list", "--where", "state=failed", "--json") == program.DONE
    assert json.loads(capsys.readouterr().out) == []
    assert reads("runs", "show", str(run.pk)) == program.DONE
    assert "succeeded" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["runs", "show", "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a01"], program.REFUSED),
        (["runs", "list", "--where", "state"], program.UNUSABLE),
        (["models", "versions", "nothing"], program.UNUSABLE),
        (["train", "no-such-file.json", "--model", "m", "--data", "d", "--seed", "1"], program.UNUSABLE),
        (["models", "register", "nothing", "name"], program.UNUSABLE),
    ],
)
def test_command_that_cannot_be_done_says_why(
    typing: TypedBy, capsys: pytest.CaptureFixture[str], words: list[str], code: int
) -> None:
    assert typing(factories.person(Role.ENGINEER))(*words) == code
    printed = capsys.readouterr()
    assert (printed.out, len(printed.err) > 10) == ("", True)


def test_command_without_an_answer_has_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: httpx.Request) -> Any:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setenv("MLOPS_URL", URL)
    monkeypatch.setenv("MLOPS_TOKEN", "token")
    assert program.main(["whoami"], transport=httpx.MockTransport(refuse)) == program.UNREACHABLE


def test_help_of_every_command_tells_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["runs", "--help"], ["runs", "reproduce", "--help"], ["predict", "--help"]):
        with pytest.raises(SystemExit) as ended:
            program.main(words)
        assert ended.value.code == 0
    assert "every answer is logged" in capsys.readouterr().out
