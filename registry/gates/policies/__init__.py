"""Ready policies: one a risk tier (minimal, limited, high-risk), one for credit, one for hiring in New York City."""

import functools
from importlib import resources

from registry.gates import grammar
from registry.gates.policy import Policy


def names() -> tuple[str, ...]:
    """The names of the ready policies, sorted."""
    files = resources.files(__package__).iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def text(name: str) -> str:
    """The YAML of a ready policy, comments included; KeyError names the ones there are."""
    if name not in names():
        raise KeyError(f"There is no ready policy {name!r}; there are {', '.join(names())}.")
    return resources.files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


@functools.cache
def load(name: str) -> Policy:
    """A ready policy, parsed."""
    return grammar.parse(text(name))
