"""What README.txt in a pack says, and every text it has ever said: a pack of years ago must verify with today's code.

To reword it: change `TEXT` and add the new digest at the end of its version's list; the tests print it. Never take a
digest away, and never change an old one.
"""

import hashlib

PATH = "README.txt"
TEXT = b"""\
EVIDENCE PACK

This zip holds log entries about one subject, the proof that each stands in a
signed transparency log, and the records that the entries commit to.

To verify it you need Python 3.11 or newer, the log's public key, and the
verifier: the one file verify.py, or the folder "audit" of the server's source
code (only audit/tlog is used). Get key and verifier from somewhere else than
this pack. No server and no network are needed.

    python verify.py PACK.zip --key LOG.vkey
    python -m audit.tlog.verify PACK.zip --key LOG.vkey

The second line is for the folder that holds "audit".

The answer is one sentence that says what was proven, or one sentence for each
thing that is wrong. Exit code 0: everything holds. 1: something does not.
2: the pack or a key could not be read.

Where the sentence says "complete", no event about the subject was left out, up
to the size and the time that it names: ask for a newer pack to know what came
later. How that is proven: an entry of the log fixes how many events every
subject has up to there; from there on the pack holds every entry of the log,
whatever it is about. That the log counted honestly, whoever reads the whole log
checks. Where the sentence says "does not prove completeness", take it at its
word: other events about the subject may exist.

Each signature of a person is made twice: by the server's key, and by a key of
the person's own, which only their password opens. The pack holds the entries
that say when that key was enrolled, and by whom, and that it was not retired
before it signed. That the person, and nobody in their name, enrolled the key,
they can tell you: the log shows them every key under their account.

A program inside the pack, if there is one, says what the pack's maker wants it
to say. Its SHA-256 stands in the log, so that you can see which one it is; take
your own from a place you trust.

By hand: SHA-256(0x00 || entries/N.json) is the leaf hash of RFC 9162;
proofs/N.tlog-proof (c2sp.org/tlog-proof) leads from it to the signed root
(c2sp.org/tlog-checkpoint). The name of each file in records/ is its SHA-256,
which stands in an entry or in another record.
"""
# By version of the pack, the oldest first.
ISSUED: dict[int, tuple[str, ...]] = {
    1: (
        "026f529cfb56b78d76339484639eb3861b0101c34e2ea2dc95ab21f648f3159d",
        "0aea656ff2298b9008ea34bacb2a608363151a7feaf1597a774463a1813364e9",
    ),
    2: ("9d701e98a34748148cc4a635f4e940c967e3180c175f91eab17637e5119c61ea",),
    3: ("411ade6303a78f6347b7d6ab4b0743819a1ac870ae5fd8dc6c903eeeb3b9c9fb",),
}


def is_issued(raw: bytes | None, version: int | None) -> bool:
    """Whether these words were given out with packs of that version; None: the version is not known."""
    digest = hashlib.sha256(raw or b"").hexdigest()
    return any(digest in digests for known, digests in ISSUED.items() if version in (known, None))
