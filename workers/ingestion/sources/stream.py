"""A Redis stream, in batches whose ids are fixed before they are read: each entry comes into exactly one version.

The position is the last id of which a version was committed; it moves in that version's transaction. What a batch holds
is decided by ids alone (all after the position, up to the batch's last one), so a worker that dies anywhere leaves
either nothing or the whole: its successor reads the same ids, or none. The consumer group keeps entries pending until
they are in a version, for whoever watches or trims the stream; nothing depends on it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import redis
from redis.exceptions import RedisError, ResponseError

from workers.ingestion.errors import FileMalformed, SourceInvalid, SourceUnreachable
from workers.ingestion.sources import reading
from workers.ingestion.sources.reading import Bounds, Delivered, Position, Progress, Secrets

SECRETS: frozenset[str] | None = frozenset({"password"})
AT_ONCE = 1_000
FIRST = "0-0"
_CONSUMER = "reader"


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """key: the stream. field: where an entry's row is, as a JSON object; empty where its fields are the row."""

    host: str
    key: str
    port: int = 6379
    database: int = 0
    username: str = ""
    tls: bool = False
    group: str = "mlops"
    field: str = ""
    start: Literal["first", "new"] = "first"
    batch: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 10_000


def check(settings: Mapping[str, Any]) -> None:
    """Raises SourceInvalid."""
    known = reading.typed(settings, Settings)
    if not known.key or not known.group:
        raise SourceInvalid("A stream has a key, and is read by a group.", "Name both.")


def format(settings: Mapping[str, Any]) -> str:
    """One JSON object a line."""
    return "jsonl"


def plan(settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds) -> Position | None:
    """Take the next entries into the group and fix their ids; None where there are none.

    A crash after it leaves them pending, and the next plan finds them again, with what came since.
    """
    known = reading.typed(settings, Settings)
    with _client(known, secrets, bounds) as client:
        start = _started(client, known, position)
        _tidied(client, known, start)
        found = _ids(client, known, start)
        if not found:
            return None
        _claimed(client, known)
    return {"after": start, "last": found[-1], "count": len(found)}


def read(
    settings: Mapping[str, Any],
    secrets: Secrets,
    position: Position,
    into: Path,
    bounds: Bounds,
    progress: Progress,
) -> Delivered:
    """The entries of the batch, one JSON object a line, in the order of the stream."""
    known, batch = reading.typed(settings, Settings), position["batch"]
    target, count = into / "rows.jsonl", 0
    with _client(known, secrets, bounds) as client, target.open("wb") as file:
        for identity, fields in _entries(client, known.key, batch["after"], batch["last"]):
            file.write(_line(known, identity, fields))
            count += 1
            if count % AT_ONCE == 0:
                reading.take(file.tell(), bounds)
                progress(count / batch["count"], f"read {count} entries")
        reading.take(file.tell(), bounds)
    if count != batch["count"]:
        raise SourceUnreachable(
            f"The stream has {count} of the {batch['count']} entries of the batch: others were trimmed or deleted.",
            "Trim it below its group's oldest pending entry only. The next reading takes what is left.",
        )
    return Delivered([target], "jsonl", {"last": batch["last"]}, {"rows": count})


def acknowledge(settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds) -> None:
    """Take everything up to the position off the group's pending entries."""
    known = reading.typed(settings, Settings)
    with _client(known, secrets, bounds) as client:
        _tidied(client, known, position.get("before", {}).get("last", FIRST))


@contextmanager
def _client(known: Settings, secrets: Secrets, bounds: Bounds) -> Iterator[Any]:
    """A connection for one step. Raises SourceUnreachable."""
    if known.host.startswith("/"):
        place: dict[str, Any] = {"unix_socket_path": str(reading.inside(known.host, bounds))}
    else:
        # With TLS by its name, which the certificate is for and no other server has; else by the checked address.
        found = reading.reachable(known.host, known.port, bounds)
        place = {"host": known.host if known.tls else found[0], "port": known.port, "ssl": known.tls}
    client = redis.Redis(
        **place,
        db=known.database,
        username=known.username or None,
        password=secrets.get("password") or None,
        socket_timeout=30,
        socket_connect_timeout=10,
    )
    try:
        yield client
    except RedisError as error:
        raise SourceUnreachable(
            f"The stream cannot be read: {type(error).__name__}: {error}.", "Check host, key, group and secret."
        ) from error
    finally:
        client.close()


