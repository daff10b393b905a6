"""Where the log's keys come from: files, the environment, a device that never gives them away."""

import base64
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit.signing import keys
from audit.tlog import note
from tests.audit.tlog import examples

SEED = bytes(range(32))
PEM = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
DEVICE = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.generate()
print(key.public_key().public_bytes_raw().hex(), flush=True)
for line in sys.stdin:
    print(key.sign(bytes.fromhex(line)).hex(), flush=True)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.SIGNING_KEY_DIR = tmp_path
    return tmp_path


class Device:
    """A key that another process holds, as a KMS or a PKCS#11 token would."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", DEVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.public = bytes.fromhex(self._line())

    def sign(self, data: bytes, /) -> bytes:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{data.hex()}\n")
        self.process.stdin.flush()
        return bytes.fromhex(self._line())

    def public_key(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self.public)

    def close(self) -> None:
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def two_keys() -> list[note.SigningKey]:
    return [examples.key("first"), examples.key("second")]


def no_keys() -> list[note.SigningKey]:
    return []


def raw(found: list[note.SigningKey]) -> list[bytes]:
    return [keys.raw_public(key) for key in found]


def test_log_keys_of_a_new_installation_is_one_file_of_its_owner_alone(folder: Path) -> None:
    first = raw(keys.log_keys())
    assert raw(keys.log_keys()) == first == [keys.public(keys.LOG)]
    assert {path.name for path in folder.iterdir()} == {"log.key", "log.pub"}
    assert (folder / "log.key").stat().st_mode & 0o777 == 0o600


def test_new_log_keys_are_numbered_and_come_in_their_order(folder: Path) -> None:
    first = raw(keys.log_keys())
    later = raw([keys.new_log_key() for _ in range(10)])
    assert raw(keys.log_keys()) == first + later
    assert (folder / "log.11.key").exists()


def test_public_key_that_a_crash_left_out_is_written_at_the_next_use(folder: Path) -> None:
    keys.private("log")
    (folder / "log.pub").unlink()
    assert keys.private("log").public_key().public_bytes_raw() == keys.public("log")


def test_ecdsa_key_is_made_once_and_kept_for_its_owner_alone(folder: Path) -> None:
    first = keys.pem(keys.ecdsa("oms").public_key())
    assert keys.pem(keys.ecdsa("oms").public_key()) == first == (folder / "oms.pub").read_bytes()
    assert (folder / "oms.key").stat().st_mode & 0o777 == 0o600


def test_key_of_another_kind_under_that_name_is_refused(folder: Path) -> None:
    for content in (SEED, generate_private_key(65537, 2048).private_bytes(*PEM)):
        (folder / "oms.key").write_bytes(content)
        with pytest.raises(keys.KeyUnusable, match="no ECDSA key"):
            keys.ecdsa("oms")


def test_log_keys_from_the_environment_touch_no_file(folder: Path, settings: Any) -> None:
    other = base64.b64encode(SEED[::-1]).decode()
    settings.LOG_SIGNING_KEY = f"{base64.b64encode(SEED).decode()} {other}"
    expected = [Ed25519PrivateKey.from_private_bytes(seed) for seed in (SEED, SEED[::-1])]
    assert raw(keys.log_keys()) == raw([*expected])
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("seed", ["c2hvcnQ=", "not base64!", base64.b64encode(SEED + b"x").decode()])
def test_environment_without_a_key_is_refused_and_never_quoted(settings: Any, seed: str) -> None:
    settings.LOG_SIGNING_KEY = seed
    with pytest.raises(keys.KeyUnusable) as refused:
        keys.log_keys()
    assert seed not in str(refused.value)
    assert refused.value.__suppress_context__


def test_log_keys_from_a_factory_come_as_it_returns_them(settings: Any) -> None:
    settings.LOG_KEY_FACTORY = f"{__name__}:two_keys"
    assert raw(keys.log_keys()) == raw(two_keys())


@pytest.mark.parametrize("path", ["absent.module:key", f"{__name__}:absent", f"{__name__}:no_keys", "nothing"])
def test_factory_that_gives_no_key_is_refused(settings: Any, path: str) -> None:
    settings.LOG_KEY_FACTORY = path
    with pytest.raises(keys.KeyUnusable):
        keys.log_keys()


def test_new_log_key_is_refused_where_keys_are_no_files(settings: Any) -> None:
    settings.LOG_KEY_FACTORY = f"{__name__}:two_keys"
    with pytest.raises(keys.KeyUnusable, match="add the new one"):
        keys.new_log_key()


def test_key_in_another_process_signs_a_note_that_verifies() -> None:
    device = Device()
    signer = note.Signer(examples.ORIGIN, device)
    signed = note.sign("text\n", signer)
    device.close()
    assert [one.verifier for one in note.open_note(signed, [signer.verifier]).verified] == [signer.verifier]


def test_publish_of_verifier_keys_is_one_a_line(folder: Path) -> None:
    keys.publish(keys.LOG, "first", "second")
    assert (folder / "log.vkey").read_text() == "first\nsecond\n"


def test_key_that_threads_ask_for_at_once_is_made_once(folder: Path) -> None:
    start = threading.Barrier(8)

    def first(_: int) -> bytes:
        start.wait()
        return keys.private("signing").private_bytes_raw()

    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(first, range(8)))
    assert made == {(folder / "signing.key").read_bytes()}
    assert sorted(path.name for path in folder.iterdir()) == ["signing.key", "signing.pub"]
