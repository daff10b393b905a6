"""The guards as the code has them, and as they stand in the database: what is missing, asleep, changed or added."""

import functools
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.apps import apps
from django.db.backends.utils import CursorWrapper
from django.db.migrations import RunSQL

from audit import guard, migrations

_EVENT = r"(?:INSERT|DELETE|UPDATE|TRUNCATE)(?:\s+OF\s+[\w ,]+?)?"
# What a migration says, and what PostgreSQL says that it has: both are read by these.
_STATEMENT = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+(?:public\.)?(?P<function>\w+)\s*\(.*?"
    r"\$(?P<tag>\w*)\$(?P<body>.*?)\$(?P=tag)\$[^;]*"
    r"|CREATE\s+(?P<constraint>CONSTRAINT\s+)?TRIGGER\s+(?P<trigger>\w+)\s+(?P<when>BEFORE|AFTER)\s+"
    rf"(?P<events>{_EVENT}(?:\s+OR\s+{_EVENT})*)\s+ON\s+(?:public\.)?\"?(?P<table>\w+)\"?\s+"
    r"(?P<deferred>DEFERRABLE\s+INITIALLY\s+DEFERRED\s+)?(?P<referencing>REFERENCING\s+[\w\s]+?\s+)?"
    r"FOR\s+EACH\s+(?P<level>ROW|STATEMENT)\s+EXECUTE\s+(?:FUNCTION|PROCEDURE)\s+(?:public\.)?(?P<calls>\w+)\(\)"
    r"|DROP\s+FUNCTION\s+(?:IF\s+EXISTS\s+)?(?P<no_function>\w+)"
    r"|DROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?(?P<no_trigger>\w+)\s+ON\s+(?:public\.)?\"?(?P<no_table>\w+)\"?",
    re.IGNORECASE | re.DOTALL,
)
_TRIGGERS = """
    SELECT relname, tgname, pg_get_triggerdef(pg_trigger.oid), tgenabled
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
        AND (relname LIKE 'audit\\_%%' OR relname = ANY(%s))
"""
_FUNCTIONS = """
    SELECT proname, prosrc, prosecdef, coalesce(proconfig::text, '') FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND (prosecdef OR proname = ANY(%s))
"""
_DETOURS = """
    SELECT relname, relhasrules, relrowsecurity FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND (relhasrules OR relrowsecurity)
        AND (relname LIKE 'audit\\_%%' OR relname = ANY(%s))
"""


class Place(NamedTuple):
    """A trigger's table and its name."""

    table: str
    trigger: str


class Function(NamedTuple):
    """What a function does, whether with its owner's rights, and under which settings of its own."""

    body: str
    definer: bool
    settings: str = ""


@dataclass
class Guards:
    """Triggers and the functions that they call."""

    triggers: dict[Place, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)

    def read(self, statements: str) -> None:
        """Add what these statements create, and remove what they drop."""
        for found in _STATEMENT.finditer(statements):
            part = found.groupdict()
            if part["function"]:
                outside = found.group().replace(part["body"], "")
                definer = "SECURITY DEFINER" in " ".join(outside.upper().split())
                self.functions[part["function"]] = Function(part["body"], definer)
            elif part["trigger"]:
                self.triggers[Place(part["table"], part["trigger"])] = _definition(part)
            elif part["no_function"]:
                self.functions.pop(part["no_function"], None)
            else:
                self.triggers.pop(Place(part["no_table"], part["no_trigger"]), None)


@functools.cache
def intended() -> Guards:
    """What the models and the log's own migrations ask for."""
    guards = Guards()
    for each in sorted(module.name for module in pkgutil.iter_modules(migrations.__path__)):
        for operation in importlib.import_module(f"{migrations.__name__}.{each}").Migration.operations:
            if isinstance(operation, RunSQL):
                guards.read(str(operation.sql))
    for model in apps.get_models():
        for trigger in getattr(model._meta, "triggers", ()):
            if isinstance(trigger, guard.Guard):
                guards.read(trigger.compile(model).install_sql)
    return guards


def deviations(cursor: CursorWrapper) -> Iterator[str]:
    """Every way in which the database's guards are not those of the code."""
    guards = intended()
    tables = sorted({place.table for place in guards.triggers})
    cursor.execute(_TRIGGERS, [tables])
    there = {Place(table, name): (text, enabled) for table, name, text, enabled in cursor.fetchall()}
    for place in sorted(guards.triggers.keys() | there.keys()):
        if deviation := _deviation(guards.triggers.get(place), *there.get(place, ("", ""))):
            yield f"The guard {place.trigger} of {place.table} {deviation}."
    yield from _functions(cursor, guards)
    cursor.execute(_DETOURS, [tables])
    for table, rules, security in cursor.fetchall():
        kinds = [kind for kind, has in (("rewrite rules", rules), ("row security", security)) if has]
        yield f"The table {table} has {' and '.join(kinds)}, which the code knows nothing of."


def _deviation(intended: str | None, text: str, enabled: str) -> str:
    if not text:
        return "is missing"
    if intended is None:
        return "is none that the code knows"
    found = _STATEMENT.fullmatch(text)
    if found is None or _definition(found.groupdict()) != intended:
        return "is defined otherwise than in the code"
    return "" if enabled == "A" else "does not fire in every session (it is not ENABLE ALWAYS)"


def _functions(cursor: CursorWrapper, guards: Guards) -> Iterator[str]:
    cursor.execute(_FUNCTIONS, [sorted(guards.functions)])
    there: dict[str, list[Function]] = {}
    for name, *function in cursor.fetchall():
        there.setdefault(name, []).append(Function(*function))
    for name, meant in sorted(guards.functions.items()):
        if there.get(name) != [meant]:
            yield f"The function {name} {'is not the one in the code' if name in there else 'is missing'}."
    for name in sorted(there.keys() - guards.functions.keys()):
        yield f"The function {name} has its owner's rights, and the code knows nothing of it."


def _definition(part: dict[str, str]) -> str:
    """A trigger's definition in one spelling."""
    events = sorted(" ".join(event.split()) for event in re.split(r"\s+OR\s+", part["events"].upper()))
    names = ("constraint", "when", "deferred", "referencing", "level", "calls")
    return " ".join(" ".join([*(part[name] or "-" for name in names), *events]).upper().split())
