"""Which clauses are held for not applicable, and by whom."""

from audit.events import Event


class ClauseExempted(Event, name="clause_exemption.signed"):
    """A person signed that a clause does not apply to a system."""

    system: str
    clause: str
    record: str
    signature: str


class ExemptionWithdrawn(Event, name="clause_exemption.withdrawn"):
    """The clause is asked for again."""

    system: str
    clause: str
