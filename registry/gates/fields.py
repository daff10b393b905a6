"""The fields that a policy's conditions may read: what every request carries in its context."""

REGIMES = ("eu_ai_act", "nist_ai_rmf", "iso42001", "sr_26_2", "21cfr11", "gdpr", "nyc_ll144")
FIELDS = frozenset(
    {
        "system.name",
        "system.risk_tier",
        "system.materiality",
        "system.position",
        "system.personal_data",
        *(f"system.regimes.{name}" for name in REGIMES),
        "model.risk_tier",
        "model.name",
        "request.target_slot",
        "request.has_champion",
        "request.change_class",
        "dataset.has_sensitive_columns",
    }
)
