"""What `deploy/` runs in containers is what one machine runs, but for the address."""

import os
import re
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
        "web": {"signing.key", "oms.key", "oms.pub", "sealing.key", *public},
        "worker": {"sealing.key", *public},
        "beat": public,
        "sequencer": {"log.key", "log.pub"},
    }


def test_no_service_mounts_the_folder_of_keys_whole() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    mounted = {mount.split(":")[1] for service in services.values() for mount in service.get("volumes", [])}
    assert {path for path in mounted if path.startswith("/etc")} == {
        f"/etc/mlops/keys/{name}"
        for name in ("log.key", "log.pub", "oms.key", "oms.pub", "sealing.key", "signing.key", "signing.pub")
    }


def test_what_is_published_outlives_the_sequencers_container() -> None:
    place = yaml.safe_load(configuration())["data"]["LOG_PUBLISH_DIR"]
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    mounts = {
        target: volume for volume, target, *_ in (m.split(":") for m in compose["services"]["sequencer"]["volumes"])
    }
    pod = next(yaml.safe_load_all((DEPLOY / "kubernetes" / "sequencer.yaml").read_text()))["spec"]["template"]["spec"]
    (claim,) = [volume["persistentVolumeClaim"] for volume in pod["volumes"] if volume["name"] == "published"]
    assert {"name": "published", "mountPath": place} in deployment("sequencer")["volumeMounts"]
    assert (compose["services"]["sequencer"]["environment"]["LOG_PUBLISH_DIR"], mounts[place]) == (place, "published")
    assert (claim, "published" in compose["volumes"]) == ({"claimName": "mlops-published"}, True)


def compose_role(name: str) -> str:
    """As whom a service works in the database."""
    address = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"][name]["environment"]["DATABASE_URL"]
    return role_of(address)


def role_of(address: str) -> str:
    """The login, and what it makes of itself."""
    return "".join(re.findall(r"(?<=//)\w+|\?options=\S+", address))


def kubernetes_role(name: str) -> str:
    """By the secret that holds the address, as `configuration.yaml` says how to make it."""
    made = dict(re.findall(r"generic (\S+) --from-literal=DATABASE_URL=(\S+)", configuration()))
    (address,) = [made[each["secretRef"]["name"]] for each in deployment(name)["envFrom"] if secret(each) in made]
    return role_of(address)


def secret(source: dict[str, Any]) -> str:
    name: str = source.get("secretRef", {}).get("name", "")
    return name


def configuration() -> str:
    return (DEPLOY / "kubernetes" / "configuration.yaml").read_text()


@pytest.mark.parametrize("role", [compose_role, kubernetes_role])
def test_each_process_works_in_the_database_as_itself(role: Callable[[str], str]) -> None:
    assert {name: role(name) for name in ("web", "worker", "beat", "sequencer", "migrate")} == {
        "web": "mlops",
        "worker": "mlops",
        "beat": "mlops",
        "sequencer": "mlops_sequencer",
        "migrate": "mlops_migrator?options=-c%20role%3Dmlops_owner",
    }


def test_database_script_makes_roles_with_passwords_that_own_nothing(tmp_path: Path) -> None:
    """By the same client that the image's entry point uses, on a server of its own."""
    server = embedded.Postgres(tmp_path / "postgres", durable=False)
    names = {
        "mlops": "APPLICATION",
        "mlops_sequencer": "SEQUENCER",
        "mlops_migrator": "MIGRATOR",
        "mlops_reader": "READER",
    }
    passwords = {f"{name}_PASSWORD": f"it's \\ {name}" for name in names.values()}
    with embedded.running(server):
        command = [str(embedded._postgres_binaries() / "psql"), "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "--quiet"]
        address = server.url("postgres", role="postgres")
        command += ["-f", str(DEPLOY / "postgres.sql"), address]
        subprocess.run(command, env={**os.environ, **passwords}, check=True)
        with psycopg.connect(server.url(role="postgres")) as connection:
            made = connection.execute("SELECT rolname FROM pg_authid WHERE rolpassword LIKE 'SCRAM%' AND rolcanlogin")
            owner = connection.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'mlops'")
            assert ({name for (name,) in made}, owner.fetchall()) == (set(names), [("mlops_owner",)])


def test_database_script_finds_the_roles_where_compose_mounts_them() -> None:
    """`\\ir` looks from the folder of the script, in the container as in the checkout."""
    mounts = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["postgres"]["volumes"]
    places = {target: DEPLOY / source for source, target, *_ in (mount.split(":") for mount in mounts) if "/" in source}
    script = next(target for target, source in places.items() if source.name == "postgres.sql")
    (named,) = re.findall(r"\\ir (\S+)", places[script].read_text())
    assert places[os.path.normpath(Path(script).parent / named)].resolve() == embedded.ROLES_SQL
