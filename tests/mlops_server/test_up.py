"""`manage.py up` refuses in one sentence what it cannot do."""

import configparser
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mlops_server import embedded, errors, processes, stack
from mlops_server.management.commands import credentials, up
from tests import live

# A machine where nothing is set.
MACHINE = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
COMMAND = [sys.executable, "manage.py", "up", "--no-demo"]


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(COMMAND, env=MACHINE | variables, cwd=processes.BASE_DIR, capture_output=True, text=True)


def test_up_with_a_taken_port_refuses_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = start(VAR_DIR=str(tmp_path), PORT=str(port))
    sentence = f"stop it, or choose another port: `PORT={port + 1} make run`.\n"
    assert (result.returncode, result.stderr.count("\n"), result.stderr.endswith(sentence)) == (1, 1, True)


def test_up_with_a_folder_that_cannot_be_written_refuses_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    var = tmp_path / "file" / "var"
    result = start(VAR_DIR=str(var))
    sentence = f"The folder {var} cannot be written (Not a directory): set VAR_DIR to another.\n"
    assert (result.returncode, result.stderr) == (1, sentence)


def test_up_with_a_port_that_is_no_number_refuses_in_one_sentence(tmp_path: Path) -> None:
    result = start(VAR_DIR=str(tmp_path), PORT="http")
    sentence = "PORT is 'http', which is no port: set it to a number from 1 to 65535.\n"
    assert (result.returncode, result.stderr) == (1, sentence)


def test_check_in_a_folder_whose_stack_runs_names_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)", str(tmp_path / "supervisord.conf")]
    with subprocess.Popen(command) as other:
        (tmp_path / "supervisord.pid").write_text(f"{other.pid}\n")
        with pytest.raises(errors.StartError) as refusal:
            up.check(tmp_path, 8000, [])
        other.kill()
    sentence = f"The stack of {tmp_path} already runs (process {other.pid}): end it with `kill {other.pid}`."
    assert str(refusal.value) == sentence


def test_leftovers_of_a_killed_supervisor_are_ended_and_others_are_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        subprocess.Popen(command, env={processes.MARK: str(tmp_path)}) as ours,
        subprocess.Popen(command, env={processes.MARK: str(tmp_path / "other")}) as other,
    ):
        stack.end_leftovers(tmp_path, [])
        remaining = [process.pid for process in (ours, other) if psutil.pid_exists(process.pid)]
        other.kill()
    assert remaining == [other.pid]


def test_environment_with_both_urls_makes_up_no_secret(tmp_path: Path) -> None:
    variables = {"VAR_DIR": str(tmp_path), "DATABASE_URL": "postgresql://db/mlops", "REDIS_URL": "redis://broker"}
    processes.fill_environment(filled := dict(variables))
    assert (filled, list(tmp_path.iterdir())) == (variables, [])


def test_environment_without_urls_gets_the_same_private_secret_each_time(tmp_path: Path) -> None:
    first, second = {"VAR_DIR": str(tmp_path)}, {"VAR_DIR": str(tmp_path)}
    processes.fill_environment(first)
    processes.fill_environment(second)
    assert (first, (tmp_path / "secret-key").stat().st_mode & 0o777) == (second, 0o600)


def test_embedded_servers_are_those_without_a_url(tmp_path: Path) -> None:
    variables = {"VAR_DIR": str(tmp_path), "DATABASE_URL": "postgresql://db/mlops"}
    processes.fill_environment(variables)
    assert processes.embedded_servers(variables) == [embedded.Valkey(tmp_path / "valkey")]


def test_environment_without_urls_has_an_address_for_each_role(tmp_path: Path) -> None:
    processes.fill_environment(variables := {"VAR_DIR": str(tmp_path)})
    names = ("web", "worker", "beat", "sequencer", "publish", "migrate")
    logins = {name: processes.database_url(name, variables).split("://")[1].split("@")[0] for name in names}
    assert logins == {
        "web": "mlops",
        "worker": "mlops",
        "beat": "mlops",
        "sequencer": "mlops_sequencer",
        "publish": "mlops_sequencer",
        "migrate": "mlops_migrator",
    }


def test_one_address_is_everybodys() -> None:
    variables = {"DATABASE_URL": "postgresql://db/mlops"}
    assert {processes.database_url(name, variables) for name in ("web", "sequencer", "migrate")} == {
        "postgresql://db/mlops"
    }


def test_processes_do_not_see_the_addresses_of_others(tmp_path: Path) -> None:
    """What the supervisor inherits goes to every process; what is one process's own stands in its section."""
    variables = {
        f"{name}DATABASE_URL": f"postgresql://{name.lower()}%40@db" for name in ("", "SEQUENCER_", "MIGRATOR_")
    }
    inherited = processes.environment(variables, var=tmp_path)
    text = processes.supervisor_configuration(var=tmp_path, port=1, servers=[], variables=variables)
    parser = configparser.ConfigParser()
    parser.read_string(text)
    own = {name: parser[f"program:{name}"]["environment"] for name in ("web", "worker", "beat", "sequencer")}
    assert {name for name in inherited if "DATABASE_URL" in name} == {"DATABASE_URL"}
    assert own == dict.fromkeys(("web", "worker", "beat"), 'DATABASE_URL="postgresql://%40@db"') | {
        "sequencer": 'DATABASE_URL="postgresql://sequencer_%40@db"'
    }


def test_credentials_table_aligns_its_columns() -> None:
    accounts = [{"username": "ada", "password": "long-password"}, {"username": "grace", "password": "pw"}]
    assert credentials.table(accounts) == ["username  password", "ada       long-password", "grace     pw"]


def test_up_interrupted_ends_with_code_0_and_leaves_no_process(tmp_path: Path) -> None:
    port = live.free_port()
    variables = MACHINE | {"VAR_DIR": str(tmp_path), "PORT": str(port)}
    with subprocess.Popen(COMMAND, env=variables, cwd=processes.BASE_DIR, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        shown = next(line for line in running.stdout if line.startswith("  The server"))
        started = {process.pid for process in psutil.Process(running.pid).children(recursive=True)}
        running.send_signal(signal.SIGINT)
        code = running.wait()
    remaining = [pid for pid in started if psutil.pid_exists(pid)]
    assert (shown.split()[-1], len(started) > 8, code, remaining) == (f"http://127.0.0.1:{port}/", True, 0, [])
