"""Accounts, roles, passwords and tokens."""

from datetime import datetime

from audit.events import Event


class AccountCreated(Event, name="account.created"):
    """An account was made for a person or a service."""

    kind: str


class RoleGranted(Event, name="account.role_granted"):
    """An account may act in a role, for one system or for all."""

    role: str
    system: str | None


class GrantProposed(Event, name="account.grant_proposed"):
    """An account was given a role that signs, operates or runs the platform; it waits for a second person."""

    role: str
    system: str | None


class GrantConfirmed(Event, name="account.grant_confirmed"):
    """A second person agreed, so the account may act in the role from now on."""

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


class FactorEnrolled(Event, name="signing_factor.enrolled"):
    """A person made a key and a secret to sign with; they wait for the first code."""

    account: str
    public_key: str


class FactorConfirmed(Event, name="signing_factor.confirmed"):
    """A person signs with this key from now on; the one before it retired."""

    account: str
    public_key: str


class FactorRewrapped(Event, name="signing_factor.rewrapped"):
    """Its owner changed the password that opens the key; the key is the same."""


class FactorCodeRefused(Event, name="signing_factor.code_refused"):
    """Somebody who has the password gave a wrong one-time code; after so many in a row the factor is locked."""

    tried: int
    locked: bool


class FactorResetAsked(Event, name="signing_factor.reset_asked"):
    """A platform admin asked to retire the factor of somebody who lost it; a second person must agree."""

    account: str


class FactorRetired(Event, name="signing_factor.retired"):
    """A key signs nothing any more, because it was replaced or reset or its owner's account was closed or erased."""

    account: str
    public_key: str
    cause: str
