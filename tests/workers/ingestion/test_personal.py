"""Personal data: what is found by name and by content, what is left in peace, and when it may enter."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sklearn import datasets

from workers.ingestion import canonical, files, personal, types
from workers.ingestion.canonical import Rows
from workers.ingestion.errors import PersonalDataUndeclared

CENSUS = Path(__file__).parents[3] / "mlops_server" / "demo" / "employment_ma.parquet"
PEOPLE = ["Anna Schmidt", "John F. Kennedy", "Maria Rossi", "Zed Quux", "Smith, Peter"] * 4
PERSONAL: dict[str, tuple[str, list[Any], set[str]]] = {
    "e-mail in text": ("remarks", ["ok", "write to ann@example.org today", "no", "ok"], {"email"}),
    "phone": ("contact", ["+49 30 901820", "(030) 901-820-11", "+1 617 555 0100"], {"phone"}),
    "iban": ("paid_from", ["DE89 3704 0044 0532 0130 00", "cash", "cash"], {"bank_account"}),
    "ssn": ("ref", ["219-09-9999", "078-05-1120"], {"government_id"}),
    "ip": ("seen_from", ["192.168.0.1", "10.0.0.7", "2001:0db8:0000:0000:0000:ff00:0042:8329"], {"ip_address"}),
    "people": ("who", PEOPLE, {"person_name"}),
    "people who come again and again": ("agent", ["Anna Schmidt", "Maria Rossi"] * 500, {"person_name"}),
    "codes": ("ref", [f"A{(number * 7919) % 100_003:06d}X" for number in range(60)], {"identifier"}),
    "birth date by name": ("dateOfBirth", ["1970-01-01", "1980-02-02"], {"birth_date"}),
    "name by name": ("Last Name", ["x", "y"], {"person_name"}),
    "customer by name": ("customer_id", [1, 2], {"person_id"}),
}
HARMLESS: dict[str, tuple[str, list[Any]]] = {
    "iban with wrong digits": ("code", ["DE89370400440532013001"] * 2),
    "dates as text": ("day", ["2015-01-01 x", "2016-02-02 y"]),
    "versions": ("version", ["1.2.3", "2.0.1"]),
    "row counter": ("id", list(range(100))),
    "row counter with a prefix": ("key", [f"row-{number:05d}" for number in range(100)]),
    "cities": ("city", ["New York", "Los Angeles", "San Francisco", "Berlin", "Austin"] * 4),
    "consent": ("has_email", [True, False]),
    "weight": ("birth_weight", [3.1, 2.9]),
    "serial numbers": ("order", ["12345", "12346"]),
}


def rows(tmp_path: Path, table: pa.Table) -> Rows:
    table = types.normalise(table)
    canonical.write(tmp_path / "rows.parquet", table.schema, iter(table.to_batches()))
    return Rows(tmp_path / "rows.parquet")


@pytest.mark.parametrize("case", PERSONAL)
def test_scan_personal_column_is_found_with_its_kind(case: str, tmp_path: Path) -> None:
    name, values, kinds = PERSONAL[case]
    (found,) = personal.scan(rows(tmp_path, pa.table({name: values, "n": range(len(values))}))).found
    assert (found["column"], set(found["kinds"])) == (name, kinds)
    assert all(one["value"].endswith("***") and len(one["value"]) <= 4 for one in found["examples"])


@pytest.mark.parametrize("case", HARMLESS)
def test_scan_harmless_column_is_left_in_peace(case: str, tmp_path: Path) -> None:
    name, values = HARMLESS[case]
    assert personal.scan(rows(tmp_path, pa.table({name: values}))).found == []


@pytest.mark.parametrize("group", [1, 7, 18])
def test_scan_one_address_in_any_row_group_is_found(group: int, tmp_path: Path) -> None:
    values = ["nothing"] * 20
    values[group] = "ann@example.org"
    table = pa.table({"remarks": values})
    with closing(canonical.Writer(tmp_path / "rows.parquet", table.schema, group_bytes=1, step_rows=1)) as writer:
        writer.write(table.to_batches()[0])
    scan = personal.scan(Rows(tmp_path / "rows.parquet"))
    assert (scan.rows, scan.found) == (
        20,
        [{"column": "remarks", "kinds": {"email": 0.05}, "examples": [{"value": "a***"}]}],
    )


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "digits", "linnerud"])
def test_scan_of_a_set_that_ships_with_scikit_learn_finds_nothing(name: str, tmp_path: Path) -> None:
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    assert personal.scan(rows(tmp_path, pa.Table.from_pandas(frame, preserve_index=False))).found == []


def test_scan_of_the_census_finds_nothing(tmp_path: Path) -> None:
    assert personal.scan(rows(tmp_path, files.read(CENSUS))).found == []


def test_refusal_names_every_column_and_the_remedy() -> None:
    found = [{"column": "mail", "kinds": {"email": 1.0}}, {"column": "who", "kinds": {"person_name": 0.9}}]
    with pytest.raises(PersonalDataUndeclared) as refused:
        personal.refuse_undeclared(found, purpose="", declared=["mail"])
    assert "'mail' (email); 'who' (person_name)" in refused.value.detail
    assert "personal_columns" in refused.value.remedy


def test_declared_columns_with_a_purpose_enter() -> None:
    found = [{"column": "mail", "kinds": {"email": 1.0}}]
    personal.refuse_undeclared(found, purpose="To answer complaints.", declared=["mail"])
    with pytest.raises(PersonalDataUndeclared, match="does not declare them: 'mail'"):
        personal.refuse_undeclared(found, purpose="To answer complaints.", declared=["other"])
