"""What `deploy/` runs in containers is what one machine runs, but for the address."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_server import processes

DEPLOY = processes.BASE_DIR / "deploy"


def container_command(name: str) -> list[str]:
    """The command as a container has it: programs by name, the web open to the network."""
    command = [part.replace("127.0.0.1", "0.0.0.0") for part in processes.commands(port=8000)[name]]
    program = command[2:] if command[1] == "-m" else ["python", Path(command[1]).name, *command[2:]]
    assert command[0] == sys.executable
    return program


def deployment(name: str) -> dict[str, Any]:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes" / f"{name}.yaml").read_text()))
    container: dict[str, Any] = documents[0]["spec"]["template"]["spec"]["containers"][0]
    return container


@pytest.mark.parametrize("name", ["worker", "beat", "sequencer"])
def test_compose_command_is_that_of_one_machine(name: str) -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert services[name]["command"].split() == container_command(name)


@pytest.mark.parametrize("name", ["worker", "beat", "sequencer"])
def test_kubernetes_command_is_that_of_one_machine(name: str) -> None:
    assert deployment(name)["args"] == container_command(name)


def test_image_serves_the_web_as_one_machine_does() -> None:
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    (command,) = [yaml.safe_load(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD ")]
    assert command == container_command("web")
