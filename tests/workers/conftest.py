"""What tests with a crew share."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture
def artifacts(tmp_path: Path, settings: Settings) -> Path:
    """Where the test and its workers keep files: all that they share beside database and broker."""
    settings.ARTIFACT_URL = f"file://{tmp_path}/artifacts"
    return tmp_path
