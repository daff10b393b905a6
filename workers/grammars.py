"""How contracts, recipes and the settings of other work are read, for the floors below that may only ask."""

from typing import Any

from registry import grammars
from registry.errors import Problem
from workers.ingestion.errors import ContractInvalid, SourceInvalid
from workers.pipelines.errors import EvaluationInvalid, RecipeInvalid


def install() -> None:
    """Register the checkers; called once at start."""
    grammars.register("contract", _contract)
    grammars.register("recipe", _recipe)
    grammars.register("source", _source)
    grammars.register("evaluation", _evaluation)
    grammars.register("explanation", _explanation)


def _contract(document: Any) -> list[Problem]:
    if not document:
        return []
    from workers.ingestion import contracts  # brings pyarrow, which a process needs only here

    try:
        contracts.validate(document)
    except ContractInvalid as error:
        return [Problem("/contract", error.detail, error.remedy)]
    return []


def _recipe(document: Any) -> list[Problem]:
    from workers.pipelines import recipes  # brings scikit-learn, which a web process needs only here

    try:
        recipes.validate(document)
    except RecipeInvalid as error:
        return [Problem("/recipe", error.detail, error.remedy)]
    return []


def _source(document: Any) -> list[Problem]:
    from workers.ingestion import sources  # its kinds bring fsspec and psycopg, each when it is asked for

    try:
        sources.check(document["kind"], document["settings"], document["secrets"])
    except SourceInvalid as error:
        return [Problem("/settings", error.detail, error.remedy)]
    return []


def _evaluation(document: Any) -> list[Problem]:
    from workers.pipelines.evaluation import settings  # brings jsonschema, which a process needs only here

    try:
        settings.validate(document)
    except EvaluationInvalid as error:
        return [Problem("/settings", error.detail, error.remedy)]
    return []


def _explanation(document: Any) -> list[Problem]:
    from workers.pipelines.explain.settings import validate  # as above

    try:
        validate(document["kind"], document["settings"])
    except EvaluationInvalid as error:
        return [Problem("/settings", error.detail, error.remedy)]
    return []
