"""Look for personal data in columns' names and contents, so that none enters without a purpose.

Heuristics, and said to be so: what they find is refused or declared; what they miss is for the deliverer to declare.
Every row is read: what stands in the last one is as personal as what stands in the first.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion.canonical import Rows
from workers.ingestion.errors import PersonalDataUndeclared
from workers.ingestion.given_names import GIVEN_NAMES
from workers.ingestion.types import kind

BATCH_ROWS = 16_384
NAMES_ASKED_PER_BATCH = 2_000
EXAMPLES = 3
FEWEST_FOR_KEYS = 50
#: A column's name in snake case that says what stands in it; by itself enough.
NAMES = {
    "email": r"(.+_)?e_?mail(_address)?",
    "phone": r"(.+_)?(phone|telephone|fax)(_?(number|no))?|(mobile|cell)_?(number|no|phone)",
    "person_name": r"(first|last|full|sur|given|family|middle|maiden|patient|customer|person|employee|fore)_?names?",
    "birth_date": r"(.+_)?(dob|birth_?date|date_?of_?birth|birth_?day)",
    "address": r"(home_?|street_?|postal_?|mailing_?)address|street",
    "government_id": r"(.+_)?(ssn|(social_security|passport|driving_licen[cs]e)(_number|_no)?|national_id|tax_id)",
    "bank_account": r"(.+_)?iban|credit_?card(_number|_no)?|card_number",
    "ip_address": r"(.+_)?ip(v4|v6)?(_address|_addr)?",
    "person_id": r"(patient|customer|client|user|person|employee|member|subject|student)_?(id|no|number|key|uuid)",
}
MAIL = r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}"
IBAN = r"^[A-Z]{2}[0-9]{2}( ?[A-Z0-9]){11,30}$"
SSN = r"(^|[^0-9\-])[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}($|[^0-9\-])"
PHONE = r"^(\+[0-9][0-9 ().\-/]{6,18}|\(?0?[0-9]{2,5}\)?[ .\-/][0-9]{2,4}[ .\-/][0-9 .\-/]{3,10})$"
DATE = r"^[0-9]{1,4}[.\-/][0-9]{1,2}[.\-/][0-9]{1,4}"
OCTET = r"(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
IP = rf"^({OCTET}\.){{3}}{OCTET}$|^([0-9a-fA-F]{{1,4}}:){{7}}[0-9a-fA-F]{{1,4}}$"
PERSON = r"^\p{Lu}[\p{L}'’\-]+(,? \p{Lu}[\p{L}'’.\-]*){0,3}$"
KEY = r"^[A-Za-z0-9_\-]{6,64}$"
#: What every content below has in it, so that most text is read once and not by each of them.
SUSPECT = r"@|[0-9]-[0-9]{2}-[0-9]|^[+(0-9]|^[0-9a-fA-F]{1,4}:|^\p{Lu}"
COUNTED = re.compile(r"^(\D*)(\d+)$")


@dataclass(frozen=True)
class Scan:
    """Which columns seem to hold personal data, and how many rows were read to tell."""

    found: list[dict[str, Any]]
    rows: int


def scan(rows: Rows) -> Scan:
    """One entry a column that looks personal: its kinds, the share of values that say so, and masked examples."""
    columns = {name: _Column(name, kind(rows.schema.field(name).type)) for name in rows.schema.names}
    read = [name for name, column in columns.items() if column.kind == "string"]
    scanned = 0
    for batch in rows.batches(read, rows=BATCH_ROWS) if read else ():
        for name in read:
            columns[name].see(batch.column(name))
        scanned += batch.num_rows
    found = [column.finding() for column in columns.values()]
    return Scan([one for one in found if one["kinds"]], scanned)


def refuse_undeclared(found: list[dict[str, Any]], *, purpose: str, declared: Collection[str]) -> None:
    """Raises PersonalDataUndeclared, naming each column, unless a purpose is given and every column is declared."""
    wanting = found if not purpose.strip() else [one for one in found if one["column"] not in declared]
    if not wanting:
        return
    named = "; ".join(f"{one['column']!r} ({', '.join(sorted(one['kinds']))})" for one in wanting)
    raise PersonalDataUndeclared(
        f"Columns look like personal data, and the dataset {_lacks(purpose)}: {named}.",
        "Leave these columns out, or register the dataset with a purpose and name them in personal_columns.",
    )


def _lacks(purpose: str) -> str:
    return "does not declare them" if purpose.strip() else "gives no purpose for it"


class _Column:
    """What the values seen so far say about one column."""

    def __init__(self, name: str, kind_: str) -> None:
        self.name, self.kind = name, kind_
        self._present = 0
        self._hits: dict[str, int] = {}
        self._asked = self._given = 0
        self._examples: dict[str, list[dict[str, Any]]] = {}
        self._keys: _Keys | None = _Keys() if kind_ == "string" and name != "path" else None

    def see(self, values: pa.Array) -> None:
        self._present += len(values) - values.null_count
        suspect = values.filter(pc.match_substring_regex(values, SUSPECT))
        for found, test in CONTENTS.items():
            mask = test(suspect)
            hits = pc.sum(mask).as_py() or 0
            if hits:
                self._hits[found] = self._hits.get(found, 0) + hits
                self._keep(found, suspect, mask)
                if found == "person_name":
                    self._ask(suspect.filter(mask))
        if self._keys:
            self._keys.see(values)

    def finding(self) -> dict[str, Any]:
        """kinds: what it seems to hold, with the share of the values that say so (none where only the name does)."""
        shares = {found: hits / self._present for found, hits in self._hits.items()}
        kinds: dict[str, float | None] = {}
        if self.kind not in ("boolean", "empty", "image"):
            kinds = {found: None for found, name in NAMES.items() if re.fullmatch(name, _snake(self.name))}
        kinds |= {found: round(share, 4) for found, share in shares.items() if share >= SHARES[found] and share > 0}
        if "person_name" in self._hits and not self._named_after_people(shares["person_name"]):
            kinds = {found: share for found, share in kinds.items() if found != "person_name" or share is None}
        if self._keys and self._keys.identify() and not kinds:
            kinds["identifier"] = 1.0
        examples = [one for found in kinds for one in self._examples.get(found, [])]
        return {"column": self.name, "kinds": kinds, "examples": examples[:EXAMPLES]}

    def _named_after_people(self, share: float) -> bool:
        return share >= SHARES["person_name"] and self._given >= GIVEN_SHARE * self._asked

    def _ask(self, names: pa.Array) -> None:
        """How many of the rows with a name hold a common one, by the first so many different names of the batch."""
        for one in pc.value_counts(names).slice(0, NAMES_ASKED_PER_BATCH).to_pylist():
            self._asked += one["counts"]
            self._given += one["counts"] if _given(one["values"]) else 0

    def _keep(self, found: str, values: pa.Array, mask: pa.Array) -> None:
        kept = self._examples.setdefault(found, [])
        if len(kept) < EXAMPLES:
            kept += [{"value": value[:1] + "***"} for value in values.filter(mask).slice(0, EXAMPLES).to_pylist()]


class _Keys:
    """Whether the first batch holds a code of its own in every row, as numbers of customers and patients are."""

    def __init__(self) -> None:
        self._values: list[str] | None = None

    def see(self, values: pa.Array) -> None:
        if self._values is None:
            self._values = values.to_pylist() if values.null_count == 0 else []

    def identify(self) -> bool:
        values = self._values or []
        if len(values) < FEWEST_FOR_KEYS or len(set(values)) < len(values):
            return False
        coded = all(re.fullmatch(KEY, value) and re.search(r"\d", value) for value in values)
        return coded and not _counts_rows(values)


def _counts_rows(values: list[str]) -> bool:
    """A counter with a prefix tells rows apart, not persons."""
    matches = [COUNTED.fullmatch(value) for value in values]
    if not all(matches) or len({match[1] for match in matches if match}) > 1:
        return False
    numbers = [int(match[2]) for match in matches if match]
    return max(numbers) - min(numbers) + 1 == len(numbers)


def _given(value: str) -> bool:
    """Whether a common given name is among the words; the list is short, so a share of the values is enough."""
    words = re.split(r"[ ,.]+", value[:100])
    return any(word.casefold() in GIVEN_NAMES for word in words)


def _iban(values: pa.Array) -> pa.Array:
    shaped = pc.match_substring_regex(values, IBAN)
    if not pc.any(shaped).as_py():
        return shaped
    checked = [
        bool(held) and _check_digits(value) for value, held in zip(values.to_pylist(), shaped.to_pylist(), strict=True)
    ]
    return pa.array(checked)


def _check_digits(value: str) -> bool:
    """ISO 13616: the number that the rearranged letters and digits make leaves 1 when divided by 97."""
    plain = value.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _phone(values: pa.Array) -> Any:
    return pc.and_(pc.match_substring_regex(values, PHONE), pc.invert(pc.match_substring_regex(values, DATE)))


def _matching(pattern: str) -> Callable[[pa.Array], Any]:
    return lambda values: pc.match_substring_regex(values, pattern)


CONTENTS: dict[str, Callable[[pa.Array], Any]] = {
    "email": _matching(MAIL),
    "bank_account": _iban,
    "government_id": _matching(SSN),
    "phone": _phone,
    "ip_address": _matching(IP),
    "person_name": _matching(PERSON),
}
#: From which share of the values on a kind is believed; one e-mail address or account number in a text is one too many.
SHARES = {
    "email": 0.0,
    "bank_account": 0.0,
    "government_id": 0.01,
    "phone": 0.5,
    "ip_address": 0.5,
    "person_name": 0.8,
}
GIVEN_SHARE = 0.25


def _snake(name: str) -> str:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", parted.casefold()).strip("_")
