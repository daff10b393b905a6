"""Pages by cursor: newest first, stable while rows are added, as cheap at the end as at the start."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class CursorPage(CursorPagination):
    """Fifty rows, or as many as ``?page_size`` asks for up to 500.

    Order is by ``-id``, which is the order of creation; a view whose rows have another says so in `page_ordering`: the
    columns, the first of which is never null.
    """

    ordering = "-id"
    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    page_size_query_description = "How many rows a page holds, 50 by default and at most 500."
    cursor_query_description = "Where the page starts: follow `next` and `previous` rather than make one."

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        asked: str | tuple[str, ...] = getattr(view, "page_ordering", self.ordering)
        ordering = (asked,) if isinstance(asked, str) else asked
        first = ordering[0].removeprefix("-")
        computed = queryset.query.annotations.get(first)
        self.ordered_by = computed.output_field if computed else queryset.model._meta.get_field(first)
        return ordering

    def decode_cursor(self, request: Request) -> Cursor | None:
        """As the library does, and refuse a made-up cursor before the database has to."""
        cursor: Cursor | None = super().decode_cursor(request)
        try:
            self.ordered_by.to_python(cursor and cursor.position)
        except ValidationError as error:
            raise NotFound(self.invalid_cursor_message) from error
        return cursor
