"""Witnesses' signatures on the newest head, without a witness."""

from audit.database import grants
from audit.models import Checkpoint, Cosignature
from audit.tlog import note
from tests import databases


def cosign(*cosigners: note.Cosigner) -> str:
    """The newest head as these witnesses sign it."""
    head = Checkpoint.objects.latest("size")
    lines = [note.signature_line(note.text_of(head.note.encode()), cosigner) for cosigner in cosigners]
    with databases.acting_as(grants.SEQUENCER):
        for cosigner, line in zip(cosigners, lines, strict=True):
            Cosignature.objects.create(size=head.size, witness=cosigner.verifier.name, line=line)
    return head.note + "".join(lines)
