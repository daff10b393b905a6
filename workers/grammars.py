"""How contracts and recipes are read, for the floors below that may only ask."""

from typing import Any

from registry import grammars
from registry.errors import Problem
from workers.ingestion.errors import ContractInvalid
from workers.pipelines.errors import RecipeInvalid


def install() -> None:
    """Register both checkers; called once at start."""
    grammars.register("contract", _contract)
    grammars.register("recipe", _recipe)


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
