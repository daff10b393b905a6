"""OpenSSF's model_signing judges the signature on an artifact, as whoever downloads a model would."""

import base64
import json
from pathlib import Path

import pytest

from audit.signing import keys
from registry import artifacts
from registry.models import ModelVersion
from registry.services.documents import oms
from tests import factories
from tests.registry.judges import programs

pytestmark = pytest.mark.django_db
THEIRS = """
import pathlib
from google.protobuf import json_format
from model_signing import hashing
from model_signing._signing import signing
plain = hashing.Config().set_ignored_paths(paths=[], ignore_git_paths=False)
print(json_format.MessageToJson(signing.Payload(plain.hash(pathlib.Path("model.onnx"))).statement.pb))
"""


def laid_out(version: ModelVersion, folder: Path) -> Path:
    """The model, its signature and the public key, as one would download them."""
    (folder / "model.onnx").write_bytes(artifacts.read(version.artifact_digest))
    (folder / "model.sig").write_text(json.dumps(oms.bundle(version)))
    (folder / "oms.pub").write_bytes(keys.pem(keys.ecdsa(oms.KEY).public_key()))
    return folder


def verdict(folder: Path) -> tuple[int, str]:
    command = [
        "-m",
        "model_signing",
        "verify",
        "key",
        "model.onnx",
        "--signature",
        "model.sig",
        "--public_key",
        "oms.pub",
    ]
    answer = programs.run(*command, folder=folder)
    return answer.returncode, (answer.stdout + answer.stderr).strip()


def test_signature_of_a_registered_model_is_accepted(tmp_path: Path) -> None:
    assert verdict(laid_out(factories.version(), tmp_path)) == (0, "Verification succeeded")


def test_model_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    folder = laid_out(factories.version(), tmp_path)
    data = bytearray((folder / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.onnx").write_bytes(data)
    code, said = verdict(folder)
    assert (code, "Hash mismatch" in said) == (1, True)


def test_signature_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = laid_out(factories.version(), tmp_path)
    (folder / "model.sig").write_text(json.dumps(oms.bundle(factories.version(bias=-3.0))))
    code, said = verdict(folder)
    assert (code, "Hash mismatch" in said) == (1, True)


def test_signature_under_another_key_is_refused(tmp_path: Path) -> None:
    folder = laid_out(factories.version(), tmp_path)
    (folder / "oms.pub").write_bytes(keys.pem(keys.ecdsa("another-oms").public_key()))
    code, said = verdict(folder)
    assert (code, "Key mismatch" in said) == (1, True)


def test_statement_is_the_one_that_their_own_signer_makes(tmp_path: Path) -> None:
    folder = laid_out(factories.version(), tmp_path)
    theirs = programs.run("-c", THEIRS, folder=folder)
    ours = json.loads((folder / "model.sig").read_text())["dsseEnvelope"]["payload"]
    assert json.loads(theirs.stdout) == json.loads(base64.b64decode(ours))
