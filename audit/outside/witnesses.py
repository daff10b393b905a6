"""Asks witnesses to cosign the log's newest head (C2SP tlog-witness), all at once, none longer than its time."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import httpx
import structlog
from django.conf import settings

from audit.models import Checkpoint, Cosignature
from audit.tlog import checkpoint, note, policy, witnessing
from audit.tlog.errors import NoteError
from audit.tlog.spelling import from_decimal, to_base64
from audit.tlog.witnessing import Status
from audit.tree import proofs

logger = structlog.get_logger(__name__)

MAX_ANSWER_BYTES = 64 * 1024
_ROUNDS = 3  # the size that was known here, the size that the witness named, and once more for a rival publisher
_FIRST_REST_SECONDS, _LONGEST_REST_SECONDS = 2.0, 300.0

T = TypeVar("T")
Prove: TypeAlias = Callable[[int, int], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness has seen the head, and that it continues the one before: its signature line, verified."""

    line: str


@dataclass(frozen=True, slots=True)
class Holds:
    """The witness holds this size and asks for a proof from there; if it is above ours, the database is behind."""

    size: int


@dataclass(frozen=True, slots=True)
class SaysForked:
    """The witness says that the head contradicts what it holds."""

    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer, or none that can be believed; nothing is known about the log."""

    why: str


Answer: TypeAlias = Cosigned | Holds | SaysForked | Failed


@dataclass(slots=True)
class Rests:
    """Which witnesses failed lately and are left alone for a while, so that a dead one does not hold every round."""

    until: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def is_resting(self, name: str) -> bool:
        """Whether it is too early to ask again."""
        return time.monotonic() < self.until.get(name, 0.0)

    def note_answer(self, name: str, answer: Answer) -> None:
        """Twice as long a rest with each failure in a row; said aloud once."""
        if not isinstance(answer, Failed):
            self.until.pop(name, None)
            if self.seconds.pop(name, None):
                logger.info("the witness answers again", witness=name)
            return
        if name not in self.seconds:
            logger.warning("a witness does not cosign", witness=name, why=answer.why)
        rest = min(_LONGEST_REST_SECONDS, 2 * self.seconds.get(name, _FIRST_REST_SECONDS / 2))
        self.seconds[name], self.until[name] = rest, time.monotonic() + rest


def trusted() -> policy.Policy | None:
    """The policy file's content; None where none is set. Raises PolicyError, OSError."""
    return policy.parse(settings.LOG_TRUST_POLICY.read_bytes()) if settings.LOG_TRUST_POLICY else None


def asked(trust: policy.Policy | None) -> dict[str, policy.Known]:
    """The witnesses that have an address."""
    return {name: known for name, known in trust.witnesses.items() if known.url} if trust else {}


def collect(head: Checkpoint, known: Mapping[str, policy.Known], rests: Rests) -> dict[str, Answer]:
    """Ask every witness that has not cosigned this head and is not at rest; what verifies is stored."""
    stored = set(Cosignature.objects.filter(size=head.size).values_list("witness", flat=True))
    waking = {name: each for name, each in known.items() if each.key.name not in stored and not rests.is_resting(name)}
    answers = question(head, waking)
    rows = [
        Cosignature(size=head.size, witness=known[name].key.name, line=answer.line)
        for name, answer in answers.items()
        if isinstance(answer, Cosigned)
    ]
    Cosignature.objects.bulk_create(rows, ignore_conflicts=True)
    for name, answer in answers.items():
        rests.note_answer(name, answer)
    return answers


def question(head: Checkpoint, known: Mapping[str, policy.Known]) -> dict[str, Answer]:
    """Ask these witnesses about a head, and store nothing."""
    old = {name: _last_size(each.key.name, head.size) for name, each in known.items()}
    return ask(known, head.note.encode(), old, proofs.consistency)


