"""Checks a published log: each entry, each tile, the root, the signatures, and that it continues older heads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from audit.tlog import checkpoint, historycheck, merkle, note, parallel, spans, tiles, trust
from audit.tlog.chronicle import Chronicle
from audit.tlog.errors import NoteError, PackError, TlogError
from audit.tlog.report import Report, counted
from audit.tlog.sources import Source
from audit.tlog.trust import Trust

_WORTH_A_WORKER = 4 * spans.BUNDLES * tiles.WIDTH  # entries; below that a new process costs more than it saves
_TILES_KEPT = 256  # while many older checkpoints are compared


@dataclass(frozen=True, slots=True)
class Older:
    """An older checkpoint that the log must continue, and the name by which findings call it."""

    name: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a log.

    since: older signed checkpoints. An only one that no known key signed is refused with NoteError; among several it is
    a finding. jobs: worker processes, None for as many as are worth it. parse: read each entry, not only hash it.
    follow_keys: trust keys that the log announced while a trusted key signed it. method: see `parallel.in_order`.
    """

    trust: Trust
    since: tuple[Older, ...] = ()
    jobs: int | None = None
    parse: bool = True
    follow_keys: bool = False
    method: str = parallel.SPAWN
    progress: Callable[[int, int], None] = field(default=lambda _done, _size: None)


def check(source: Source, question: Question, report: Report) -> None:
    """Recompute the tree from the entries and report every difference.

    Raises PackError if there is no checkpoint, SourceError and OSError where files cannot be fetched, and
    IncompleteError if the verification could not go on to its end.
    """
    raw = source.read("checkpoint")
    if raw is None:
        raise PackError("There is no file named checkpoint; it is not a log.")
    older = _read_older(question, report)
    head = _read_head(raw, report)
    if head is None:  # A head that can be read but not believed still says which files to compare.
        return
    if not question.parse:
        report.notes.append("The entries were hashed, but not read.")
    chronicle = Chronicle(report)
    whole, readable = _check_tree(source, head, question, chronicle, report)
    tree = _stored_tiles(source, head.size)
    continued = [one for one in older if _continues(tree, one, older[one], head, chronicle, report)]
    keys = question.trust.verifiers
    if question.follow_keys:
        keys = _followed([raw, *(one.raw for one in continued)] if whole else [], keys, chronicle, report)
    _believe_head(raw, keys, question.trust, chronicle, report)
    _believe_older(older, keys, chronicle, report)
    _check_histories(source, readable, question, chronicle, report)


def _read_older(question: Question, report: Report) -> dict[Older, checkpoint.Checkpoint]:
    found = {}
    for older in question.since:
        try:
            found[older] = checkpoint.parse(note.text_of(older.raw))
            if not question.follow_keys:
                checkpoint.open_signed(older.raw, question.trust.verifiers)
        except NoteError as problem:
            found.pop(older, None)
            if len(question.since) == 1:
                raise
            report.add(older.name, problem)
    return found


def _read_head(raw: bytes, report: Report) -> checkpoint.Checkpoint | None:
    try:
        head = checkpoint.parse(note.text_of(raw))
    except NoteError as problem:
        report.add("checkpoint", problem)
        return None
    report.origin, report.size, report.root = head.origin, head.size, head.root
    return head


def _check_tree(
    source: Source, head: checkpoint.Checkpoint, question: Question, chronicle: Chronicle, report: Report
) -> tuple[bool, int]:
    """Whether the entries have the root that was signed, and how many stand before the first archived bundle."""
    report.proven |= {"entry": 0, "tile": 0}
    edge: list[list[bytes]] = []
    last = spans.Checked(0)
    unread: list[int] = []
    whole = True
    every_span = spans.of(source, head.size, parse=question.parse)
    for checked in parallel.in_order(spans.check, every_span, jobs=_jobs(question, head.size), method=question.method):
        _take(checked, chronicle, report)
        unread += checked.unread
        if whole and not checked.lost:
            edge = _grow(source, edge, last.last, checked.roots, report)
        elif whole:
            whole = False
            report.add("checkpoint", "Some entries and their hashes cannot be read, so the root was not recomputed.")
        if checked.lost == spans.BUNDLES:  # a head may claim any size
            report.add(tiles.bundle_path(checked.last), "Nothing before this bundle can be read; the rest was not.")
            return False, head.size
        last = checked
        question.progress(min(checked.last * tiles.WIDTH, head.size), head.size)
    excused = _excuse_archived(unread, chronicle, report)
    return whole and _check_root(source, [last.rest, *edge], head, report), min(
        [n * tiles.WIDTH for n in excused], default=head.size
    )


def _take(checked: spans.Checked, chronicle: Chronicle, report: Report) -> None:
    report.findings += checked.findings
    report.proven["entry"] += checked.entries
    report.proven["tile"] += checked.tiles
    for index, raw in checked.told:
        chronicle.take(index, raw)


def _grow(
    source: Source, edge: list[list[bytes]], size: int, roots: Sequence[bytes], report: Report
) -> list[list[bytes]]:
    """Go on with the tree above the lowest tiles, whose leaves are those tiles' roots, and compare what was filled."""
    grown = tiles.append(edge, size, roots)
    for tile in grown.full_tiles:
        _check_tile(source, tile.level + 1, tile.n, tiles.decode_tile(tile.data), report)
    return grown.edge


