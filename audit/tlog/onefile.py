"""The verifier as one file: ``python -m audit.tlog.onefile > verify.py``.

The file holds the source of `audit.tlog.verify` and of every module it needs, word for word, and needs nothing but
Python 3.11. The same sources give the same bytes, so a digest in the log says which verifier was published.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

ENTRANCE = "audit.tlog.verify"
_PACKAGE = "audit.tlog"
_FOLDER = Path(__file__).parent
_QUOTES = "'''"
# A worker process that multiprocessing starts runs the file again under another name, and so finds the modules too.
_HEAD = '''\
"""Verify an evidence pack or a transparency log: one file, nothing to install, no network.

    python verify.py PACK.zip --key LOG.vkey          (python -I keeps everything else on the machine out of it)
    python verify.py LOG-DIRECTORY --key LOG.vkey
    python verify.py --help

Below stand the modules of audit/tlog that verification needs, word for word as in the server's source code, each after
those it imports; the last lines run the last of them. Signatures are checked by the package "cryptography" where it is
installed and by the module audit.tlog.ed25519 where it is not, with the same answers.
Made by `python -m audit.tlog.onefile`; the same sources give the same file.
"""

import importlib.abc
import importlib.util
import sys

if sys.version_info < (3, 11):
    sys.exit("This verifier needs Python 3.11 or newer.")

SOURCES = {"audit": "", "audit.tlog": ""}
'''
_TAIL = '''

class Importer(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the modules above before anything of the same name that is installed."""

    def find_spec(self, name, path=None, target=None):
        if name in SOURCES:
            return importlib.util.spec_from_loader(name, self, is_package=name in ("audit", "audit.tlog"))
        return None

    def get_source(self, name):
        return SOURCES[name]

    def exec_module(self, module):
        code = compile(SOURCES[module.__name__], f"<{module.__name__} in verify.py>", "exec", dont_inherit=True)
        exec(code, module.__dict__)


sys.meta_path.insert(0, Importer())

if __name__ == "__main__":
    from audit.tlog.verify import main

    sys.exit(main())
'''


def build() -> bytes:
    """The file's bytes."""
    parts = [_HEAD]
    for name in modules():
        line = "#" * 100
        parts.append(f"\n{line}\n# {name}\n{line}\nSOURCES[{name!r}] = r{_QUOTES}{_source(name)}{_QUOTES}\n")
    return "".join([*parts, _TAIL]).encode()


def digest() -> bytes:
    """SHA-256 of the file, for the event that says it was published."""
    return hashlib.sha256(build()).digest()


def modules() -> list[str]:
    """The names of the modules that verification needs, each after those it imports."""
    found: dict[str, None] = {}
    _collect(ENTRANCE, found, ())
    return list(found)


def _collect(name: str, found: dict[str, None], importers: tuple[str, ...]) -> None:
    if name in found or name in importers:
        return
    for needed in _imports(name):
        _collect(needed, found, (*importers, name))
    found[name] = None


def _imports(name: str) -> Iterator[str]:
    """Our own modules that a module imports, in its order."""
    for node in ast.walk(ast.parse(_source(name))):
        if isinstance(node, ast.ImportFrom) and node.module == _PACKAGE:
            yield from (f"{_PACKAGE}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("audit"):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("audit"))


def _source(name: str) -> str:
    package, _, stem = name.rpartition(".")
    if package != _PACKAGE:
        raise ValueError(f"The verifier needs {name}, but it may need nothing of ours outside {_PACKAGE}.")
    text = (_FOLDER / f"{stem}.py").read_text(encoding="utf-8")
    if _QUOTES in text:
        raise ValueError(f"{name} holds {_QUOTES}, between which it would have to stand in the file.")
    return text


if __name__ == "__main__":
    sys.stdout.buffer.write(build())
