"""MLCommons' mlcroissant judges the description of a dataset version, and reads the rows by it."""

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from registry import artifacts
from registry.models import DatasetVersion
from registry.services.documents import croissant
from tests import factories
from tests.registry.judges import programs

pytestmark = pytest.mark.django_db
# It ends by os._exit: a thread of its libraries sometimes aborts the interpreter on its way out, its work done.
JUDGE = """
import json
import os
import sys
import traceback
import mlcroissant

def judge():
    dataset = mlcroissant.Dataset(jsonld="croissant.json")
    problems = dataset.metadata.ctx.issues
    rows = [{name.partition("/")[2]: int(value) for name, value in row.items()} for row in dataset.records("rows")]
    metadata = dataset.metadata
    print(json.dumps({
        "errors": sorted(problems.errors), "warnings": sorted(problems.warnings), "rows": rows,
        "sensitive": metadata.personal_sensitive_information, "conforms_to": metadata.conforms_to,
    }, default=str))

code = 1
try:
    judge()
    code = 0
except BaseException:
    traceback.print_exc()
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
"""


def laid_out(version: DatasetVersion, folder: Path) -> Path:
    """The description with its file beside it."""
    (folder / "croissant.json").write_text(json.dumps(croissant.document(version)))
    (folder / croissant.FILE).write_bytes(artifacts.read(version.digest))
    return folder


def test_description_loads_without_a_complaint_and_gives_the_rows(tmp_path: Path) -> None:
    version = factories.dataset_version()
    folder = laid_out(version, tmp_path)
    answer = programs.run("-c", JUDGE, folder=folder)
    assert answer.returncode == 0, answer.stderr
    rows = pyarrow.parquet.read_table(folder / croissant.FILE).to_pylist()
    assert json.loads(answer.stdout) == {
        "errors": [],
        "warnings": [],
        "rows": rows,
        "sensitive": ["SEX"],
        "conforms_to": croissant.CONFORMS_TO,
    }


def test_rows_that_are_not_the_described_ones_are_refused(tmp_path: Path) -> None:
    folder = laid_out(factories.dataset_version(), tmp_path)
    (folder / croissant.FILE).write_bytes(factories.parquet(41))
    answer = programs.run("-c", JUDGE, folder=folder)
    assert (answer.returncode, "Hash of downloaded file" in answer.stderr) == (1, True)


def test_description_whose_field_names_no_file_is_refused(tmp_path: Path) -> None:
    folder = laid_out(factories.dataset_version(), tmp_path)
    document = json.loads((folder / "croissant.json").read_text())
    document["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "other.parquet"
    (folder / "croissant.json").write_text(json.dumps(document))
    answer = programs.run("-c", JUDGE, folder=folder)
    assert (answer.returncode, "other.parquet" in answer.stderr) == (1, True)
