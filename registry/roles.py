"""The roles, and which action needs which of them: the whole matrix, as data."""

from django.db import models


class Role(models.TextChoices):
    ENGINEER = "engineer", "ML engineer"
    OWNER = "owner", "Model owner"
    VALIDATOR = "validator", "Validator"
    COMPLIANCE_REVIEWER = "compliance_reviewer", "Compliance reviewer"
    RISK_OFFICER = "risk_officer", "Risk officer"
    OPERATOR = "operator", "Operator"
    DPO = "dpo", "Data protection officer"
    AUDITOR = "auditor", "Auditor"
    POLICY_ADMIN = "policy_admin", "Policy admin"
    PLATFORM_ADMIN = "platform_admin", "Platform admin"
    CALLER = "caller", "Calling application"


class Action(models.TextChoices):
    READ = "read"
    REGISTER = "register", "register systems, data, runs and models"
    CLASSIFY = "classify", "change a system's risk tier or stakes"
    SUBMIT = "submit", "submit or withdraw a promotion"
    EVALUATE = "evaluate", "run evaluations and gates"
    DECIDE = "decide", "sign a decision on a promotion"
    OPERATE = "operate", "execute rollouts and rollbacks"
    PREDICT = "predict", "ask a slot for predictions and report outcomes"
    MONITOR = "monitor", "set up monitors"
    HANDLE_ALERT = "handle_alert", "acknowledge, suppress and resolve alerts"
    PROPOSE_POLICY = "propose_policy"
    APPROVE_POLICY = "approve_policy"
    EXPORT = "export", "export evidence packs"
    MANAGE_PEOPLE = "manage_people"
    VOUCH = "vouch", "confirm what a platform admin asks for people"
    ERASE = "erase", "request and decide erasures"
    HOLD = "hold", "place and release legal holds"
    FIND = "find", "raise and retest findings"
    SUSPEND = "suspend", "suspend or revoke an approval"
    PAUSE = "pause", "place or lift a hold on a slot"
    BREAK_GLASS = "break_glass", "let a version serve without an approval for 24 hours"
    HANDLE_INCIDENT = "handle_incident", "report incidents and see them through"
    SUBSCRIBE = "subscribe", "send events to other systems"
    EXEMPT = "exempt", "declare that a clause does not apply"
    DESCRIBE = "describe", "write the texts of model cards and datasheets"
    RETIRE = "retire", "retire versions and purge their artifacts"


_READERS = frozenset(Role) - {Role.PLATFORM_ADMIN, Role.CALLER}
ROLES_FOR: dict[Action, frozenset[Role]] = {
    Action.READ: _READERS,
    Action.REGISTER: frozenset({Role.ENGINEER, Role.OWNER}),
    Action.CLASSIFY: frozenset({Role.RISK_OFFICER}),
    Action.SUBMIT: frozenset({Role.ENGINEER, Role.OWNER}),
    Action.EVALUATE: frozenset(
        {
            Role.ENGINEER,
            Role.OWNER,
            Role.VALIDATOR,
            Role.COMPLIANCE_REVIEWER,
            Role.RISK_OFFICER,
            Role.OPERATOR,
            Role.AUDITOR,
        }
    ),
    Action.DECIDE: frozenset({Role.VALIDATOR, Role.COMPLIANCE_REVIEWER, Role.RISK_OFFICER, Role.DPO}),
    Action.OPERATE: frozenset({Role.OPERATOR}),
    Action.PREDICT: frozenset({Role.CALLER, Role.OPERATOR}),
    Action.MONITOR: frozenset({Role.ENGINEER, Role.OWNER, Role.OPERATOR}),
    Action.HANDLE_ALERT: frozenset({Role.OPERATOR, Role.OWNER}),
    Action.PROPOSE_POLICY: frozenset({Role.POLICY_ADMIN}),
    Action.APPROVE_POLICY: frozenset({Role.RISK_OFFICER}),
    Action.EXPORT: _READERS,
    Action.MANAGE_PEOPLE: frozenset({Role.PLATFORM_ADMIN}),
    Action.VOUCH: frozenset({Role.PLATFORM_ADMIN, Role.RISK_OFFICER}),
    # Who advises on data protection does not release what the law asks to keep.
    Action.ERASE: frozenset({Role.DPO, Role.COMPLIANCE_REVIEWER}),
    Action.HOLD: frozenset({Role.COMPLIANCE_REVIEWER, Role.RISK_OFFICER}),
    Action.FIND: frozenset({Role.VALIDATOR, Role.COMPLIANCE_REVIEWER, Role.RISK_OFFICER, Role.DPO, Role.AUDITOR}),
    Action.SUSPEND: frozenset({Role.RISK_OFFICER, Role.COMPLIANCE_REVIEWER, Role.OPERATOR}),
    Action.PAUSE: frozenset({Role.RISK_OFFICER, Role.COMPLIANCE_REVIEWER, Role.OPERATOR}),
    Action.BREAK_GLASS: frozenset({Role.RISK_OFFICER, Role.OPERATOR}),
    Action.HANDLE_INCIDENT: frozenset({Role.OPERATOR, Role.OWNER, Role.RISK_OFFICER, Role.COMPLIANCE_REVIEWER}),
    Action.SUBSCRIBE: frozenset({Role.OPERATOR}),
    Action.EXEMPT: frozenset({Role.COMPLIANCE_REVIEWER, Role.RISK_OFFICER}),
    Action.DESCRIBE: frozenset({Role.ENGINEER, Role.OWNER}),
    Action.RETIRE: frozenset({Role.ENGINEER, Role.OWNER, Role.OPERATOR}),
}
#: Roles that sign; a service account or a platform admin can never hold one.
SIGNING = frozenset({Role.VALIDATOR, Role.COMPLIANCE_REVIEWER, Role.RISK_OFFICER, Role.DPO})
#: Roles that one person alone cannot give: those that sign, that decide what serves, and the one that gives roles.
WEIGHTY = (
    SIGNING
    | {Role.PLATFORM_ADMIN}
    | ROLES_FOR[Action.OPERATE]
    | ROLES_FOR[Action.SUSPEND]
    | ROLES_FOR[Action.BREAK_GLASS]
)
