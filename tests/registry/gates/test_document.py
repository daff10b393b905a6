"""Reading policy text strictly, and its digest."""

import pytest

from registry.gates import document
from registry.gates.problems import PolicyError, Problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- 1", "$: The policy is not a mapping. Write keys and values at the top level."),
        ("a: [", "line 1: This is not valid YAML: expected the node content, but found '<stream end>'. Mend the line."),
        ("a: 1\na: 2", "line 2: This is not valid YAML: the key 'a' is written twice. Mend the line."),
        ("a: &x 1\nb: *x", "line 2: This is not valid YAML: aliases are not allowed. Mend the line."),
        ("a: " + "[" * 99, "line 1: This is not valid YAML: nesting is deeper than 40. Mend the line."),
        ("a: 2026-13-45", "$: This is not valid YAML: month must be in 1..12. Mend the text."),
        ("a: [2026-01-01]", "a[0]: 2026-01-01 is not text, a number, true or false. Put quotation marks around it."),
        ("a: {1: b}", "a: The key 1 is not text. Put quotation marks around it."),
        ("a: .nan", "a: The number is not ordinary. Write a finite number within 2^53."),
        ("a: -.inf", "a: The number is not ordinary. Write a finite number within 2^53."),
        ("a: 9007199254740992", "a: The number is not ordinary. Write a finite number within 2^53."),
        ("a: 0x" + "f" * 5000, "a: The number is not ordinary. Write a finite number within 2^53."),
        ("a: " + "x" * 200_000, "$: The text is longer than 200000 characters. Shorten it."),
    ],
)
def test_read_of_unfit_text_names_place_problem_and_remedy(text: str, problem: str) -> None:
    with pytest.raises(PolicyError) as refused:
        document.read(text)
    assert str(refused.value) == problem


def test_read_of_a_python_tag_is_refused() -> None:
    with pytest.raises(PolicyError, match="could not determine a constructor"):
        document.read("a: !!python/object/apply:os.getcwd []")


def test_read_of_json_gives_the_same_as_yaml() -> None:
    assert document.read('{"a": [1, 0.5, true, null, "x"]}') == document.read("a: [1, 0.5, true, null, x]")


def test_digest_of_other_layout_and_order_is_the_same() -> None:
    one, other = "a: 1\nb: {c: 0.80, d: 2}", "# why\nb:\n  d: 2.0\n  c: 0.8\na: 1"
    assert document.digest(document.read(one)) == document.digest(document.read(other))


def test_digest_of_a_number_differs_from_its_text() -> None:
    digests = {document.digest({"a": value}) for value in (0.5, "0.5", 1, "1", True, 0.50000001)}
    assert len(digests) == 6


def test_digest_of_a_known_document_is_sha256_of_its_canonical_json() -> None:
    # printf '{"a":1,"b":{"decimal":"0.8"}}' | sha256sum
    wanted = "765b56703c1a679834384d0bec9c87c80847d7dfd8507e12a216dc8242eecc8b"
    assert document.digest({"b": 0.8, "a": 1.0}) == wanted


def test_digest_of_what_canonical_json_cannot_hold_is_refused() -> None:
    with pytest.raises(PolicyError) as refused:
        document.digest({"a": "x\0"})
    detail = "At $.a: the text holds a NUL character."
    assert refused.value.problems == [Problem("$", detail, "Simplify the policy or mend the text.")]
