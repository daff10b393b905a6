"""Every kind of problem the API answers with; each is a section of docs/problems.md."""

from dataclasses import dataclass

from django.core import exceptions as django
from django.db import DataError
from django.http import Http404
from rest_framework import exceptions as rest

from audit import errors as log_errors
from audit.log import EntryTooLarge
from audit.tlog.errors import CanonicalError
from audit.tree.entries import ArchiveUnreadable
from audit.tree.proofs import NotSequenced
from registry import errors
from registry.api.base import PreconditionRequired, ProtocolMismatch
from registry.models import Slot


@dataclass(frozen=True, slots=True)
class Kind:
    """A problem type of RFC 9457: its slug never changes, its title says it in words."""

    slug: str
    status: int
    title: str


MALFORMED = Kind("malformed", 400, "The request cannot be read")
NOT_AUTHENTICATED = Kind("not-authenticated", 401, "You are not signed in")
NOT_PERMITTED = Kind("not-permitted", 403, "You may not do this")
DUTY_CONFLICT = Kind("duty-conflict", 403, "Separation of duties forbids this to you")
SIGNATURE_REJECTED = Kind("signature-rejected", 403, "The signature was not accepted")
NOT_FOUND = Kind("not-found", 404, "There is nothing here that you may see")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "This address does not take that method")
NOT_ACCEPTABLE = Kind("not-acceptable", 406, "The answer has no such form")
CONFLICT = Kind("conflict", 409, "The record's state does not allow this")
ALREADY_EXISTS = Kind("already-exists", 409, "The name is taken")
MUST_BE_KEPT = Kind("must-be-kept", 409, "A duty to keep stands over this")
STALE = Kind("stale", 409, "What the decision is about has changed")
ON_HOLD = Kind("on-hold", 409, "A hold stands over the slot")
NOTHING_SERVES = Kind("nothing-serves", 409, "No approved version serves here")
NOT_SEQUENCED = Kind("not-sequenced", 409, "The event is not under a signed tree head yet")
STILL_RUNNING = Kind("still-running", 409, "The first request with this key is still running")
GONE = Kind("gone", 410, "It was there, and is no more")
REVISION_MISMATCH = Kind("revision-mismatch", 412, "The record has changed since you read it")
PROTOCOL_MISMATCH = Kind("protocol-mismatch", 412, "The server speaks another version of the protocol")
TOO_LARGE = Kind("too-large", 413, "The request is too large")
UNSUPPORTED_MEDIA_TYPE = Kind("unsupported-media-type", 415, "The body's media type is not taken here")
INVALID = Kind("invalid", 422, "Some of the input cannot be used")
KEY_REUSED = Kind("key-reused", 422, "The key belongs to another request")
PRECONDITION_REQUIRED = Kind("precondition-required", 428, "Say which revision you read")
CHECKSUM_MISMATCH = Kind("checksum-mismatch", 460, "What arrived is not what was sent")
THROTTLED = Kind("throttled", 429, "Too many requests")
INTERNAL = Kind("internal", 500, "The server failed")
ARCHIVE_UNREADABLE = Kind("archive-unreadable", 503, "The archive does not give the entry")

ALL: tuple[Kind, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Kind))
_OF: dict[type[BaseException], Kind] = {
    errors.Invalid: INVALID,
    errors.NotPermitted: NOT_PERMITTED,
    errors.DutyConflict: DUTY_CONFLICT,
    errors.SignatureRejected: SIGNATURE_REJECTED,
    errors.Conflict: CONFLICT,
    errors.AlreadyExists: ALREADY_EXISTS,
    errors.Stale: STALE,
    errors.OnHold: ON_HOLD,
    errors.TooLarge: TOO_LARGE,
    errors.ChecksumMismatch: CHECKSUM_MISMATCH,
    errors.Gone: GONE,
    ProtocolMismatch: PROTOCOL_MISMATCH,
    errors.RevisionMismatch: REVISION_MISMATCH,
    errors.NothingServes: NOTHING_SERVES,
    log_errors.NotErasable: INVALID,
    log_errors.AlreadyDecided: CONFLICT,
    log_errors.NeedsAnother: DUTY_CONFLICT,
    log_errors.MustBeKept: MUST_BE_KEPT,
    NotSequenced: NOT_SEQUENCED,
    ArchiveUnreadable: ARCHIVE_UNREADABLE,
    CanonicalError: INVALID,
    EntryTooLarge: INVALID,
    rest.ValidationError: INVALID,
    rest.ParseError: MALFORMED,
    rest.NotAuthenticated: NOT_AUTHENTICATED,
    rest.AuthenticationFailed: NOT_AUTHENTICATED,
    rest.PermissionDenied: NOT_PERMITTED,
    rest.NotFound: NOT_FOUND,
    rest.MethodNotAllowed: METHOD_NOT_ALLOWED,
    rest.NotAcceptable: NOT_ACCEPTABLE,
    rest.UnsupportedMediaType: UNSUPPORTED_MEDIA_TYPE,
    rest.Throttled: THROTTLED,
    PreconditionRequired: PRECONDITION_REQUIRED,
    Http404: NOT_FOUND,
    Slot.DoesNotExist: NOT_FOUND,
    UnicodeError: MALFORMED,
    DataError: INVALID,
    django.PermissionDenied: NOT_PERMITTED,
    django.ValidationError: INVALID,
    django.RequestDataTooBig: TOO_LARGE,
    django.SuspiciousOperation: MALFORMED,
}


def of(error: BaseException) -> Kind | None:
    """The kind of an error, by its nearest known class; None for what nobody foresaw, which is a 500."""
    return next((_OF[known] for known in type(error).__mro__ if known in _OF), None)