def _check_root(source: Source, edge: list[list[bytes]], head: checkpoint.Checkpoint, report: Report) -> bool:
    for level, partial in enumerate(edge):
        if level and partial:
            _check_tile(source, level, (head.size >> 8 * level) // tiles.WIDTH, partial, report)
    computed = tiles.root_of_edge(edge if head.size else [], head.size)
    if computed != head.root:
        report.add("checkpoint", f"The entries have the root {computed.hex()}; the signed root is {head.root.hex()}.")
    return computed == head.root


def _check_tile(source: Source, level: int, n: int, hashes: Sequence[bytes], report: Report) -> None:
    report.proven["tile"] += 1
    report.findings += spans.compare_tile(source, level, n, hashes)


def _excuse_archived(unread: Sequence[int], chronicle: Chronicle, report: Report) -> set[int]:
    """Bundles that the log itself says were archived may be missing: their hashes still lead to the root."""
    archived = {n: index for n in unread if (index := chronicle.archiving_entry(n)) is not None}
    if archived:
        excused = {spans.missing(n) for n in archived}
        report.findings = [finding for finding in report.findings if finding not in excused]
        entries = ", ".join(map(str, sorted(set(archived.values()))))
        report.notes.append(
            f"{counted(len(archived), 'bundle')} of {tiles.WIDTH} entries not read, only their hashes: archived, "
            f"says entry {entries}."
        )
    return set(archived)


def _stored_tiles(source: Source, size: int) -> tiles.Fetch:
    @lru_cache(_TILES_KEPT)
    def tile(level: int, n: int) -> Sequence[bytes]:
        return spans.read_tile(source, level, n, tiles.width_of(level, n, size))

    return lambda wanted: {(level, n): tile(level, n) for level, n in wanted}


def _continues(
    tree: tiles.Fetch,
    older: Older,
    old: checkpoint.Checkpoint,
    head: checkpoint.Checkpoint,
    chronicle: Chronicle,
    report: Report,
) -> bool:
    """Whether the log continues an older checkpoint; if not, that is a finding."""
    remark = ""
    if old.origin != head.origin:
        common = chronicle.first_size_of(old.origin, head.origin)
        if common is None:
            report.add(older.name, f"The older checkpoint is of the log {old.origin}, this one of {head.origin}.")
            return False
        remark = f" The log went on under its new origin after {common} entries."
    try:
        proof = tiles.consistency_proof(old.size, head.size, tree)
        merkle.verify_consistency(old.size, head.size, proof, old.root, head.root)
    except TlogError as problem:
        report.add(older.name, f"The log does not continue the older checkpoint of size {old.size}: {problem}{remark}")
        return False
    return True


def _followed(
    heads: Sequence[bytes], keys: Sequence[note.Verifier], chronicle: Chronicle, report: Report
) -> tuple[note.Verifier, ...]:
    trusted = tuple(trust.follow(heads, keys, chronicle))
    report.notes += [
        f"The key {key.vkey} was not given; it is trusted because entry {chronicle.announced[key]} announced it."
        for key in trusted
        if key not in keys
    ]
    return trusted


def _believe_head(
    raw: bytes, keys: Sequence[note.Verifier], trusted: Trust, chronicle: Chronicle, report: Report
) -> None:
    try:
        signed = checkpoint.open_signed(raw, keys)
    except NoteError as problem:
        report.add("checkpoint", problem)
        return
    report.signers = signed.signers
    trust.check_retired("checkpoint", signed, chronicle, report)
    trust.judge_quorum(signed.note, trusted, report)


def _believe_older(
    older: Mapping[Older, checkpoint.Checkpoint], keys: Sequence[note.Verifier], chronicle: Chronicle, report: Report
) -> None:
    for one in older:
        try:
            trust.check_retired(one.name, checkpoint.open_signed(one.raw, keys), chronicle, report)
        except NoteError as problem:
            if len(older) == 1:
                raise
            report.add(one.name, problem)
    report.proven["checkpoint before it"] = len(older)


def _check_histories(source: Source, readable: int, question: Question, chronicle: Chronicle, report: Report) -> None:
    """Compare the fixed histories of entries that are there; of later ones an archived bundle withholds a part."""
    if not chronicle.fixed:
        return
    if not question.parse:
        report.notes.append("The fixed histories of subjects were not recomputed, because entries were not read.")
        return
    fixed = [one for one in chronicle.fixed if one.size <= readable]
    if len(fixed) < len(chronicle.fixed):
        roots = counted(len(chronicle.fixed) - len(fixed), "root")
        report.notes.append(f"{roots} of fixed histories not recomputed: they need entries that were archived.")
    every_span = spans.of(source, readable, parse=True)
    stretches = parallel.in_order(spans.subjects, every_span, jobs=_jobs(question, readable), method=question.method)
    historycheck.check(fixed, stretches, report)


def _jobs(question: Question, size: int) -> int:
    if question.jobs is None and size < _WORTH_A_WORKER:
        return 1
    return max(1, min(question.jobs or parallel.processors(), -(-size // (spans.BUNDLES * tiles.WIDTH))))
