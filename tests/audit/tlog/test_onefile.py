"""The verifier as one file, as a stranger runs it: a bare interpreter, no packages, no environment."""

import ast
import functools
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from audit.tlog import archive, onefile, pack, spans, tiles, verify
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG, STRANGER, WITNESS

LEAVES = [examples.entry(number) for number in range(600)]
NO_CRYPTOGRAPHY = "import importlib.util, sys; sys.exit(importlib.util.find_spec('cryptography') is not None)"


class Quiet(SimpleHTTPRequestHandler):
    """A file server that does not write its log to the tests' output."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module", name="place")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the one file, a pack and a log directory."""
    place = tmp_path_factory.mktemp("stranger")
    (place / "verify.py").write_bytes(onefile.build())
    pack.write(place / "pack.zip", examples.example_pack())
    examples.publish(place / "log", LEAVES)
    return place


@pytest.fixture(name="address")
def _address(place: Path) -> Iterator[str]:
    """The log directory on a web server."""
    handler = functools.partial(Quiet, directory=str(place / "log"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the file isolated (-I) and without installed packages (-S), in an empty environment."""
    command = [sys.executable, "-I", "-S", "-W", "error", "verify.py", *arguments]
    return subprocess.run(command, cwd=place, env={}, capture_output=True, text=True, check=False)


def answered(place: Path, *arguments: str) -> tuple[int, str, str]:
    done = run(place, *arguments)
    return done.returncode, done.stdout, done.stderr


def ours(capsys: pytest.CaptureFixture[str], place: Path, *arguments: str) -> tuple[int, str, str]:
    """What the package itself answers in this process, which has `cryptography`."""
    code = verify.main([str(place / argument) if (place / argument).exists() else argument for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_bare_interpreter_of_these_tests_has_no_cryptography() -> None:
    assert subprocess.run([sys.executable, "-I", "-S", "-c", NO_CRYPTOGRAPHY], env={}, check=False).returncode == 0


def test_file_is_the_same_bytes_whenever_and_however_it_is_built(place: Path) -> None:
    command = [sys.executable, "-R", "-m", "audit.tlog.onefile"]
    again = subprocess.run(command, cwd=Path(onefile.__file__).parents[2], capture_output=True, check=True).stdout
    assert again == onefile.build() == (place / "verify.py").read_bytes()
    assert onefile.digest() == hashlib.sha256(again).digest()


def test_file_holds_each_module_word_for_word_after_those_it_imports() -> None:
    built, folder = onefile.build().decode(), Path(verify.__file__).parent
    places = [built.index((folder / f"{name.rpartition('.')[2]}.py").read_text()) for name in onefile.modules()]
    assert places == sorted(places)
    assert onefile.modules()[-1] == "audit.tlog.verify"
    assert not {"audit.tlog.onefile", "audit.tlog.witness"} & set(onefile.modules())


def test_file_needs_nothing_but_the_standard_library() -> None:
    """Every import outside functions, but for the one that may fail: `cryptography`, in signatures."""
    for name in onefile.modules():
        tree = ast.parse(onefile._source(name))
        statements = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        roots = {
            full.partition(".")[0]
            for node in statements
            for full in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        }
        assert roots <= sys.stdlib_module_names | {"audit"}, name


def test_pack_that_is_clean_is_verified(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("pack.zip", "--key", LOG.vkey, "--key", WITNESS.vkey)
    found = answered(place, *arguments)
    assert found == ours(capsys, place, *arguments)
    assert found[0] == 0


def test_pack_report_as_json_is_that_of_the_package(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("pack.zip", "--key", LOG.vkey, "--json")
    code, said, _ = answered(place, *arguments)
    assert (code, json.loads(said)) == (0, json.loads(ours(capsys, place, *arguments)[1]))


@pytest.mark.parametrize("member", ["entries/2.json", "proofs/5.tlog-proof", "files/card.pdf", "keys/log.vkey"])
def test_pack_with_a_byte_changed_is_refused_with_the_packages_findings(
    place: Path, capsys: pytest.CaptureFixture[str], member: str
) -> None:
    members = pack.members(examples.example_pack())
    changed = bytearray(members[member])
    changed[len(changed) // 2] ^= 1
    (place / "changed.zip").write_bytes(b"".join(archive.write(members | {member: bytes(changed)})))
    found = answered(place, "changed.zip", "--key", LOG.vkey)
    assert found == ours(capsys, place, "changed.zip", "--key", LOG.vkey)
    assert found[0] == 1


def test_pack_under_another_key_is_refused(place: Path) -> None:
    assert run(place, "pack.zip", "--key", STRANGER.vkey).returncode == 1


def test_log_directory_that_is_clean_is_verified(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(place, "log", "--key", LOG.vkey)
    assert found == ours(capsys, place, "log", "--key", LOG.vkey)
    assert found[0] == 0


def test_log_directory_with_a_byte_changed_is_refused_with_the_packages_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    examples.publish(tmp_path, LEAVES)
    bundle = tmp_path / "tile/entries/001"
    bundle.write_bytes(bundle.read_bytes().replace(b"promotion", b"PROMOTION", 1))
    found = answered(place, str(tmp_path), "--key", LOG.vkey)
    assert found == ours(capsys, place, str(tmp_path), "--key", LOG.vkey)
    assert found[0] == 1


def test_log_of_several_spans_is_judged_alike_by_one_process_and_by_two(tmp_path: Path, place: Path) -> None:
    """Workers are new interpreters: they must find the modules inside the file too."""
    examples.publish(tmp_path, [number.to_bytes(4, "big") for number in range(2 * spans.BUNDLES * tiles.WIDTH + 1)])
    judge = (str(tmp_path), "--key", LOG.vkey, "--hashes-only", "--jobs")
    clean = [answered(place, *judge, jobs) for jobs in ("1", "2")]
    (tmp_path / "tile/entries/127").write_bytes((tmp_path / "tile/entries/126").read_bytes())
    changed = [answered(place, *judge, jobs) for jobs in ("1", "2")]
    assert (clean[0][0], changed[0][0]) == (0, 1)
    assert (clean[0], changed[0]) == (clean[1], changed[1])


def test_log_on_a_web_server_is_verified(place: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(place, address, "--key", LOG.vkey)
    assert found == ours(capsys, place, address, "--key", LOG.vkey)
    assert found[0] == 0


def test_log_that_does_not_continue_an_older_checkpoint_is_refused(place: Path, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(examples.head(LEAVES[:7]))
    (tmp_path / "fork").write_bytes(examples.head(LEAVES[5:12]))
    judge = ("log", "--key", LOG.vkey, "--since")
    assert [run(place, *judge, str(tmp_path / older)).returncode for older in ("old", "fork")] == [0, 1]


def test_file_with_cryptography_at_hand_answers_the_same(place: Path) -> None:
    command = [sys.executable, "verify.py", "pack.zip", "--key", LOG.vkey]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == answered(place, "pack.zip", "--key", LOG.vkey)


def test_file_called_without_a_key_or_a_source_exits_2(place: Path) -> None:
    assert [run(place, *arguments).returncode for arguments in ((), ("pack.zip",))] == [2, 2]
    assert run(place, "missing.zip", "--key", LOG.vkey).returncode == 2


def test_build_refuses_a_module_outside_the_library() -> None:
    with pytest.raises(ValueError, match=r"audit\.log, but it may need nothing of ours outside"):
        onefile._source("audit.log")
