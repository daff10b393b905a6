"""Documents of real records, held against files as JSON, as HTML and as Markdown."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from registry.models import ModelVersion
from registry.services.documents import cards, datasheets, decision_records, model_cards, pages
from tests import factories, houses, recorded
from tests.factories import acting
from tests.registry.services.documents import goldens

pytestmark = pytest.mark.django_db
WHITE = "#fff"


def described() -> ModelVersion:
    """A version that serves, with one text on its card and one on its data's sheet."""
    house = houses.build()
    version = houses.champion(house).champion
    assert version is not None
    by = house.engineer
    for subject, section in ((version, "intended_use"), (version.dataset_version, "motivation")):
        cards.write(
            subject,
            section=section,
            text="For <people> & those who\n\n# decide.",
            reason="First text.",
            credentials=factories.credentials(by),
            actor=acting(by),
        )
    return ModelVersion.objects.get(pk=version.pk)


def made(kind: str, version: ModelVersion) -> dict[str, Any]:
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "model_card": lambda: model_cards.document(version),
        "datasheet": lambda: datasheets.document(version.dataset_version),
        "decision_record": lambda: decision_records.document(version.promotions.get()),
    }
    return goldens.steady(makers[kind]())


@pytest.mark.parametrize("kind", ["model_card", "datasheet", "decision_record"])
def test_document_of_records_is_the_one_in_the_files(kind: str) -> None:
    document = made(kind, described())
    actual = {
        f"{kind}.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n",
        f"{kind}.html": pages.html(document),
        f"{kind}.md": pages.text(document),
    }
    assert actual == {name: goldens.expected(name, text) for name, text in actual.items()}


@pytest.mark.parametrize("kind", ["model_card", "datasheet", "decision_record"])
def test_page_is_fit_for_readers_that_do_not_see_it(kind: str) -> None:
    page = Outline()
    page.feed(pages.html(made(kind, described())))
    assert (page.language, page.titles, page.scripts) == ("en", 1, [])
    assert (page.headers_without_scope, page.tables_without_caption) == (0, 0)
    assert len(page.ids) == len(set(page.ids))


def test_every_text_colour_has_the_contrast_that_wcag_asks_for() -> None:
    page = pages.html(made("model_card", factories.version()))
    colours = set(re.findall(r"[^-]color: (#[0-9a-f]{6})", page))
    assert len(colours) == 4
    assert [colour for colour in colours if contrast(colour, WHITE) < 4.5] == []


def test_what_people_wrote_is_text_in_the_page() -> None:
    version = recorded.fresh(factories.version())
    version.model.system.purpose = "<script>alert(1)</script>"
    page = pages.html(model_cards.document(version))
    assert ("&lt;script&gt;alert(1)&lt;/script&gt;" in page, "<script" in page) == (True, False)


class Outline(HTMLParser):
    """What a screen reader finds a page by."""

    def __init__(self) -> None:
        super().__init__()
        self.language, self.titles = "", 0
        self.scripts: list[str] = []
        self.ids: list[str] = []
        self.headers_without_scope = self.tables_without_caption = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.scripts += [tag] if tag == "script" or any(name.startswith("on") for name in given) else []
        self.headers_without_scope += tag == "th" and "scope" not in given
        self.tables_without_caption += {"table": 1, "caption": -1}.get(tag, 0)
        self.titles += tag == "h1"
        self.language = str(given.get("lang")) if tag == "html" else self.language


def contrast(first: str, second: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(2 * one for one in digits) if len(digits) == 3 else digits
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
