"""PostgreSQL's own load generator: the client costs so little that what is measured is the database."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from audit.database import grants
from benchmarks.rig.settings import RUN_DIR, SERVER

PROGRAM = Path(SERVER.command[0]).with_name("pgbench")
# An entry like any other, its bytes made in SQL; the row's id comes from the insert before it. A colon that a letter
# follows would be a variable.
_MADE = """
WITH made AS (
    SELECT id, at, convert_to('{"actor":"benchmark","at":"' || to_char(at, 'YYYY-MM-DD"T"HH24":"MI":"SS.US"Z"')
        || '","data":{"state":"final"},"event":"note.written","id":"' || id
        || '","request":"","row":"' || repeat('ab', 32) || '","rows":{},"sealed":{},"subject":{"id":"'
        || :id || '","type":"note"},"v":1}', 'UTF8') AS leaf
    FROM (SELECT uuidv7() AS id, clock_timestamp() AS at)
)
"""
_NOTE = """
INSERT INTO {table} (title, state, amount, text, changed_at)
    VALUES ('Note ' || random(), 'draft', 1, repeat('text ', 30), now()) RETURNING id \\gset
"""
_EVENT = "event, subject_type, subject_id, actor, at, request"
_VALUES = "'note.written', 'note', :id::text, 'benchmark', at, ''"
PLAIN = f"BEGIN; {_NOTE.format(table='notes_plainnote')} COMMIT;"
OURS = f"""
BEGIN; {_NOTE.format(table="notes_ournote")}
{_MADE} INSERT INTO audit_event (id, leaf, {_EVENT}) SELECT id, leaf, {_VALUES} FROM made;
COMMIT;
"""
# The lock is taken by the last statement, which needs one round trip, and held until the commit is on the disk.
CHAIN = f"""
BEGIN; {_NOTE.format(table="notes_plainnote")}
{_MADE}, head AS (
    UPDATE chain_head SET size = size + 1, hash = sha256(hash || made.leaf) FROM made
    RETURNING size, hash, made.id, made.at, made.leaf
)
INSERT INTO chain_event (ticket, hash, id, leaf, {_EVENT}) SELECT size, hash, id, leaf, {_VALUES} FROM head;
COMMIT;
"""
# The same columns and indexes as ours.
CHAIN_TABLES = f"""
CREATE TABLE chain_head (size bigint NOT NULL, hash bytea NOT NULL);
INSERT INTO chain_head VALUES (0, '');
CREATE TABLE chain_event (LIKE audit_event INCLUDING ALL EXCLUDING IDENTITY, hash bytea NOT NULL);
GRANT SELECT, INSERT, UPDATE ON chain_head, chain_event TO {grants.APPLICATION};
"""


class Result(NamedTuple):
    """Transactions a second, and how long one takes on average."""

    per_second: float
    latency_ms: float


def run(script: str, *, clients: int, seconds: int) -> Result:
    """Run one script from that many connections."""
    with start(script, clients=clients, seconds=seconds) as process:
        said, problem = process.communicate()
    found = [re.search(rf"{name} = ([\d.]+)", said) for name in ("tps", "latency average")]
    if process.returncode or None in found:
        raise RuntimeError(f"pgbench failed: {problem}")
    return Result(*(float(one[1]) for one in found if one))


def start(script: str, *, clients: int, seconds: int) -> subprocess.Popen[str]:
    """The same, as a process to wait for."""
    file = RUN_DIR / f"{hash(script)}.sql"
    file.write_text(script)
    options = ["-n", "-M", "prepared", "-j", "2", "-c", str(clients), "-T", str(seconds), "-f", str(file)]
    return subprocess.Popen(
        [PROGRAM, *options, SERVER.url()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
