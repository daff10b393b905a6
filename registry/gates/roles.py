"""The roles a policy may name, and which of them may sign; registry.roles holds the same for Django."""

ROLES = frozenset(
    {
        "engineer",
        "owner",
        "validator",
        "compliance_reviewer",
        "risk_officer",
        "operator",
        "dpo",
        "auditor",
        "policy_admin",
        "platform_admin",
        "caller",
    }
)

SIGNING_ROLES = frozenset({"validator", "compliance_reviewer", "risk_officer", "dpo"})
