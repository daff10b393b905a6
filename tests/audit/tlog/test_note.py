"""Signed notes: the worked example byte for byte, other implementations' notes, and everything that is refused."""

import hashlib

import pytest

from audit.tlog import checkpoint, merkle, note, tiles
from audit.tlog.errors import NoteError
from audit.tlog.note import Verifier
from tests.audit.tlog.examples import LOG, ORIGIN, STRANGER, WITNESS, head, key

LEAVES = [
    b'{"kind":"dataset.registered","v":1}',
    b'{"kind":"run.finished","v":1}',
    b'{"kind":"model_version.approved","v":1}',
]
WORKED = """\
models.example.org/audit
3
P1D0D1Urbb5swut/r7i3kRTaxGXFt++NmpLQQkLOleE=

\u2014 models.example.org/audit gTuSKOE3GXK2X7+0gObVbu/7O5DnFNi1GvtAf0/h8zO6OsKYxNaP9aYgnhkGSffnSLWpmeGaHtt8GdqOOA9kKAK/TAc=
\u2014 witness.example.org/w1 lTgXxwAAAABlU/EA29FAofzt8/iTdkKRGfkNo132PwW+6xRvCsOAxqpwuGcs0pBVbi7LbpjEnujxclRW1OFP/aV/9JjsDczJ9BcTCA==
""".encode()  # noqa: E501
LOG_VKEY = "models.example.org/audit+813b9228+AdJnR0arhgi4wtVkFhG2nTrZ6oGB0+9sp3b9pAiKibN+"
WITNESS_VKEY = "witness.example.org/w1+953817c7+BKCBoTnPr/Rm5aQKSFgFoJ/qY83xtN9iOfG5dhxeJZSQ"
# From the C2SP page on signed notes, and from the documentation of Go's note package.
C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
GO_SIGNING_KEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    f"{GO_TEXT}\n\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def test_worked_example_tree_and_tiles_are_the_published_bytes() -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]
    assert [value.hex()[:16] for value in hashes] == ["36c04666deb45a21", "315865d068572371", "347e0f1fce806613"]
    assert merkle.root(hashes).hex() == "3f50f40f552b6dbe6cc2eb7fafb8b79114dac465c5b7ef8d9a92d04242ce95e1"
    assert merkle.node_hash(hashes[0], hashes[1]).hex() == (
        "466f16d2a7993dc144ed79ab1dac5a1f5af8ce248684470758c9f05687fe869b"
    )
    assert tiles.encode_bundle(LEAVES) == b"\0\x23" + LEAVES[0] + b"\0\x1d" + LEAVES[1] + b"\0\x27" + LEAVES[2]


def test_worked_example_keys_are_the_published_ones() -> None:
    assert (LOG.vkey, WITNESS.vkey) == (LOG_VKEY, WITNESS_VKEY)


def test_worked_example_checkpoint_is_the_published_bytes() -> None:
    signed = head(LEAVES, LOG, WITNESS)
    assert signed == WORKED
    assert hashlib.sha256(signed).hexdigest() == "e49f014457bc3437d5106a956f4426d75de5b554a61c99790342a2bca9827265"


def test_worked_example_checkpoint_opens_with_both_signers_and_the_time() -> None:
    opened = checkpoint.open_signed(WORKED, [Verifier.parse(LOG_VKEY), Verifier.parse(WITNESS_VKEY)])
    assert opened.head == checkpoint.Checkpoint(ORIGIN, 3, merkle.root([merkle.leaf_hash(leaf) for leaf in LEAVES]))
    assert [(one.verifier.name, one.time) for one in opened.note.verified] == [
        (ORIGIN, None),
        ("witness.example.org/w1", 1_700_000_000),
    ]


@pytest.mark.parametrize(("vkey", "raw"), [(C2SP_VKEY, C2SP_NOTE), (GO_VKEY, GO_NOTE)])
def test_note_of_another_implementation_opens(vkey: str, raw: bytes) -> None:
    opened = note.open_note(raw, [Verifier.parse(vkey)])
    assert (opened.text.encode(), len(opened.verified), opened.unknown) == (raw.partition(b"\n\n")[0] + b"\n", 1, ())


def test_signing_key_of_another_implementation_signs_the_same_bytes() -> None:
    signer = note.parse_signing_key(GO_SIGNING_KEY)
    assert (signer.vkey, note.sign(GO_TEXT, signer)) == (GO_VKEY, GO_NOTE)


@pytest.mark.parametrize("wrong", [GO_SIGNING_KEY[:-1], GO_SIGNING_KEY[8:], GO_SIGNING_KEY.replace("c74f", "c74e")])
def test_signing_key_that_is_malformed_is_refused_without_quoting_it(wrong: str) -> None:
    with pytest.raises(NoteError) as refusal:
        note.parse_signing_key(wrong)
    assert "FALVFGyNhPJ" not in str(refusal.value)


def test_signing_key_is_written_and_read() -> None:
    seed = hashlib.sha256(b"log key for tests only").digest()
    assert note.parse_signing_key(note.format_signing_key(ORIGIN, seed)).vkey == LOG_VKEY


