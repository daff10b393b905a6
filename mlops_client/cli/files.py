"""Files that a command reads: recipes in JSON or YAML, rows to predict."""

import csv
import json
from pathlib import Path
from typing import Any

from mlops_client.errors import Unusable


def document(path: str) -> dict[str, Any]:
    """The JSON or YAML object in a file. Raises Unusable."""
    found = _yaml(path) if path.endswith((".yaml", ".yml")) else _json(path)
    if not isinstance(found, dict):
        raise Unusable(f"{path} holds no object of names and values.")
    return found


def rows(path: str) -> list[dict[str, Any]]:
    """Rows of a JSON, JSON Lines or CSV file; a CSV's numbers become numbers, its empty cells null. Raises Unusable."""
    if path.endswith(".csv"):
        with _opened(path, newline="") as file:
            return [{name: _cell(cell) for name, cell in row.items()} for row in csv.DictReader(file)]
    found = [_parsed(path, line) for line in _text(path).splitlines() if line] if _is_lines(path) else _json(path)
    found = found if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in found):
        raise Unusable(f"{path} holds no rows.", remedy="Each row is an object of column names and values.")
    return found


def _is_lines(path: str) -> bool:
    return path.endswith((".jsonl", ".ndjson"))


def _json(path: str) -> Any:
    return _parsed(path, _text(path))


def _parsed(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Unusable(f"{path} is no JSON: {error}.") from error


def _yaml(path: str) -> Any:
    try:
        import yaml  # the client does without it; a recipe may as well be JSON
    except ImportError as error:
        raise Unusable("YAML cannot be read here.", remedy="Install pyyaml, or write the recipe as JSON.") from error
    try:
        return yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise Unusable(f"{path} is no YAML: {error}") from error


def _text(path: str) -> str:
    with _opened(path) as file:
        text: str = file.read()
        return text


def _opened(path: str, *, newline: str | None = None) -> Any:
    try:
        return Path(path).open(encoding="utf-8", newline=newline)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from error


def _cell(cell: str) -> Any:
    if not cell:
        return None
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
