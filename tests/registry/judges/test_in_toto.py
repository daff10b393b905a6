"""in-toto's and the secure-systems-lab's own programs judge our statements and the envelopes around them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from sigstore.dsse import Statement
from sigstore.hashes import Hashed
from sigstore_models.common.v1 import HashAlgorithm

from audit.signing import keys
from registry import signatures
from registry.services.documents import envelopes, statements
from tests import factories
from tests.registry.judges import programs

pytestmark = pytest.mark.django_db
JUDGE = """
import json, sys
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement, statement_pb2
read = json_format.Parse(sys.argv[1], statement_pb2.Statement())
statement.Statement.copy_from_pb(read).validate()
predicate = json_format.MessageToJson(read.predicate)
if read.predicate_type == "https://slsa.dev/provenance/v1":
    json_format.Parse(predicate, provenance_pb2.Provenance())
print(read.predicate_type, *(name.digest["sha256"] for name in read.subject))
"""


def key(name: str = signatures.KEY) -> SSlibKey:
    """The public key, as theirs reads it from its PEM."""
    public = keys.private(name).public_key()
    return SSlibKey.from_crypto(public, keyid=envelopes.key_id(public))


def test_envelope_around_a_provenance_verifies_under_the_servers_key() -> None:
    sealed = envelopes.sealed(statements.provenance(factories.version()))
    assert list(Envelope.from_dict(sealed).verify([key()], threshold=1)) == [key().keyid]


def test_envelope_under_another_key_or_with_another_payload_is_refused() -> None:
    sealed = envelopes.sealed(statements.provenance(factories.version()))
    other = json.loads(json.dumps(sealed)) | {"payload": base64.b64encode(b"{}").decode()}
    for envelope, public in ((json.loads(json.dumps(sealed)), key("another")), (other, key())):
        with pytest.raises(VerificationError):
            Envelope.from_dict(envelope).verify([public], threshold=1)


def test_provenance_is_read_by_in_totos_own_classes(tmp_path: Path) -> None:
    version = factories.version()
    assert judged(statements.provenance(version), tmp_path) == f"{statements.PROVENANCE} {version.artifact_digest}"


def test_decision_is_read_by_in_totos_own_classes(tmp_path: Path) -> None:
    promotion = factories.approved()
    said = judged(statements.decision(promotion), tmp_path)
    assert said == f"{statements.VERIFICATION_SUMMARY} {promotion.artifact_digest}"


def test_statements_are_read_by_sigstore() -> None:
    promotion = factories.approved()
    for made in (statements.provenance(promotion.model_version), statements.decision(promotion)):
        payload = base64.b64decode(envelopes.sealed(made)["payload"])
        assert Statement(payload)._matches_digest(_hashed(promotion.artifact_digest))


def test_judge_refuses_a_provenance_with_a_field_that_the_standard_does_not_have(tmp_path: Path) -> None:
    made = statements.provenance(factories.version())
    made["predicate"]["buildDefinition"]["colour"] = "blue"
    answer = programs.run("-c", JUDGE, json.dumps(made), folder=tmp_path)
    assert (answer.returncode, 'no field named "colour"' in answer.stderr) == (1, True)


def judged(statement: dict[str, Any], folder: Path) -> str:
    answer = programs.run("-c", JUDGE, json.dumps(statement), folder=folder)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def _hashed(digest: str) -> Any:
    return Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(digest))
