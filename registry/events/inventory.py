"""Systems, model families and slots."""

from audit.events import Event


class SystemRegistered(Event, name="system.registered"):
    """An AI system entered the inventory."""

    name: str
    risk_tier: str
    materiality: str
    regimes: list[str]


class SystemUpdated(Event, name="system.updated"):
    """Purpose, tier, legal basis or owner of a system changed."""

    changed: list[str]
    revision: int


class SystemClassified(Event, name="system.classified"):
    """A risk officer said anew what is at stake with a system and which regimes it is held to."""

    risk_tier: str
    position: str
    exposure: str
    reliance: str
    materiality: str
    personal_data: bool
    regimes: list[str]


class ModelRegistered(Event, name="model.registered"):
    """A family of model versions was opened."""

    name: str
    system: str


class SlotCreated(Event, name="slot.created"):
    """A place to serve from was opened."""

    key: str
