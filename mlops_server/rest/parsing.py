"""How a body is read: JSON, of a size that fits into memory, nested no deeper than any of ours."""

import json
import re
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class JSONParser(parsers.JSONParser):
    """Refuses what the library's own would read without end: a body past DATA_UPLOAD_MAX_MEMORY_SIZE, deep nesting."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = parser_context["request"].body if parser_context else stream.read()
        if b"\\u0000" in body:
            # PostgreSQL holds no NUL in text or jsonb, and nobody means one.
            raise ParseError("The JSON holds a NUL character (\\u0000); leave it out.")
        try:
            value = super().parse(BytesIO(body), media_type, parser_context)
            if _SURROGATE.search(body):
                json.dumps(value, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("The JSON is nested too deep.") from error
        except UnicodeEncodeError as error:
            # Half a pair is no character: neither PostgreSQL nor the log can hold it.
            raise ParseError("The JSON holds half of a surrogate pair (\\ud800 to \\udfff); send both.") from error
        return value
