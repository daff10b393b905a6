"""in-toto statements: how a version was made (SLSA provenance), and that it was let through (its summary)."""

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils import timezone

from audit.events import timestamp
from audit.tree import proofs
from registry import records
from registry.errors import Conflict
from registry.models import ModelVersion, PromotionRequest
from registry.services.approvals import approvals
from registry.services.documents import envelopes
from registry.services.evidence import TOOL

FILE_NAME = "model.onnx"
PROVENANCE = "https://slsa.dev/provenance/v1"
VERIFICATION_SUMMARY = "https://slsa.dev/verification_summary/v1"
BUILD_TYPE = "urn:mlops-server:training-run:v1"
#: What a verifier's policy may ask for; the SLSA levels themselves are of builds and are not claimed.
LEVELS = {
    PromotionRequest.Approval.APPROVED: "MODEL_PROMOTION_APPROVED",
    PromotionRequest.Approval.CONDITIONAL: "MODEL_PROMOTION_CONDITIONALLY_APPROVED",
}


def provenance(version: ModelVersion) -> dict[str, Any]:
    """How the artifact came to be: data, recipe, seed, code and environment, each by digest."""
    run = version.run
    name, _, number = TOOL.partition("/")
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"model": version.model.name, "recipe": run.recipe, "seed": str(run.seed)},
            "internalParameters": {"environment": run.environment, "environmentDigest": run.environment_digest},
            "resolvedDependencies": _dependencies(version),
        },
        "runDetails": {
            "builder": {"id": server(), "version": {name: number}},
            "metadata": {
                "invocationId": f"urn:uuid:{run.pk}",
                **({"startedOn": run.started_at} if run.started_at else {}),
                **({"finishedOn": run.finished_at} if run.finished_at else {}),
            },
        },
    }
    return envelopes.statement([subject(version)], predicate_type=PROVENANCE, predicate=predicate)


def decision(promotion: PromotionRequest) -> dict[str, Any]:
    """Whether the approval holds at this moment, by which policy and on which records. Raises Conflict before any.

    It names nobody: who signed stands in the evidence pack. Whoever is shown it later sees its age: when the approval
    ends by itself, and the log's head of now, under which nothing that came afterwards stands.
    """
    if promotion.decided_at is None:
        raise Conflict("Nobody has decided on the request yet.", remedy="Wait for the signatures that are missing.")
    holds = approvals.problem(promotion) is None
    predicate = {
        "verifier": {"id": server()},
        "timeVerified": timezone.now(),
        "resourceUri": package_url(promotion.model_version),
        "policy": {
            "uri": f"urn:mlops-server:policy:{quote(promotion.policy.name)}:{promotion.policy.version}",
            "digest": {"sha256": promotion.policy_digest},
        },
        "inputAttestations": [
            {"uri": f"urn:mlops-server:promotion:{promotion.pk}", "digest": {"sha256": promotion.record_digest}},
            *(
                {
                    "uri": f"urn:mlops-server:signature:{made.pk}",
                    "digest": {"sha256": records.digest(records.signature(made))},
                }
                for made in promotion.decisions.filter(round=promotion.round).order_by("id")
            ),
        ],
        "verificationResult": "PASSED" if holds else "FAILED",
        "verifiedLevels": [LEVELS[PromotionRequest.Approval(promotion.approval)] if holds else "FAILED"],
    }
    named = {
        "name": FILE_NAME,
        "digest": {"sha256": promotion.artifact_digest},
        "annotations": _aging(promotion),
    }
    return envelopes.statement([named], predicate_type=VERIFICATION_SUMMARY, predicate=predicate)


def _aging(promotion: PromotionRequest) -> dict[str, Any]:
    """Beside the subject, for the predicate's schema has no place for it; the names are ours."""
    head = proofs.latest()
    return {
        **({"validUntil": timestamp(promotion.valid_until)} if promotion.valid_until else {}),
        **({"logSize": str(head.size), "logHead": head.note} if head else {}),
    }


def subject(version: ModelVersion) -> dict[str, Any]:
    """The artifact, as in-toto names a file."""
    return {"name": FILE_NAME, "digest": {"sha256": version.artifact_digest}}


def server() -> str:
    """Who states it: this installation, by the name that its log has."""
    return f"https://{settings.LOG_ORIGIN}"


def package_url(version: ModelVersion) -> str:
    """The version as a package URL (github.com/package-url)."""
    return f"pkg:generic/{quote(version.model.name)}@{version.number}?checksum=sha256:{version.artifact_digest}"


def _dependencies(version: ModelVersion) -> list[dict[str, Any]]:
    run, data = version.run, version.dataset_version
    found = [
        {"name": str(data), "digest": {"sha256": data.digest}, "mediaType": data.artifact.media_type},
        {"name": "training code", "digest": {"sha256": run.code_digest}},
    ]
    packages = run.environment.get("packages", {})
    return found + [{"uri": library_url(name, number)} for name, number in packages.items()]


def library_url(name: str, number: str) -> str:
    """A Python library as a package URL, its name as the index spells it."""
    return f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{quote(number)}"
