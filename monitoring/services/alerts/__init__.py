"""Alerts: raised once, told and acted on by rules, answered by a person."""

from monitoring.services.alerts.actions import respond, respond_due
from monitoring.services.alerts.answering import acknowledge, reopen_due, resolve, suppress
from monitoring.services.alerts.by_hand import open_incident, retrain
from monitoring.services.alerts.escalating import escalate_due
from monitoring.services.alerts.raising import calm, raise_for

__all__ = [
    "acknowledge",
    "calm",
    "escalate_due",
    "open_incident",
    "raise_for",
    "reopen_due",
    "resolve",
    "respond",
    "respond_due",
    "retrain",
    "suppress",
]
