"""The search of a list: each relation is searched in its own table first, so that it stays quick at any size."""

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.utils.text import smart_split, unescape_string_literal

#: What a digest looks like from its beginning; fewer characters are a word like any other.
BEGINNING = re.compile(r"[0-9a-f]{6,128}")
DIGEST_LENGTH = 64


def matching(rows: QuerySet[Any], fields: Iterable[str], term: str) -> QuerySet[Any]:
    """The rows that hold each word of the term, in whatever case, in one of the fields.

    fields: lookups as in `search_fields`; "=" demands the whole value. Digests are found by how they begin.
    """
    for word in smart_split(term):
        bare = unescape_string_literal(word) if word.startswith(('"', "'")) and word[0] == word[-1] else word
        found = [condition for path in fields if (condition := _condition(rows.model, path, bare))]
        rows = rows.filter(Q(*found, _connector=Q.OR)) if found else rows.none()
    return rows


def _condition(model: type[Model], path: str, word: str) -> Q | None:
    """Where the field that the path names holds the word; None where it cannot."""
    exact, path = path.startswith("="), path.removeprefix("=")
    relation, _, rest = path.partition("__")
    field = model._meta.get_field(relation)
    if rest:
        below = _condition(field.related_model, f"={rest}" if exact else rest, word)  # type: ignore[arg-type]
        others = field.related_model._default_manager.filter(below) if below else None  # type: ignore[union-attr]
        return None if others is None else Q(**{f"{relation}__in": others.values("pk")})
    return _held(field, word, exact=exact)  # type: ignore[arg-type]


def _held(field: "Field[Any, Any]", word: str, *, exact: bool) -> Q | None:
    if exact:
        try:
            return Q(**{field.name: field.to_python(word)})
        except ValidationError:
            return None
    if field.max_length == DIGEST_LENGTH and not field.choices:
        digest = word.lower()
        return Q(**{f"{field.name}__startswith": digest}) if BEGINNING.fullmatch(digest) else None
    return Q(**{f"{field.name}__icontains": word})
