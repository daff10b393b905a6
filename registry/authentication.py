"""Passwords at every door: a few wrong ones lock an account's password for a while, wherever they were tried."""

import hashlib
import math
import time
import unicodedata
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.backends import ModelBackend
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import system
from registry import events
from registry.models import User

MAX_WRONG = 10
WINDOW_SECONDS = 600
PASSWORD = "password"


class PasswordBackend(ModelBackend):
    """Signs in with user name and password, ten wrong ones in ten minutes at most; grants alone give permissions."""

    @sensitive_variables("password")
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if username is None or password is None:
            return None
        # Counted before the slow check and forgiven after it: guesses sent all at once are guesses too.
        tried = _count(PASSWORD, username)
        if tried > MAX_WRONG:
            raise PermissionDenied("Too many wrong passwords.")
        account = super().authenticate(request, username=username, password=password, **kwargs)
        if not isinstance(account, User):
            _record_wrong(username, tried, request)
            return None
        cache.delete(_counter(PASSWORD, username))
        return account

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return False

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return False

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()


@sensitive_variables("password")
def is_right(account: User, password: str) -> bool:
    """Whether this is the account's own password; asking counts as a try."""
    found = authenticate(None, username=account.username, password=password)
    return isinstance(found, User) and found.pk == account.pk


def may_try(account: User, what: str) -> bool:
    """Whether one more guess at something else than the password is allowed; asking counts as one."""
    return _count(what, account.username) <= MAX_WRONG


def forgive(account: User, what: str) -> None:
    """The guess was right: the count begins anew."""
    cache.delete(_counter(what, account.username))


def locked_seconds(username: str) -> int:
    """How long no password of this user name is looked at; 0 where it is not locked. Whether it exists is not told."""
    tried = cache.get(_counter(PASSWORD, username), 0)
    return math.ceil(WINDOW_SECONDS - time.time() % WINDOW_SECONDS) if tried >= MAX_WRONG else 0


def locked_minutes(username: str) -> int:
    """`locked_seconds` for people."""
    return math.ceil(locked_seconds(username) / 60)


def normalised(username: str) -> str:
    """One spelling of a user name, so that blanks, capitals and look-alikes buy nobody more guesses."""
    return unicodedata.normalize("NFKC", username.strip()).casefold()


def _record_wrong(username: str, tried: int, request: HttpRequest | None) -> None:
    """A wrong password of an account that exists is on record; the lock bounds how many there can be."""
    account = User.objects.filter(username=username).first()
    if account is not None:
        actor = system("authentication", request=getattr(request, "request_id", ""))
        with transaction.atomic():
            log.record(events.SignInFailed(tried=tried, locked=tried == MAX_WRONG), subject=account, actor=actor)


def _count(what: str, username: str) -> int:
    """This try's number in the window; adding and counting are each one step of the cache server."""
    counter = _counter(what, username)
    # The window is in the key, so a counter never ends while somebody counts: kept twice as long as it is used.
    while True:
        cache.add(counter, 0, 2 * WINDOW_SECONDS)
        try:
            return cache.incr(counter)
        except ValueError:  # Between the two steps another try was right, and forgave.
            continue


def _counter(what: str, username: str) -> str:
    """What is guessed stands beside the name, not in it: no user name leads to the counter of another's codes."""
    window = int(time.time() // WINDOW_SECONDS)
    whom = hashlib.sha256(normalised(username).encode(errors="replace")).hexdigest()
    return f"wrong-{what}s:{window}:{whom}"
