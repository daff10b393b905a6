"""No credential stands in a record: what looks like one is refused, by its name or by its form, and never repeated."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from registry.errors import Problem

REMEDY = 'Name it under secrets by reference: "env:NAME" or "file:NAME", which only workers can open.'
_NAMES = re.compile(
    r"passw(or)?d|passphrase|^pwd$|secret|token|credential|api_?key|access_?key|private_?key|account_?key|"
    r"authorization|cookie|signature|^sig$|bearer"
)
_FORMS = re.compile(
    r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|^(bearer|basic) \S{8,}|eyJ[\w-]{10,}\.[\w-]{10,}\."
    r"|(^|[\s;?&])(password|passwd|pwd)=[^\s;&]",
    re.IGNORECASE,
)
_REFERENCES = {
    "env": re.compile(r"[A-Z][A-Z0-9_]{0,199}"),
    "file": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}/[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"),
}
_UNFIT = re.compile(r"[^A-Z0-9]")


def variable_prefix(system: str) -> str:
    """How the environment variables that hold a system's secrets begin: SOURCE__CREDIT_SCORING__.

    Systems whose names differ only in a hyphen for a dot share theirs; their files are apart.
    """
    return f"SOURCE__{_UNFIT.sub('_', system.upper())}__"


def within(document: Any, pointer: str = "") -> Iterator[Problem]:
    """Every place of a document that holds, or is named as if it held, a credential."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            inner = f"{pointer}/{name}"
            if value not in ("", None) and _NAMES.search(_plain(str(name))):
                yield Problem(inner, f"{name} is named like a credential, which no record may hold.", REMEDY)
            else:
                yield from within(value, inner)
    elif isinstance(document, list):
        for place, value in enumerate(document):
            yield from within(value, f"{pointer}/{place}")
    elif isinstance(document, str) and _is_credential(document):
        yield Problem(pointer, "This holds a credential, which no record may.", REMEDY)


def references(secrets: Mapping[str, Any], *, system: str) -> Iterator[Problem]:
    """Every secret that is no reference, or one to a secret of another system."""
    prefix = variable_prefix(system)
    for name, value in secrets.items():
        scheme, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
        if scheme not in _REFERENCES or not _REFERENCES[scheme].fullmatch(rest):
            detail = "This is no reference to a secret."
        elif not rest.startswith(prefix if scheme == "env" else f"{system}/"):
            detail = "This secret is not one of the system's own."
        else:
            continue
        yield Problem(f"/secrets/{name}", detail, f'For this system write "env:{prefix}NAME" or "file:{system}/NAME".')


def _plain(name: str) -> str:
    """apiKey, Api-Key and API_KEY are one name."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).replace("-", "_").replace(".", "_").lower()


def _is_credential(text: str) -> bool:
    if _FORMS.search(text):
        return True
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    if "://" not in text:
        return False
    named = any(value and _NAMES.search(_plain(name)) for name, value in parse_qsl(parts.query))
    return named or "@" in parts.netloc
