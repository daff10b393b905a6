"""What a run says about its machine and its code."""

import json
from importlib import metadata
from pathlib import Path

import pytest

from workers.pipelines import environment


def test_describe_is_json_and_names_the_installed_versions() -> None:
    described = json.loads(json.dumps(environment.describe()))
    assert described["packages"]["scikit-learn"] == metadata.version("scikit-learn")
    assert described["code_digest"] == environment.code_digest()
    assert len(described["requirements_digest"]) == 64


def test_code_digest_changes_with_a_character(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.py").write_text("x = 1\n")
    monkeypatch.setattr(environment, "PIPELINES", tmp_path)
    before = environment.code_digest()
    (tmp_path / "train.py").write_text("x = 2\n")
    assert environment.code_digest() != before
