"""Everything the registry records, in the order of a model's life. Payloads are public: nothing personal here."""

from datetime import datetime

from audit.events import Event


# People
class AccountCreated(Event, name="account.created"):
    """An account was made for a person or a service."""

    kind: str


class RoleGranted(Event, name="account.role_granted"):
    """An account may act in a role, for one system or for all."""

    role: str
    system: str | None


class RoleRevoked(Event, name="account.role_revoked"):
    """An account may no longer act in a role that it held."""

    role: str
    system: str | None


class PasswordChanged(Event, name="account.password_changed"):
    """Its owner chose a new password; the tokens issued under the old one ended."""

    tokens_revoked: int


class Deactivated(Event, name="account.deactivated"):
    """An account can no longer sign in; its sessions and tokens ended."""

    tokens_revoked: int


class SignInFailed(Event, name="account.sign_in_failed"):
    """Somebody gave a wrong password for an account; with the last of the tries allowed it is locked for a while."""

    tried: int
    locked: bool


class AccountErased(Event, name="account.erased"):
    """Who stood behind an account was erased; the account stays as nobody's, and what it signed stays signed."""

    redaction: str
    roles_revoked: int
    tokens_revoked: int


class TokenIssued(Event, name="account.token_issued"):
    """An API token was issued; only its key's first characters are kept in clear."""

    token: str
    expires_at: datetime


class TokenRevoked(Event, name="account.token_revoked"):
    """Its owner gave an API token back before it expired."""

    token: str


# Inventory
class SystemRegistered(Event, name="system.registered"):
    """An AI system entered the inventory."""

    name: str
    risk_tier: str


class SystemUpdated(Event, name="system.updated"):
    """Purpose, tier, legal basis or owner of a system changed."""

    changed: list[str]
    revision: int


class ModelRegistered(Event, name="model.registered"):
    """A family of model versions was opened."""

    name: str
    system: str


class SlotCreated(Event, name="slot.created"):
    """A place to serve from was opened."""

    key: str


# Data
class ArtifactStored(Event, name="artifact.stored"):
    """A file entered the content-addressed store."""

    digest: str
    size_bytes: int


class DatasetRegistered(Event, name="dataset.registered"):
    """A source of rows with its licence, sensitive columns and contract."""

    name: str
    system: str
    contract: str
    sensitive_columns: list[str]


class IngestionRequested(Event, name="ingestion.requested"):
    """A file was delivered for a dataset."""

    dataset: str
    source: str


class IngestionStarted(Event, name="ingestion.started"):
    """A worker took the ingestion."""

    attempt: int


class IngestionSucceeded(Event, name="ingestion.succeeded"):
    """The delivered file became a dataset version."""

    dataset_version: str


class IngestionFailed(Event, name="ingestion.failed"):
    """The delivered file could not be used; nothing was kept of it but this."""

    attempt: int


class DatasetVersionCreated(Event, name="dataset_version.created"):
    """Rows were fixed for ever under their digest."""

    dataset: str
    number: int
    digest: str
    row_count: int
    contract_verdict: str


# Training
class RunRequested(Event, name="training_run.requested"):
    """A fit was asked for with a recipe, a seed and a dataset version."""

    model: str
    dataset: str
    recipe: str
    seed: int


class RunStarted(Event, name="training_run.started"):
    """A worker took the run."""

    attempt: int


class RunSucceeded(Event, name="training_run.succeeded"):
    """The run registered a model version; code, data and environment stand as digests."""

    model_version: str
    artifact: str
    code: str
    environment: str


class RunFailed(Event, name="training_run.failed"):
    """The run ended without a version."""

    attempt: int


class VersionRegistered(Event, name="model_version.registered"):
    """An immutable model version: artifact, run and data by digest, and its whole record by digest."""

    model: str
    number: int
    artifact: str
    dataset: str
    run: str
    record: str


class VersionRetired(Event, name="model_version.retired"):
    """The version is out of use; its record stays."""


# Evidence
class EvaluationRequested(Event, name="evaluation.requested"):
    """A measurement was asked for."""

    model_version: str
    dataset: str
    against: str | None


class EvaluationStarted(Event, name="evaluation.started"):
    """A worker took the evaluation."""

    attempt: int


class EvaluationSucceeded(Event, name="evaluation.succeeded"):
    """The measurement became evidence."""

    evidence_set: str


class EvaluationFailed(Event, name="evaluation.failed"):
    """The measurement ended without evidence."""

    attempt: int


class EvidenceRecorded(Event, name="evidence_set.recorded"):
    """Figures were fixed under a Merkle root, bound to artifact and data by digest."""

    artifact: str
    dataset: str
    root: str
    items: int


# Policy
class PolicyProposed(Event, name="policy.proposed"):
    """A policy text was put forward."""

    policy: str
    version: int
    digest: str


class PolicyApproved(Event, name="policy.approved"):
    """A second person made the policy effective."""

    policy: str
    version: int
    digest: str


class PolicySuperseded(Event, name="policy.superseded"):
    """A newer version took effect."""

    by: str


class PolicyApprovalRefused(Event, name="policy.approval_refused"):
    """Somebody tried to approve a policy and may not."""

    rule: str


# Promotion
class PromotionSubmitted(Event, name="promotion.submitted"):
    """A version was put forward for a slot; gates answered at once."""

    model_version: str
    slot: str
    record: str
    artifact: str
    dataset: str
    policy: str
    evidence: str
    state: str
    gates: dict[str, str]


class PromotionSigned(Event, name="promotion.signed"):
    """A person signed: the signature's record stands here by digest."""

    verdict: str
    role: str
    meaning: str
    record: str
    signature: str
    state: str


class PromotionDecisionRefused(Event, name="promotion.decision_refused"):
    """Somebody tried to decide and may not; the rule says why."""

    rule: str


class PromotionWithdrawn(Event, name="promotion.withdrawn"):
    """The author took the request back."""


class PromotionWentStale(Event, name="promotion.went_stale"):
    """What the request was about has changed; signatures on it no longer count."""

    cause: str


class PromotionCompleted(Event, name="promotion.completed"):
    """The version took its slot."""

    slot: str
    slot_revision: int


class PromotionRolledBack(Event, name="promotion.rolled_back"):
    """The version was taken out of its slot; it needs a new request to come back."""

    slot: str


# Deployment
class RolloutStarted(Event, name="rollout.started"):
    """An approved version began to take over a slot."""

    slot: str
    model_version: str
    steps: list[int]


class RolloutAdvanced(Event, name="rollout.advanced"):
    """The canary's share grew."""

    percent: int


class RolloutPromoted(Event, name="rollout.promoted"):
    """The canary became the champion."""


class RolloutRolledBack(Event, name="rollout.rolled_back"):
    """The canary was taken out."""


class RolloutRefused(Event, name="rollout.refused"):
    """Somebody tried to put a version into a slot and may not."""

    rule: str


class SlotAssigned(Event, name="slot.assigned"):
    """What the slot serves changed; the entry names versions and the promotions that allow them."""

    revision: int
    cause: str
    champion: str | None
    champion_promotion: str | None
    canary: str | None
    canary_promotion: str | None
    canary_percent: int


class RollbackRefused(Event, name="slot.rollback_refused"):
    """A rollback was asked for and there is nothing valid to go back to, or the person may not."""

    rule: str


class PredictionsSealed(Event, name="prediction_batch.sealed"):
    """A batch of predictions was fixed under its digest."""

    slot: str
    row_count: int
    digest: str


class PackExported(Event, name="promotion.pack_exported"):
    """An evidence pack of the decision left the house."""

    size: int
