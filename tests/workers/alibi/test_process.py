"""`make alibi` makes an environment; from then on `make run` runs a worker in it, which knows no secret."""

import configparser
import shlex
import subprocess
from pathlib import Path

from mlops_server import processes
from tests import alibi

ADDRESSES = {"DATABASE_URL": "postgresql://db/mlops", "SECRET_KEY": "secret"}


def section(var: Path, **variables: str) -> configparser.SectionProxy:
    alibi.install()
    text = processes.supervisor_configuration(var=var, port=1, servers=[], variables=ADDRESSES | variables)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser["program:alibi"]


def test_worker_runs_in_the_environment_made_for_it(tmp_path: Path) -> None:
    command = shlex.split(section(tmp_path)["command"])
    assert command[0] == str(processes.BASE_DIR / ".venv-alibi" / "bin" / "python")
    assert command[command.index("--queues") + 1] == "alibi"


def test_worker_gets_the_artifacts_and_neither_database_nor_secret(tmp_path: Path) -> None:
    expected = f'ARTIFACT_URL="file://{tmp_path}/artifacts",DATABASE_URL="",SECRET_KEY=""'
    assert section(tmp_path)["environment"] == expected
    elsewhere = section(tmp_path, ARTIFACT_URL="s3://bucket/artifacts")["environment"]
    assert elsewhere == 'ARTIFACT_URL="s3://bucket/artifacts",DATABASE_URL="",SECRET_KEY=""'


def test_environment_that_stands_is_not_made_again() -> None:
    alibi.install()
    before = (processes.ALIBI / ".stamp").stat().st_mtime_ns
    alibi.install()
    assert (processes.ALIBI / ".stamp").stat().st_mtime_ns == before


def test_environment_holds_nothing_that_needs_a_screen() -> None:
    """OpenCV's usual package cannot be imported on a server without one."""
    alibi.install()
    packages = {path.name.partition("-")[0] for path in processes.ALIBI.glob("lib/*/site-packages/*.dist-info")}
    assert {"opencv_python", "opencv_python_headless"} & packages == {"opencv_python_headless"}


def test_worker_imports_nothing_of_ours() -> None:
    """Beside its own room: asked of its interpreter, which has none of the server's packages."""
    alibi.install()
    ours = "sorted(name for name in sys.modules if name.startswith('workers'))"
    done = subprocess.run(
        [processes.ALIBI / "bin" / "python", "-c", f"import sys, workers.alibi.worker; print(*{ours})"],
        cwd=processes.BASE_DIR,
        env={"REDIS_URL": "redis://none", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    rooms = ("", ".answers", ".catalogue", ".missing", ".online", ".outliers", ".samples", ".store", ".worker")
    assert done.stdout.split() == ["workers", *(f"workers.alibi{room}" for room in rooms)]
