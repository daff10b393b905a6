"""The trust file: the specification's example, who together is a quorum, and the refusal of every malformed line."""

import itertools

import pytest

from audit.tlog import note, policy
from audit.tlog.errors import PolicyError
from audit.tlog.policy import Group, Known
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG, WITNESS

COSIGNERS = {
    name: note.Cosigner(f"{name.lower()}.example.org", examples.key(name), time=1_700_000_000)
    for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")
}
EXAMPLE = f"""
# Two operators; both must have seen it.
log {LOG.vkey} https://models.example.org/log
\twitness X1 {COSIGNERS["X1"].vkey}  https://x1.example.org
witness X2 {COSIGNERS["X2"].vkey}
witness X3 {COSIGNERS["X3"].vkey}
group X-witnesses 2 X1 X2 X3

witness Y1 {COSIGNERS["Y1"].vkey}
witness Y2 {COSIGNERS["Y2"].vkey}
witness Y3 {COSIGNERS["Y3"].vkey}
group Y-witnesses any Y1 Y2 Y3
  # indented
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def parsed(*lines: str) -> policy.Policy:
    return policy.parse("".join(f"{line}\n" for line in lines).encode())


def test_policy_of_the_specification_is_read_whole() -> None:
    read = policy.parse(EXAMPLE.encode())
    assert read.logs == (Known(LOG.verifier, "https://models.example.org/log"),)
    assert dict(read.witnesses) == {
        name: Known(cosigner.verifier, "https://x1.example.org" if name == "X1" else None)
        for name, cosigner in COSIGNERS.items()
    }
    assert dict(read.groups) == {
        "X-witnesses": Group(2, ("X1", "X2", "X3")),
        "Y-witnesses": Group(1, ("Y1", "Y2", "Y3")),
        "X-and-Y": Group(2, ("X-witnesses", "Y-witnesses")),
    }
    assert read.verifiers == (LOG.verifier, *(cosigner.verifier for cosigner in COSIGNERS.values()))
    assert read.demand() == "all of (2 of (X1, X2, X3), 1 of (Y1, Y2, Y3))"


def test_quorum_of_every_subset_of_witnesses_is_reached_where_the_rule_says() -> None:
    read = policy.parse(EXAMPLE.encode())
    for number in range(len(COSIGNERS) + 1):
        for names in itertools.combinations(COSIGNERS, number):
            expected = sum(name[0] == "X" for name in names) >= 2 and any(name[0] == "Y" for name in names)
            assert read.is_reached(COSIGNERS[name].verifier for name in names) is expected, names


def test_quorum_none_is_reached_by_nobody_and_a_single_witness_by_that_one() -> None:
    assert parsed("quorum none").is_reached([])
    one = parsed(f"witness w {WITNESS.vkey}", "quorum w")
    assert [one.is_reached(keys) for keys in ([], [COSIGNERS["X1"].verifier], [WITNESS.verifier])] == [
        False,
        False,
        True,
    ]


def test_names_are_octets_whatever_they_would_spell() -> None:
    lines = f"witness \xff {WITNESS.vkey}\nquorum \xff\n"
    assert list(policy.parse(lines.encode("latin-1")).witnesses) == ["\udcff"]
    with pytest.raises(PolicyError, match="Line 2: 'K' is no witness or group"):
        parsed(f"witness \u212a {WITNESS.vkey}", "quorum K")


W1, W2 = f"witness w1 {WITNESS.vkey}", f"witness w2 {COSIGNERS['X1'].vkey}"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "The policy has no quorum line. Add `quorum <name>`, or `quorum none` to ask for no witness."),
        ([W1], "The policy has no quorum line. Add `quorum <name>`, or `quorum none` to ask for no witness."),
        (["quorum"], "Line 1: A quorum line is `quorum <name|none>`."),
        (["quorum none", "quorum none"], "Line 2: A policy has one quorum line; join two demands with "),
        (["quorum w1", W1], "Line 1: 'w1' is no witness or group of a line above; define it before it is used."),
        (["witnes w1 key"], "Line 1: A line begins with log, witness, group or quorum, not with 'witnes'."),
        (["Quorum none"], "Line 1: A line begins with log, witness, group or quorum, not with 'Quorum'."),
        (["log"], "Line 1: A log line is `log <vkey> [<url>]`."),
        ([f"log {LOG.vkey} url more"], "Line 1: A log line is `log <vkey> [<url>]`."),
        (
            [f"log {WITNESS.vkey}"],
            "Line 1: The key of witness.example.org/w1 has type 0x04; a log's key has type 0x01.",
        ),
        ([f"witness w {LOG.vkey}"], f"Line 1: The key of {LOG.verifier.name} has type 0x01; a witness's key has type"),
        ([f"witness {WITNESS.vkey}"], "Line 1: A witness line is `witness <name> <vkey> [<url>]`."),
        (["witness w not-a-key"], "Line 1: 'not-a-key' is not a verifier key: name+key id+base64."),
        ([f"log {LOG.vkey}", "", f"log {LOG.vkey}"], "Line 3: Another log line has the same key; keep one of the two."),
        ([W1, f"witness again {WITNESS.vkey}"], "Line 2: Another witness line has the same key, which would count"),
        (
            [W1, f"witness w1 {COSIGNERS['X1'].vkey}"],
            "Line 2: The name 'w1' is taken; witnesses and groups share their",
        ),
        ([f"witness none {WITNESS.vkey}"], "Line 1: The name 'none' is taken; witnesses and groups share their names,"),
        ([W1, "group w1 any w1"], "Line 2: The name 'w1' is taken;"),
        ([W1, "group g any"], "Line 2: A group line is `group <name> <any|all|k> <member>...`."),
        ([W1, "group g any none"], "Line 2: 'none' is no witness or group of a line above;"),
        ([W1, "group g any g"], "Line 2: 'g' is no witness or group of a line above;"),
        ([W1, "group g any w1 w1"], "Line 2: 'w1' is a member already, and nobody counts twice; list it once."),
        ([W1, W2, "group g any w1", "group h any w1 w2"], "Line 4: 'w1' is a member already, and nobody counts twice;"),
        ([W1, W2, "group g 0 w1 w2"], "Line 3: '0' is not any, all or a number from 1 to 2, the members given."),
        ([W1, W2, "group g 3 w1 w2"], "Line 3: '3' is not any, all or a number from 1 to 2, the members given."),
        ([W1, W2, "group g 01 w1 w2"], "Line 3: '01' is not any, all or a number from 1 to 2, the members given."),
        ([W1, W2, "group g most w1 w2"], "Line 3: 'most' is not any, all or a number from 1 to 2, the members given."),
        (["quorum none\r"], "Line 1: The line holds a control character;"),
        (["quorum\x00 none"], "Line 1: The line holds a control character;"),
        (["# \x7f"], "Line 1: The line holds a control character;"),
    ],
)
def test_policy_that_is_malformed_is_refused_with_line_and_remedy(lines: list[str], reason: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parsed(*lines)
    assert str(refused.value).startswith(reason)


def test_policy_cut_off_in_its_last_line_or_too_large_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"^Line 1 does not end in a newline: is the file whole"):
        policy.parse(b"quorum none")
    with pytest.raises(PolicyError, match="more than 262144"):
        policy.parse(b"#" * 300_000)


def test_policy_of_many_nested_groups_is_evaluated() -> None:
    groups = [f"group g{n + 1} any g{n}" for n in range(3000)]
    read = parsed(W1, "group g0 any w1", *groups, "quorum g3000")
    assert (read.is_reached([WITNESS.verifier]), read.is_reached([])) == (True, False)