def _started(client: Any, known: Settings, position: Position) -> str:
    """The id after which to read, with the group made where there is none."""
    last = position.get("before", {}).get("last")
    if last is None and known.start == "new":
        last = _text(client.xinfo_stream(known.key)["last-generated-id"]) if client.exists(known.key) else FIRST
        # From here on "new" means the same moment, whenever it is asked again.
        last = _group_start(client, known, last)
    start = str(last or FIRST)
    _made(client, known, start)
    return start


def _group_start(client: Any, known: Settings, now: str) -> str:
    """Where the group stood when it was made: it remembers that as long as nothing was delivered to it."""
    _made(client, known, now)
    groups = {_text(one["name"]): one for one in client.xinfo_groups(known.key)}
    waiting = client.xpending(known.key, known.group)
    if waiting["pending"]:
        return _before(_text(waiting["min"]))
    return _text(groups[known.group]["last-delivered-id"])


def _made(client: Any, known: Settings, start: str) -> None:
    try:
        client.xgroup_create(known.key, known.group, id=start, mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def _tidied(client: Any, known: Settings, last: str) -> None:
    """Acknowledge what a version holds already; a worker that died after its commit left that to do."""
    while last != FIRST:
        try:
            waiting = client.xpending_range(known.key, known.group, "-", last, AT_ONCE)
        except ResponseError as error:
            if "NOGROUP" in str(error):
                return
            raise
        if not waiting:
            return
        client.xack(known.key, known.group, *[one["message_id"] for one in waiting])


def _ids(client: Any, known: Settings, start: str) -> list[str]:
    """The ids of the next batch: everything after the start, whoever of the group it was delivered to."""
    found: list[str] = []
    while len(found) < known.batch:
        most = min(AT_ONCE, known.batch - len(found))
        some = [_text(one) for one, _ in client.xrange(known.key, f"({found[-1] if found else start}", "+", count=most)]
        found += some
        if len(some) < most:
            break
    return found


def _claimed(client: Any, known: Settings) -> None:
    """Have the group's pending entries, a dead reader's among them, and the new ones of this batch in our name."""
    cursor: Any = "0-0"
    while True:
        cursor, *_ = client.xautoclaim(known.key, known.group, _CONSUMER, 0, cursor, count=AT_ONCE, justid=False)
        if _text(cursor) == "0-0":
            break
    for _ in range(-(-known.batch // AT_ONCE)):
        if not client.xreadgroup(known.group, _CONSUMER, {known.key: ">"}, count=min(AT_ONCE, known.batch)):
            break


def _entries(client: Any, key: str, after: str, last: str) -> Iterator[tuple[str, dict[bytes, bytes]]]:
    """The entries after one id, up to another and with it, a thousand in memory at a time."""
    while True:
        some = client.xrange(key, f"({after}", last, count=AT_ONCE)
        yield from ((_text(identity), fields) for identity, fields in some)
        if len(some) < AT_ONCE:
            return
        after = _text(some[-1][0])


def _line(known: Settings, identity: str, fields: dict[bytes, bytes]) -> bytes:
    """An entry as a row. Raises FileMalformed, naming the entry and nothing of its content."""
    try:
        told = {name.decode(): value.decode() for name, value in fields.items()}
        row = json.loads(told[known.field]) if known.field else told
        if not isinstance(row, dict):
            raise ValueError("no object")
    except (KeyError, ValueError) as error:
        raise FileMalformed(
            f"The entry {identity} is no row.",
            f"Give each entry the field {known.field!r} with a JSON object." if known.field else "Use UTF-8 text.",
        ) from error
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _before(identity: str) -> str:
    """The greatest id below this one."""
    left, _, right = identity.partition("-")
    return f"{left}-{int(right) - 1}" if int(right) else f"{int(left) - 1}-{2**64 - 1}"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
