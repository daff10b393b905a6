"""What a webhook says, against the specification's own example."""

import json
from datetime import UTC, datetime

from registry.services.subscriptions import webhooks

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
RAW = b'{"actor":"system:x","at":"2026-11-23T09:30:00.000000Z","event":"slot.created","id":"0199","v":1}'


def test_signature_of_the_published_example_is_the_published_one() -> None:
    body = b'{"email":"test@example.com","username":"test_user"}'
    signature = webhooks.signature(SECRET, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553, body)
    assert signature == "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="


def test_headers_carry_one_signature_for_each_valid_key() -> None:
    at, other = datetime(2026, 11, 23, tzinfo=UTC), webhooks.new_secret()
    headers = webhooks.headers("0199", b"{}", keys=[other, SECRET], at=at)
    signed = [webhooks.signature(key, "0199", int(at.timestamp()), b"{}") for key in (other, SECRET)]
    assert (headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]) == (
        "0199",
        "1795392000",
        " ".join(signed),
    )


def test_body_has_the_entry_byte_for_byte_at_its_end() -> None:
    body = webhooks.body(RAW, index=7, origin="example.org/log")
    assert body.endswith(b'"entry":' + RAW + b"}")
    assert json.loads(body) == {
        "id": "0199",
        "event": "slot.created",
        "index": 7,
        "at": "2026-11-23T09:30:00.000000Z",
        "origin": "example.org/log",
        "entry": json.loads(RAW),
    }


def test_secret_has_thirty_two_bytes_and_no_secret_is_like_another() -> None:
    secrets = {webhooks.new_secret() for _ in range(3)}
    assert (len(secrets), {len(secret) for secret in secrets}) == (3, {len("whsec_") + 44})
