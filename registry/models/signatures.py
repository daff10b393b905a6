"""Signatures of people: what was signed, by whom, in which meaning, under the server's key and the person's own."""

from django.db import models

from audit import guard
from registry.models.base import Record


class SigningFactor(Record):
    """What a person alone can sign with: a one-time code, and a key of their own that only their password opens."""

    class State(models.TextChoices):
        PENDING = "pending", "waits for its first code"
        ACTIVE = "active"
        RETIRED = "retired"

    account = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="factors")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    public_key = models.CharField(max_length=64, help_text="Ed25519, in hex")
    wrapped_key = models.BinaryField(help_text="the private key under the password and the installation's key")
    totp_secret = models.BinaryField(help_text="RFC 6238, under the installation's key")
    last_step = models.BigIntegerField(null=True, blank=True, help_text="the newest code's time step: none works twice")
    wrong_codes = models.PositiveIntegerField(default=0, help_text="since the last right one")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    reset_asked_by = models.ForeignKey(
        "registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reset_asked_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(state="active"), name="one_active_factor_per_account"
            ),
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(state="pending"), name="one_pending_factor_per_account"
            ),
        ]
        # A subject of its own: an evidence pack holds its whole short history, and nothing else about the person.
        triggers = guard.governed(
            "signing_factor",
            operational=["last_step", "wrong_codes"],
            withheld=["wrapped_key", "totp_secret"],
            person="account_id",
        )

    def __str__(self) -> str:
        return f"Signing factor of {self.account}"


class Signed(Record):
    """The columns of a signature (21 CFR 11.50, 11.70): printed name, time, meaning, and the digest it is bound to."""

    role = models.CharField(max_length=32)
    meaning = models.CharField(max_length=60)
    reason = models.TextField()
    signer = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    printed_name = models.CharField(max_length=200)
    signed_at = models.DateTimeField()
    signed_digest = models.CharField(max_length=64)
    statement = models.JSONField()
    public_key = models.CharField(max_length=64, help_text="the server's signing key, in hex")
    signature = models.CharField(max_length=128)
    personal_key = models.CharField(max_length=64, help_text="the signer's own key, in hex")
    personal_signature = models.CharField(max_length=128)

    class Meta(Record.Meta):
        abstract = True
        ordering = ["id"]


class Signature(Signed):
    """A signature on a record that is no promotion request: a waiver, a policy, a review, a risk that is accepted."""

    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()

    class Meta(Signed.Meta):
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="signature_subject")]
        triggers = guard.governed("signature")

    def __str__(self) -> str:
        return f"{self.printed_name}: {self.meaning} of {self.subject_type}"
