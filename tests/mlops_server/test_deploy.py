"""What `deploy/` runs in containers is what one machine runs, but for the address."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from mlops_server import embedded, processes

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


def compose_keys(name: str) -> set[str]:
    """What a service sees of the keys."""
    mounts = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"][name]["volumes"]
    return {Path(mount.split(":")[1]).name for mount in mounts if "/keys/" in mount}


def kubernetes_keys(name: str) -> set[str]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / f"{name}.yaml").read_text())
    volumes = {volume["name"]: volume for volume in next(documents)["spec"]["template"]["spec"]["volumes"]}
    return {item["path"] for item in volumes["signing-keys"]["secret"]["items"]}


@pytest.mark.parametrize("keys", [compose_keys, kubernetes_keys])
def test_private_keys_are_where_they_sign_and_nowhere_else(keys: Callable[[str], set[str]]) -> None:
    public = {"signing.pub", "log.pub"}
    assert {name: keys(name) for name in ("web", "worker", "beat", "sequencer")} == {
        "web": {"signing.key", *public},
        "worker": public,
        "beat": public,
        "sequencer": {"log.key", "log.pub"},
    }


def test_no_service_mounts_the_folder_of_keys_whole() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    mounted = {mount.split(":")[1] for service in services.values() for mount in service.get("volumes", [])}
    assert {path for path in mounted if path.startswith("/etc")} == {
        f"/etc/mlops/keys/{name}" for name in ("log.key", "log.pub", "signing.key", "signing.pub")
    }


def test_database_script_makes_a_role_that_is_no_superuser(tmp_path: Path) -> None:
    """By the same client that the image's entry point uses, on a server of its own."""
    server = embedded.Postgres(tmp_path / "postgres", durable=False)
    with embedded.running(server):
        command = [str(embedded._postgres_binaries() / "psql"), "-v", "ON_ERROR_STOP=1", "--no-psqlrc"]
        address = server.url("postgres", role="postgres")
        environment = {**os.environ, "DATABASE_PASSWORD": "it's \\ secret"}
        subprocess.run([*command, "-f", str(DEPLOY / "postgres.sql"), address], env=environment, check=True)
        with psycopg.connect(address) as connection:
            (role,) = connection.execute(
                "SELECT rolname, rolsuper, rolcreaterole, rolbypassrls FROM pg_database JOIN pg_roles ON datdba = "
                "pg_roles.oid WHERE datname = 'mlops'"
            )
    assert role == ("mlops", False, False, False)
