"""Every detector stands in docs/detectors.md by its name, with its library's licence."""

from pathlib import Path

from monitoring.detectors import DETECTORS

PAGE = (Path(__file__).parents[2] / "docs" / "detectors.md").read_text()


def test_every_detector_stands_in_the_page() -> None:
    assert [name for name in DETECTORS if f"`{name}`" not in PAGE] == []


def test_every_licence_stands_in_the_page() -> None:
    assert [one.licence.name for one in DETECTORS.values() if one.licence.name not in PAGE] == []
