"""The commands on the way from a source to a decision: what is typed, what comes of it, with which code it ends."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from mlops_client.cli import program
from registry.models import AISystem, DataSource, Pipeline, PipelineRun, PromotionRequest, Slot
from registry.roles import Role
from tests import factories, houses
from tests.mlops_client.conftest import TypedBy
from tests.registry.services.pipelines import make

pytestmark = pytest.mark.django_db
Printed = pytest.CaptureFixture[str]


def written(path: Path, document: dict[str, Any]) -> str:
    path.write_text(json.dumps(document))
    return str(path)


def test_system_is_registered_and_shown(typing: TypedBy, capsys: Printed) -> None:
    types = typing(factories.person(Role.ENGINEER))
    words = ["systems", "register", "screening", "--purpose", "To screen.", "--tier", "limited"]
    assert types(*words) == program.DONE
    assert (AISystem.objects.get().name, AISystem.objects.get().risk_tier) == ("screening", "limited")
    assert types("systems", "show", "screening") == program.DONE
    assert "To screen." in capsys.readouterr().out


def test_version_of_a_dataset_is_shown(typing: TypedBy, capsys: Printed) -> None:
    version = factories.dataset_version()
    assert typing(factories.person(Role.ENGINEER))("datasets", "show", f"{version.dataset.name}@1") == program.DONE
    assert version.digest in capsys.readouterr().out


def test_source_is_registered_listed_and_retired(
    typing: TypedBy, capsys: Printed, tmp_path: Path, settings: Settings
) -> None:
    settings.SOURCE_ROOTS = [str(tmp_path)]
    types, dataset = typing(factories.person(Role.ENGINEER)), factories.dataset()
    where = written(tmp_path / "where.json", {"url": f"file://{tmp_path}/*.csv", "format": "csv"})
    words = ["sources", "register", dataset.name, "landing", "files", where, "--every", "3600"]
    assert types(*words) == program.DONE
    source = DataSource.objects.get()
    assert (source.name, source.interval_seconds, source.dataset_id) == ("landing", 3600, dataset.pk)
    assert types("sources", "list", "--where", f"dataset={dataset.name}", "--json") == program.DONE
    assert "landing" in capsys.readouterr().out
    assert types("sources", "run", str(source.pk), "--detach") == program.DONE
    assert types("sources", "retire", str(source.pk)) == program.DONE
    assert DataSource.objects.get().state == "retired"


def test_pipeline_is_defined_run_listed_and_paused(typing: TypedBy, capsys: Printed, tmp_path: Path) -> None:
    house = houses.build()
    document = make.document(house)
    types = typing(house.engineer)
    words = ["pipelines", "define", house.system.name, "monthly", written(tmp_path / "monthly.json", document)]
    assert types(*words) == program.DONE
    assert types("pipelines", "run", "monthly", "--detach") == program.DONE
    assert PipelineRun.objects.get().pipeline == Pipeline.objects.get()
    assert types("pipelines", "runs", "monthly@1", "--json") == program.DONE
    assert str(PipelineRun.objects.get().pk) in capsys.readouterr().out
    assert types("pipelines", "cancel", str(PipelineRun.objects.get().pk)) == program.DONE
    assert types("pipelines", "pause", "monthly", "--reason", "The source moves.") == program.DONE
    assert Pipeline.objects.get().state == "paused"
    assert types("pipelines", "show", "monthly@9") == program.UNUSABLE


def test_pipeline_by_somebody_who_only_reads_is_refused(typing: TypedBy, tmp_path: Path, capsys: Printed) -> None:
    house = houses.build()
    words = ["pipelines", "define", house.system.name, "monthly", written(tmp_path / "monthly.json", {"data": {}})]
    assert typing(factories.person(Role.AUDITOR))(*words) == program.REFUSED
    assert capsys.readouterr().out == ""


def test_draft_is_written_put_forward_shown_and_withdrawn(typing: TypedBy, capsys: Printed, tmp_path: Path) -> None:
    house = houses.build()
    version, types = houses.measured(house), typing(house.engineer)
    named = ["--slot", house.slot.key, "--policy", house.policy.name, "--reason", "It ranks better."]
    assert types("promote", f"{house.model.name}@{version.number}", *named, "--draft") == program.DONE
    request = PromotionRequest.objects.get()
    assert (request.state, types("promotions", "submit", str(request.pk))) == ("draft", program.DONE)
    assert types("promotions", "list", "--where", f"model_version={version.pk}") == program.DONE
    assert types("promotions", "record", str(request.pk)) == program.DONE
    assert "It ranks better." in capsys.readouterr().out
    assert types("promotions", "withdraw", str(request.pk), "--reason", "Too early.") == program.DONE
    assert PromotionRequest.objects.get().state == "withdrawn"


def test_pack_is_written_where_it_was_asked_for(typing: TypedBy, capsys: Printed, tmp_path: Path) -> None:
    house = houses.build()
    request = factories.promotion(houses.measured(house), to=house.slot, under=house.policy)
    factories.sequence()
    target = tmp_path / "pack.zip"
    assert typing(house.engineer)("promotions", "pack", str(request.pk), "--to", str(target)) == program.DONE
    assert (zipfile.is_zipfile(target), "audit.tlog.verify" in capsys.readouterr().out) == (True, True)
    factories.sequence()
    unwritable = str(tmp_path / "nowhere" / "pack.zip")
    assert typing(house.engineer)("promotions", "pack", str(request.pk), "--to", unwritable) == program.UNUSABLE


def test_slot_is_opened(typing: TypedBy, capsys: Printed) -> None:
    system = factories.system()
    assert typing(system.owner)("slots", "open", system.name, "production.champion") == program.DONE
    assert Slot.objects.get().key == f"{system.name}.production.champion"


def test_figures_of_a_version_nobody_evaluated_are_refused_with_the_command_that_does(
    typing: TypedBy, capsys: Printed
) -> None:
    version = factories.version()
    assert typing(version.model.system.owner)("figures", f"{version.model.name}@1") == program.UNUSABLE
    assert f'`mlops evaluate "{version.model.name} v1"` does it.' in capsys.readouterr().err
