"""The risk tier as it counts: the highest until somebody with the right has confirmed the stated one."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from audit.pages import columns, show
from registry.models import AISystem


def chip(system: AISystem, *, after: str = "") -> SafeString:
    """The tier in force as a labelled mark. after: words that follow it."""
    words = f"{AISystem.RiskTier(system.tier_in_force).label.lower()}{after}"
    return show.chip(system.tier_in_force, words if system.is_classified else f"{words}, until confirmed")


def column(path: str) -> columns.Column:
    """The tier of the system at a path of attributes; the empty path is the row itself."""
    ordering = f"{path.replace('.', '__')}__risk_tier" if path else "risk_tier"

    @admin.display(description="Risk tier", ordering=ordering)
    def shown(row: Any) -> SafeString:
        return chip(columns.at(row, path))

    return shown