@pytest.mark.parametrize("vkey", [LOG_VKEY, WITNESS_VKEY, C2SP_VKEY, GO_VKEY])
def test_verifier_key_is_read_and_written(vkey: str) -> None:
    assert Verifier.parse(vkey).vkey == vkey


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+813b9228",
        LOG_VKEY.replace("813b9228", "813b9229"),
        LOG_VKEY.replace("813b9228", "813B9228"),
        LOG_VKEY.replace("models", "modelz"),
        LOG_VKEY.replace("+AdJ", "+AtJ"),
        LOG_VKEY + "=",
        LOG_VKEY + "\n",
        LOG_VKEY[:-4],
        " " + LOG_VKEY,
        "+813b9228+AdJnR0arhgi4wtVkFhG2nTrZ6oGB0+9sp3b9pAiKibN+",
    ],
)
def test_verifier_key_that_is_malformed_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(vkey)


def test_note_with_any_byte_changed_is_refused() -> None:
    verifiers = [LOG.verifier, WITNESS.verifier]
    for place in range(len(WORKED)):
        for bit in (0, 5):
            changed = bytearray(WORKED)
            changed[place] ^= 1 << bit
            # A changed name or key id turns the line into one of an unknown key, which is ignored, not believed.
            if not refused(bytes(changed), verifiers):
                opened = note.open_note(bytes(changed), verifiers)
                assert (len(opened.verified), len(opened.unknown), opened.text) == (1, 1, note.text_of(WORKED))


def refused(raw: bytes, verifiers: list[Verifier]) -> bool:
    try:
        note.open_note(raw, verifiers)
    except NoteError:
        return True
    return False


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not text, an empty line and signature lines"),
        (b"text\n", "not text, an empty line and signature lines"),
        (b"text\n\n", "not text, an empty line and signature lines"),
        (WORKED[:-1], "not text, an empty line and signature lines"),
        (WORKED + b"\n", "not text, an empty line and signature lines"),
        (WORKED + b"x\n", "is not a signature line"),
        (WORKED.replace(b"\xe2\x80\x94", b"-"), "is not a signature line"),
        (WORKED.replace(b"audit gTu", b"audit  gTu"), "is not a signature line"),
        (WORKED.replace(b"\n3\n", b"\n3\t\n"), "control character"),
        (WORKED.replace(b"\n3\n", b"\r\n3\r\n"), "control character"),
        (WORKED.replace(b"TAc=", b"TAd="), "second spelling of base64"),
        (WORKED.replace(b"TAc=", b"TAc"), "not base64"),
        (b"\xff" + WORKED, "not UTF-8"),
        (b"x" * (256 * 1024) + WORKED, "more than"),
        (WORKED + "\u2014 a AAAA\n".encode(), "too short"),
        (WORKED + "\u2014 a+b AAAAAAAA\n".encode(), "not a key name"),
        (WORKED + b"".join("\u2014 a AAAAAAAA\n".encode() for _ in range(63)), "not text, an empty line"),
        (WORKED.replace(b"\n3\n", b"\n4\n"), "does not match the note"),
        (WORKED + WORKED.splitlines(keepends=True)[4], "signed the note twice"),
    ],
)
def test_note_that_is_malformed_is_refused_with_the_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(NoteError, match=reason):
        note.open_note(raw, [LOG.verifier, WITNESS.verifier])


def test_note_with_a_bad_signature_of_a_known_key_is_refused_although_another_is_good() -> None:
    text = note.text_of(WORKED)
    forged = note.signature_line(text + "x\n", WITNESS)
    raw = note.sign(text, LOG) + forged.encode()
    assert len(note.open_note(raw, [LOG.verifier]).unknown) == 1
    with pytest.raises(NoteError, match=r"The signature of witness\.example\.org/w1 does not match the note"):
        note.open_note(raw, [LOG.verifier, WITNESS.verifier])


def test_note_signed_by_unknown_keys_only_is_refused() -> None:
    with pytest.raises(NoteError, match=r"No known key signed the note; it is signed by models\.example\.org/audit\+"):
        note.open_note(WORKED, [STRANGER.verifier])


def test_note_signed_by_sixteen_and_more_keys_opens() -> None:
    signers = [note.Signer(f"signer/{number}", key(str(number))) for number in range(40)]
    raw = note.sign("text\n\nwith an empty line\n", *signers)
    opened = note.open_note(raw, [signer.verifier for signer in signers])
    assert (opened.text, len(opened.verified)) == ("text\n\nwith an empty line\n", 40)


def test_cosignature_with_another_time_is_refused() -> None:
    text = note.text_of(WORKED)
    signature = bytearray(WITNESS.sign(text))
    signature[7] ^= 1
    with pytest.raises(NoteError, match="does not match the note"):
        WITNESS.verifier.verify(text, bytes(signature))


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n"])
def test_sign_of_a_text_that_no_note_can_have_is_refused(text: str) -> None:
    with pytest.raises(NoteError, match="A note's text ends in a newline"):
        note.sign(text, LOG)
