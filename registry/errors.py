"""What the registry can refuse, as a tree; errors carry facts, mlops_server/rest turns them into problem+json.

RegistryError (an audit.errors.Refusal, as are those of the log itself)
├── Invalid             the input cannot be used; names the field and the remedy
├── NotPermitted        the account lacks the role
├── DutyConflict        separation of duties forbids it to this person
├── SignatureRejected   the person could not be authenticated at signing
├── Conflict            the record is in a state that does not allow it
│   ├── AlreadyExists   the name is taken
│   ├── Stale           what the decision is about has changed
│   └── OnHold          a hold stands over the slot
├── TooLarge            more bytes than the server takes
├── ChecksumMismatch    what arrived is not what was sent
├── Gone                it was there, and is no more
├── RevisionMismatch    somebody else changed the record since it was read
└── NothingServes       the slot has no version that may answer
"""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.errors import Refusal


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (a JSON pointer or field name), what, and how to mend it."""

    pointer: str
    detail: str
    remedy: str = ""


class RegistryError(Refusal):
    """The base of every refusal here. detail: what is wrong; remedy: how to mend it; problems: each place of it."""

    def __init__(self, detail: str, *, remedy: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(detail, remedy=remedy)
        self.problems = tuple(problems)


class Invalid(RegistryError):
    """The input cannot be used."""


class NotPermitted(RegistryError):
    """The account holds no role that allows this here."""


class DutyConflict(RegistryError):
    """Separation of duties forbids this to this person, whatever roles they hold."""


class SignatureRejected(RegistryError):
    """The signer's password was wrong or missing."""


class Conflict(RegistryError):
    """The record's state does not allow this step."""


class AlreadyExists(Conflict):
    """Another record has that name."""


class Stale(Conflict):
    """Artifact, data, policy or evidence changed since the decision was prepared."""


class OnHold(Conflict):
    """A hold stands over the slot: nothing new comes into it."""


class TooLarge(RegistryError):
    """More bytes than the server takes, or than were announced."""


class ChecksumMismatch(RegistryError):
    """The bytes that arrived do not have the checksum that was sent with them."""


class Gone(RegistryError):
    """It was there, and is no more."""


class RevisionMismatch(RegistryError):
    """The record changed since it was read."""


class NothingServes(RegistryError):
    """No version with a valid approval stands in the slot."""
