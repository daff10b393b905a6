"""What the library refuses, as a tree.

TlogError
├── CanonicalError    a value or bytes outside the one spelling of JSON
├── EntryError        canonical JSON that is not a log entry
├── NoteError         a signed note, a key or a checkpoint that is malformed or not signed by a known key
├── SignatureError    an Ed25519 signature that is not its key's, or a key or signature that is malformed
├── ProofError        a proof that is malformed or does not lead to the root
├── TileError         a tile, a bundle, a path or a right edge of the wrong shape
├── PackError         an evidence pack that cannot be written or read
├── PolicyError       a trust policy that cannot be read
├── SourceError       a log whose files cannot be fetched
└── IncompleteError   a verification that stopped before its end
"""


class TlogError(Exception):
    """The base of everything `audit.tlog` raises."""


class CanonicalError(TlogError):
    """A value that has no canonical spelling, or bytes that are a second spelling of one."""


class EntryError(TlogError):
    """Canonical JSON that does not have the shape of a log entry."""


class NoteError(TlogError):
    """A note, a key or a checkpoint that is malformed, or that no known key signed."""


class SignatureError(TlogError):
    """An Ed25519 signature that is wrong, or whose bytes or key are not the one spelling of it."""


class ProofError(TlogError):
    """A proof that is malformed or does not prove what it claims."""


class TileError(TlogError):
    """A tile, an entry bundle, a tile path or a right edge that cannot be right."""


class PackError(TlogError):
    """An evidence pack that cannot be written or read."""


class PolicyError(TlogError):
    """A trust policy that says something else than logs, witnesses, groups and one quorum."""


class SourceError(TlogError):
    """A log whose files cannot be fetched, or an answer that is no file of a log."""


class IncompleteError(TlogError):
    """A verification that stopped before its end, so that it may say nothing."""
