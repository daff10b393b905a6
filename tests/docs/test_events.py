"""docs/events.md lists every event with its payload; `python -m tests.docs.test_events` writes it anew."""

from dataclasses import fields
from pathlib import Path

from audit.events import Event

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
HEAD = """# Every event

Written from the code. The payload is what stands in an entry's `data`; what people wrote is sealed beside it.

| event | what happened | payload |
|---|---|---|
"""


def rendered() -> str:
    """The page as the code would have it."""
    rows = [
        f"| `{name}` | {(event.__doc__ or '').strip()} | {', '.join(f'`{field.name}`' for field in fields(event))} |"  # type: ignore[arg-type]
        for name, event in Event.catalogue.items()
        if not event.__module__.startswith("tests")
    ]
    return HEAD + "\n".join(rows) + "\n"


def test_events_page_lists_every_event() -> None:
    assert PAGE.read_text() == rendered()


def test_every_event_says_what_happened() -> None:
    assert [name for name, event in Event.catalogue.items() if not (event.__doc__ or "").endswith(".")] == []


if __name__ == "__main__":
    import django

    django.setup()
    PAGE.write_text(rendered())