def ask(known: Mapping[str, policy.Known], signed: bytes, old: Mapping[str, int], prove: Prove) -> dict[str, Answer]:
    """Ask these witnesses about a head, each from the size it is thought to hold, then from the size that it names."""
    size = checkpoint.parse(note.text_of(signed)).size
    answers: dict[str, Answer] = {}
    waiting = dict(old)
    for _ in range(_ROUNDS if known else 0):
        # The proofs first and here: the threads have no connection to the database.
        bodies = {name: witnessing.Request(at, tuple(prove(at, size)), signed).format() for name, at in waiting.items()}
        told = _at_once({name: _asking(known[name], body, signed) for name, body in bodies.items()})
        for name, answer in told.items():
            # Asked from the size that it holds and still refused: before version 1.1 this was how a fork was told.
            same = isinstance(answer, Holds) and answer.size == waiting[name]
            answers[name] = SaysForked(f"It holds another head of size {waiting[name]}.") if same else answer
        waiting = {
            name: answer.size for name, answer in answers.items() if isinstance(answer, Holds) and answer.size <= size
        }
        if not waiting:
            break
    return answers


def held(known: Mapping[str, policy.Known], origin: str) -> dict[str, bytes]:
    """The notes that the witnesses show for a log, as far as they answer; not verified."""

    def reading(url: str) -> Callable[[], bytes | None]:
        path = f"{url.rstrip('/')}/{witnessing.origin_hash(origin)}/checkpoint"

        def read() -> bytes | None:
            status, body = _send("GET", path)
            return body if status == httpx.codes.OK else None

        return read

    found = _at_once({name: reading(each.url) for name, each in known.items() if each.url})
    return {name: body for name, body in found.items() if isinstance(body, bytes)}


def _last_size(key_name: str, size: int) -> int:
    """The largest size that the witness cosigned, as far as is known here; a wrong guess costs one more question."""
    sizes = (
        Cosignature.objects.filter(witness=key_name, size__lte=size).order_by("-size").values_list("size", flat=True)
    )
    return sizes.first() or 0


def _asking(known: policy.Known, body: bytes, signed: bytes) -> Callable[[], Answer]:
    def question() -> Answer:
        status, answer = _send("POST", f"{str(known.url).rstrip('/')}/add-checkpoint", body)
        return _read(status, answer, known.key, signed)

    return question


def _read(status: int, body: bytes, key: note.Verifier, signed: bytes) -> Answer:
    said = body[:200].decode(errors="replace").strip()
    try:
        if status == Status.COSIGNED.value:
            return Cosigned(_line(body, key, signed))
        if status == Status.OTHER_SIZE.value:
            return Holds(from_decimal(body.decode("ascii", errors="replace").removesuffix("\n"), error=NoteError))
    except NoteError as problem:
        return Failed(f"Its answer {status} cannot be believed: {problem}")
    if status == Status.FORKED.value:
        return SaysForked(said or "It refuses the consistency proof.")
    return Failed(f"It answered {status}: {said}")


def _line(body: bytes, key: note.Verifier, signed: bytes) -> str:
    """The witness's own line, verified; lines of other keys are passed over. Raises NoteError."""
    raw = note.text_of(signed).encode() + b"\n" + body
    note.open_note(raw, [key])
    _, signatures = note.parse(raw)
    own = next(line for line in signatures if (line.name, line.key_id) == (key.name, key.key_id))
    return f"\u2014 {own.name} {to_base64(own.key_id + own.signature)}\n"


def _send(method: str, url: str, body: bytes = b"") -> tuple[int, bytes]:
    """One request; the answer is read up to a size and a moment, or a witness that drips would hold the thread."""
    deadline = time.monotonic() + settings.WITNESS_TIMEOUT_SECONDS
    with (
        httpx.Client(timeout=settings.WITNESS_TIMEOUT_SECONDS) as client,
        client.stream(method, url, content=body) as answer,
    ):
        read = b""
        for part in answer.iter_raw():
            read += part
            if len(read) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                raise httpx.ReadTimeout("The answer is too long, or too slow.")
        return answer.status_code, read


def _at_once(questions: Mapping[str, Callable[[], T]]) -> dict[str, T | Failed]:
    """The answers of those who answer in time; the others have failed, and their threads end by themselves."""
    answers: dict[str, T | Failed] = {}

    def work(name: str, question: Callable[[], T]) -> None:
        try:
            answers[name] = question()
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as problem:
            answers[name] = Failed(f"{type(problem).__name__}: {problem}")

    threads = [threading.Thread(target=work, args=item, daemon=True) for item in questions.items()]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + settings.WITNESS_TIMEOUT_SECONDS + 1
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {name: answers.get(name, Failed("It did not answer in time.")) for name in questions}
