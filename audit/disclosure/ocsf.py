"""An entry in the words of security monitoring: OCSF 1.3 Entity Management (3004), and CEF lines."""

from datetime import datetime
from typing import Any

from audit.tlog.canonical import Json

VERSION = "1.3.0"
CATEGORY_UID, CLASS_UID = 3, 3004  # Identity & Access Management, Entity Management
PRODUCT = {"name": "System of record for machine-learning decisions", "vendor_name": "mlops", "version": "1.0.0"}
CREATE, READ, UPDATE, DELETE = 1, 2, 3, 4
_ACTIVITY_NAMES = {CREATE: "Create", READ: "Read", UPDATE: "Update", DELETE: "Delete"}
#: By an event's verb; every other event is an update of its subject.
_ACTIVITIES = {
    CREATE: "created registered stored proposed submitted requested recorded raised placed opened key_added",
    READ: "exported pack_exported",
    DELETE: "executed archived",
}
_OF_VERB = {verb: activity for activity, verbs in _ACTIVITIES.items() for verb in verbs.split()}
INFORMATIONAL, LOW, MEDIUM, HIGH = 1, 2, 3, 4
_SEVERITY_NAMES = {INFORMATIONAL: "Informational", LOW: "Low", MEDIUM: "Medium", HIGH: "High"}
_CEF_SEVERITIES = {INFORMATIONAL: 1, LOW: 3, MEDIUM: 5, HIGH: 8}
#: What somebody should look at. A refusal is a rule that held, and still worth a look.
_SEVERITIES = {
    "log.resumed": HIGH,
    "alert.raised": MEDIUM,
    "alert.repeated": MEDIUM,
    "rollout.rolled_back": MEDIUM,
    "redaction.executed": MEDIUM,
    "log.key_added": MEDIUM,
    "log.key_retired": MEDIUM,
    "log.exported": LOW,
    "account.role_granted": LOW,
    "account.token_issued": LOW,
    "account.password_changed": LOW,
}
SUCCESS, FAILURE = 1, 2
_USER_TYPES = {"person": (1, "User"), "system": (3, "System"), "service": (99, "Service")}


def event(entry: dict[str, Any], raw: bytes, *, index: int, origin: str) -> dict[str, Json]:
    """An entry as an OCSF event: what it says is mapped, and its bytes stand in `raw_data`, so nothing is lost."""
    activity, severity, failed = _activity(entry["event"]), _severity(entry["event"]), _has_failed(entry["event"])
    return {
        "activity_id": activity,
        "activity_name": _ACTIVITY_NAMES[activity],
        "actor": {"user": _user(entry["actor"])},
        "category_name": "Identity & Access Management",
        "category_uid": CATEGORY_UID,
        "class_name": "Entity Management",
        "class_uid": CLASS_UID,
        "entity": {"type": entry["subject"]["type"], "uid": entry["subject"]["id"], "data": entry["data"]},
        "message": f"{entry['event']} on {entry['subject']['type']} {entry['subject']['id']} by {entry['actor']}",
        "metadata": {
            "correlation_uid": entry["request"] or "",
            "event_code": entry["event"],
            "log_name": origin,
            "original_time": entry["at"],
            "product": dict(PRODUCT),
            "sequence": index,
            "uid": entry["id"],
            "version": VERSION,
        },
        "raw_data": raw.decode(),
        "severity": _SEVERITY_NAMES[severity],
        "severity_id": severity,
        "status": "Failure" if failed else "Success",
        "status_id": FAILURE if failed else SUCCESS,
        "time": _milliseconds(entry["at"]),
        "type_name": f"Entity Management: {_ACTIVITY_NAMES[activity]}",
        "type_uid": CLASS_UID * 100 + activity,
    }


def cef(entry: dict[str, Any], *, index: int, leaf_hash: str) -> str:
    """An entry as one line of the Common Event Format."""
    name = entry["event"]
    header = [PRODUCT["vendor_name"], PRODUCT["name"], PRODUCT["version"], name, name]
    extension = {
        "rt": _milliseconds(entry["at"]),
        "suid": entry["actor"],
        "externalId": entry["id"],
        "outcome": "failure" if _has_failed(name) else "success",
        "cs1Label": "subject",
        "cs1": f"{entry['subject']['type']}/{entry['subject']['id']}",
        "cs2Label": "leafHash",
        "cs2": leaf_hash,
        "cs3Label": "request",
        "cs3": entry["request"] or "",
        "cn1Label": "index",
        "cn1": index,
    }
    pairs = " ".join(f"{key}={_cef_value(str(value))}" for key, value in extension.items())
    return "|".join(["CEF:0", *map(_cef_header, header), str(_CEF_SEVERITIES[_severity(name)]), pairs])


def _activity(name: str) -> int:
    return _OF_VERB.get(name.rpartition(".")[2], UPDATE)


def _severity(name: str) -> int:
    return _SEVERITIES.get(name, LOW if _has_failed(name) else INFORMATIONAL)


def _has_failed(name: str) -> bool:
    return name.endswith(("refused", ".failed"))


def _user(actor: str) -> dict[str, Json]:
    type_id, kind = _USER_TYPES.get(actor.partition(":")[0], (0, "Unknown"))
    return {"uid": actor, "type_id": type_id, "type": kind}


def _milliseconds(at: str) -> int:
    moment = datetime.fromisoformat(at)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def _cef_header(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")


def _cef_value(text: str) -> str:
    return text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "").replace("\n", "\\n")
