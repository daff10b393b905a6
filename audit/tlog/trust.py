"""Whom the person who verifies relies on, and whether a checkpoint's signatures are enough for that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from audit.tlog import checkpoint, note
from audit.tlog.chronicle import Chronicle, short
from audit.tlog.errors import NoteError
from audit.tlog.policy import NONE, Policy
from audit.tlog.report import Report, Witnessed


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys given; a policy's logs, witnesses and quorum; witnesses all of which must have cosigned."""

    keys: tuple[note.Verifier, ...] = ()
    policy: Policy | None = None
    witnesses: tuple[note.Verifier, ...] = ()

    @property
    def verifiers(self) -> tuple[note.Verifier, ...]:
        """Every key that is known, each once."""
        return tuple(dict.fromkeys((*self.keys, *(self.policy.verifiers if self.policy else ()), *self.witnesses)))


def judge_quorum(opened: note.Note, trust: Trust, report: Report) -> None:
    """Say which witnesses cosigned and when, and find those that had to and did not."""
    cosigned = {one.verifier: one.time for one in opened.verified if one.time is not None}
    names = {known.key: name for name, known in trust.policy.witnesses.items()} if trust.policy else {}
    report.witnesses = [Witnessed(names.get(key, key.name), key.vkey, moment(time)) for key, time in cosigned.items()]
    for witness in trust.witnesses:
        if witness not in cosigned:
            report.add("checkpoint", f"The witness {witness.name} has not cosigned it.")
    demands = [key.name for key in trust.witnesses]
    if trust.policy is not None and trust.policy.quorum != NONE:
        demands.append(trust.policy.demand())
        if not trust.policy.is_reached(cosigned):
            signed = ", ".join(names[key] for key in cosigned if key in names) or "none of them"
            report.add("checkpoint", f"The quorum is not reached: it asks for {demands[-1]}; cosigned by {signed}.")
    report.quorum = " and ".join(demands)


def follow(heads: Iterable[bytes], keys: Sequence[note.Verifier], chronicle: Chronicle) -> list[note.Verifier]:
    """The keys given and those that the log announced in an entry under a head that a trusted key signed, and so on.

    heads: checkpoints that were found to be of this log's tree. A key's signature beyond its retirement counts nothing.
    """
    trusted = list(keys)
    waiting = list(heads)
    while True:
        believed = [head for head in waiting if signs(head, trusted, chronicle)]
        size = max((checkpoint.parse(note.text_of(head)).size for head in believed), default=0)
        new = [key for key, index in chronicle.announced.items() if index < size and key not in trusted]
        if not new:
            return trusted
        trusted += new


def signs(raw: bytes, keys: Sequence[note.Verifier], chronicle: Chronicle) -> bool:
    """Whether one of the keys signed a checkpoint while it was in use."""
    try:
        signed = checkpoint.open_signed(raw, keys)
    except NoteError:
        return False
    return late_key(signed, chronicle) is None


def late_key(signed: checkpoint.Signed, chronicle: Chronicle) -> note.Verifier | None:
    """A key that had retired before the checkpoint, if only such keys of the log signed it."""
    keys = [one.verifier for one in signed.note.verified if one.verifier.key_type == note.ED25519]
    keys = [key for key in keys if key.name == signed.head.origin]
    late = [key for key in keys if key in chronicle.retired and chronicle.retired[key].at_size < signed.head.size]
    return late[0] if len(late) == len(keys) else None


def check_retired(place: str, signed: checkpoint.Signed, chronicle: Chronicle, report: Report) -> None:
    """Find a checkpoint that only retired keys signed."""
    key = late_key(signed, chronicle)
    if key is not None:
        at_size, index = chronicle.retired[key]
        report.add(
            place,
            f"The checkpoint of size {signed.head.size} is signed only by the key {short(key)}, "
            f"which entry {index} retired at size {at_size}.",
        )


def moment(time: int | None) -> str:
    """A cosignature's time for people; the number itself where no calendar goes so far."""
    try:
        return datetime.fromtimestamp(time or 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(time)
