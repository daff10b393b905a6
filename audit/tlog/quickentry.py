"""Recognises most valid entries without parsing them; who verifies millions asks here first.

One pattern says what `entry.parse` says, for entries of printable ASCII without escapes whose data holds no further
objects. Quotes then do nothing but delimit, so a match is the only reading there is. What is not recognised is not
wrong: it has to be parsed.
"""

import re
from datetime import datetime
from itertools import pairwise

from audit.tlog import entry

_TEXT = r"[ !#-\[\]-~]"  # printable ASCII but the quote and the backslash
_DIGEST = r'"[0-9a-f]{64}"'
_DIGESTS = rf'\{{(?:"{_TEXT}+":{_DIGEST}(?:,"{_TEXT}+":{_DIGEST})*+)?\}}'
_SCALAR = rf'(?:"{_TEXT}*+"|0|-?[1-9][0-9]{{0,14}}+|null|true|false)'
_VALUE = rf"(?:{_SCALAR}|\[(?:{_SCALAR}(?:,{_SCALAR})*+)?\])"
_OBJECT = rf'\{{(?:"{_TEXT}++":{_VALUE}(?:,"{_TEXT}++":{_VALUE})*+)?\}}'
_ENTRY = re.compile(
    rf'\{{"actor":"{_TEXT}+",'
    r'"at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{6})Z",'
    rf'(?:"changes":{_DIGEST},)?'
    rf'"data":({_OBJECT}),'
    r'"event":"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+",'
    r'"id":"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",'
    rf'"request":(?:null|"{_TEXT}*"),'
    rf'"row":(?:null|{_DIGEST}),'
    rf'(?:"rows":({_DIGESTS}),)?'
    rf'"sealed":({_DIGESTS}),'
    rf'"subject":\{{"id":"{_TEXT}+","type":"{_TEXT}+"\}},'
    r'"v":1\}'
)
# With the value after it: what stands between two quotes is a key only where a member begins.
_KEYS = re.compile(rf'"({_TEXT}+)":{_VALUE}')


def is_valid(raw: bytes) -> bool:
    """Whether the bytes are a valid entry of the usual kind. If not, `entry.parse` knows more."""
    if len(raw) > entry.MAX_BYTES or not raw.isascii():
        return False
    found = _ENTRY.fullmatch(raw.decode("ascii"))
    if found is None:
        return False
    try:
        datetime.fromisoformat(found[1])
    except ValueError:
        return False
    return all(earlier < later for part in found.groups("")[1:] for earlier, later in pairwise(_KEYS.findall(part)))
