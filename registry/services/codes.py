"""One-time codes (RFC 6238): each works once, and guessing them ends with the factor locked."""

import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import system
from registry import authentication, events
from registry.errors import SignatureRejected
from registry.models import SigningFactor
from registry.services import personal_keys

DIGITS, STEP_SECONDS, DRIFT_STEPS, SECRET_BYTES = 6, 30, 1, 20
#: Wrong codes in a row, over days if need be. Of a million codes three are right at any moment, so that many guesses by
#: somebody who has the password hit one in eleven thousand times.
MAX_WRONG = 30


@sensitive_variables("code")
def spend(factor: SigningFactor, code: str) -> None:
    """Accept a code of this moment, or of the half minute before or after it, once. Whoever asks has the password.

    Of two requests with the same code one is refused. A wrong one is on record: somebody else may have the password.
    Records signing_factor.code_refused. Raises SignatureRejected.
    """
    _check_may_try(factor)
    step = _step(factor, code)
    unused = SigningFactor.objects.filter(pk=factor.pk).exclude(state=SigningFactor.State.RETIRED)
    unused = unused.filter(Q(last_step=None) | Q(last_step__lt=step or 0))
    if step is None or not unused.update(last_step=step, wrong_codes=0):
        _record_wrong(factor)
        raise SignatureRejected(
            "The one-time code is not right or was used already, so nothing was signed.",
            remedy="Enter the code that your authenticator shows now; each works once, whatever became of it.",
        )
    authentication.forgive(factor.account, "code")


def _check_may_try(factor: SigningFactor) -> None:
    """Counted before the look and forgiven after it: guesses sent all at once are guesses too."""
    if not authentication.may_try(factor.account, "code"):
        raise SignatureRejected("There were too many wrong codes; wait ten minutes.", remedy="Then enter a new code.")
    counted = SigningFactor.objects.filter(pk=factor.pk, wrong_codes__lt=MAX_WRONG)
    if not counted.update(wrong_codes=F("wrong_codes") + 1):
        raise SignatureRejected(
            f"There were {MAX_WRONG} wrong codes in a row, so your signing factor is locked.",
            remedy="Change your password, and ask a platform admin for a reset of your signing factor.",
        )


def _step(factor: SigningFactor, code: str) -> int | None:
    """The time step whose code this is."""
    try:
        secret = personal_keys.unseal(factor.account, bytes(factor.totp_secret), personal_keys.SECRET)
    except personal_keys.DoesNotOpen:
        return None
    totp = TOTP(secret, DIGITS, hashes.SHA1(), STEP_SECONDS)
    now, given = int(timezone.now().timestamp()) // STEP_SECONDS, code.replace(" ", "").encode(errors="replace")
    steps = range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1)
    return next((one for one in steps if secrets.compare_digest(totp.generate(one * STEP_SECONDS), given)), None)


def _record_wrong(factor: SigningFactor) -> None:
    with transaction.atomic():
        factor = SigningFactor.objects.select_for_update().get(pk=factor.pk)
        event = events.FactorCodeRefused(tried=factor.wrong_codes, locked=factor.wrong_codes >= MAX_WRONG)
        log.record(event, subject=factor, actor=system("authentication"))
