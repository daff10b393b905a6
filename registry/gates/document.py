"""Policy text into plain data: a strict YAML reader, and the digest of what it read."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from audit.tlog import canonical
from audit.tlog.errors import CanonicalError
from registry.gates.problems import PolicyError, Problem, path_of

MAX_CHARACTERS = 200_000
MAX_DEPTH = 40
EXACT = 2**53  # beyond it JSON readers disagree about whole numbers


class _Loader(yaml.SafeLoader):
    """YAML without the parts that surprise: repeated keys, aliases, endless nesting."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _refused(event, "aliases are not allowed")
        if self.depth >= MAX_DEPTH:
            raise _refused(event, f"nesting is deeper than {MAX_DEPTH}")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise _refused(key, f"the key {key.value!r} is written twice")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _refused(at: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)


def read(source: str | Mapping[str, Any]) -> dict[str, Any]:
    """Plain JSON data from YAML or JSON text or a mapping; PolicyError names what is not plain."""
    document = _load(source) if isinstance(source, str) else dict(source)
    if not isinstance(document, dict):
        raise PolicyError([Problem("$", "The policy is not a mapping.", "Write keys and values at the top level.")])
    problems = list(_not_plain(document))
    if problems:
        raise PolicyError(problems)
    return document


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the document's canonical JSON; layout, comments and key order do not matter.

    The canonical form (audit.tlog.canonical) refuses floats. A float with a fraction is therefore written as
    {"decimal": its shortest repr}, a form no policy can contain, and one without a fraction as the integer it
    equals, as RFC 8785 does. Refuses with PolicyError what that form cannot hold: nesting beyond eight, NUL and lone
    surrogates.
    """
    try:
        return canonical.digest(canonical_form(document)).hex()
    except CanonicalError as error:
        raise PolicyError([Problem("$", str(error), "Simplify the policy or mend the text.")]) from error


def _load(text: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise PolicyError([Problem("$", f"The text is longer than {MAX_CHARACTERS} characters.", "Shorten it.")])
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}" if error.problem_mark else "$"
        raise PolicyError([Problem(line, f"This is not valid YAML: {error.problem}.", "Mend the line.")]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise PolicyError([Problem("$", f"This is not valid YAML: {error}.", "Mend the text.")]) from error


def _not_plain(value: Any, *path: str | int) -> Iterator[Problem]:
    match value:
        case dict():
            for key, inner in value.items():
                if not isinstance(key, str):
                    yield Problem(path_of(path), f"The key {key!r} is not text.", "Put quotation marks around it.")
                yield from _not_plain(inner, *path, str(key))
        case list():
            for index, inner in enumerate(value):
                yield from _not_plain(inner, *path, index)
        case str() | bool() | None:
            return
        case int() | float():
            if not abs(value) < EXACT:  # not-a-number is not below anything either
                yield Problem(path_of(path), "The number is not ordinary.", "Write a finite number within 2^53.")
        case _:
            yield Problem(
                path_of(path), f"{value} is not text, a number, true or false.", "Put quotation marks around it."
            )


def canonical_form(value: Any) -> Any:
    """The document as its digest sees it: no floats, so that every reader writes the same bytes."""
    if isinstance(value, Mapping):
        return {key: canonical_form(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [canonical_form(inner) for inner in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else {"decimal": repr(value)}
    return value
