"""Checks a published log directory: every entry, every tile, the root, and that it continues an older checkpoint."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from audit.tlog import checkpoint, entry, merkle, note, tiles
from audit.tlog.errors import NoteError, PackError, TileError, TlogError
from audit.tlog.report import Report

_WIDTHS = {str(width) for width in range(1, tiles.WIDTH)}
MAX_FILE_BYTES = tiles.WIDTH * (2 + tiles.MAX_ENTRY_BYTES)


def check(folder: Path, verifiers: Sequence[note.Verifier], since: bytes | None, report: Report) -> None:
    """Recompute the tree from the entries and report every difference. Raises PackError if there is no checkpoint.

    since: an older signed checkpoint that this log must continue; refused with NoteError if no known key signed it.
    """
    older = checkpoint.open_signed(since, verifiers).head if since is not None else None
    head = _head(folder, verifiers, report)
    if head is None:
        return
    if older is not None:
        _check_continues(folder, older, head, report)
    _check_tree(folder, head, report)


def _head(folder: Path, verifiers: Sequence[note.Verifier], report: Report) -> checkpoint.Checkpoint | None:
    raw = _read(folder / "checkpoint")
    if raw is None:
        raise PackError("The directory has no file named checkpoint; it is not a log.")
    try:
        head = checkpoint.parse(note.text_of(raw))
        report.origin, report.size, report.root = head.origin, head.size, head.root
        report.signers = checkpoint.open_signed(raw, verifiers).signers
    except NoteError as problem:
        report.add("checkpoint", problem)
    # A head that can be read but not believed still says which files to compare.
    return head if report.origin else None


def _check_tree(folder: Path, head: checkpoint.Checkpoint, report: Report) -> None:
    edge: list[list[bytes]] = []
    report.proven |= {"entry": 0, "tile": 0}
    for n, start in enumerate(range(0, head.size, tiles.WIDTH)):
        hashes = _check_bundle(folder, n, min(tiles.WIDTH, head.size - start), report)
        if hashes is None:
            report.add(
                tiles.bundle_path(n), "Neither the entries nor their hashes can be read; what follows was not checked."
            )
            return
        _check_tile(folder, 0, n, hashes, report)
        grown = tiles.append(edge, start, hashes)
        edge = grown.edge
        for tile in grown.full_tiles:
            if tile.level:
                _check_tile(folder, tile.level, tile.n, tiles.decode_tile(tile.data), report)
    for level, partial in enumerate(edge):
        if level and partial:
            _check_tile(folder, level, (head.size >> 8 * level) // tiles.WIDTH, partial, report)
    computed = tiles.root_of_edge(edge, head.size)
    if computed != head.root:
        report.add("checkpoint", f"The entries have the root {computed.hex()}; the signed root is {head.root.hex()}.")


def _check_bundle(folder: Path, n: int, width: int, report: Report) -> Sequence[bytes] | None:
    """The leaf hashes of a bundle; where it cannot be read, those that its tile claims, so that the search goes on."""
    path = tiles.bundle_path(n)
    try:
        entries = _bundle(folder, n, width)
    except TileError as problem:
        report.add(path, problem)
        return _claimed_hashes(folder, n, width)
    _check_copies(folder, path, width, lambda known: tiles.encode_bundle(entries[:known]), report)
    for index, raw in enumerate(entries, start=n * tiles.WIDTH):
        try:
            entry.parse(raw)
            report.proven["entry"] += 1
        except TlogError as problem:
            report.add(f"{path}, entry {index}", problem)
    return [merkle.leaf_hash(raw) for raw in entries]


def _bundle(folder: Path, n: int, width: int) -> list[bytes]:
    partial = _read(folder / tiles.bundle_path(n, width))
    if partial is not None:
        return tiles.decode_bundle(partial, width)
    full = _read(folder / tiles.bundle_path(n))
    if full is None:
        raise TileError("The entry bundle is missing.")
    return tiles.decode_bundle(full)[:width]


def _claimed_hashes(folder: Path, n: int, width: int) -> Sequence[bytes] | None:
    try:
        return _tile(folder, 0, n, width)
    except TileError:
        return None


def _check_tile(folder: Path, level: int, n: int, hashes: Sequence[bytes], report: Report) -> None:
    path = tiles.tile_path(level, n)
    if not any((folder / tiles.tile_path(level, n, width)).is_file() for width in (len(hashes), tiles.WIDTH)):
        report.add(path, "The tile is missing.")
    report.proven["tile"] += 1
    _check_copies(folder, path, len(hashes), lambda known: b"".join(hashes[:known]), report)


def _check_copies(folder: Path, path: str, width: int, expected: Callable[[int], bytes], report: Report) -> None:
    """Compare every copy of a tile or bundle, left from smaller trees or ahead of this one, as far as both go."""
    copies = [(tiles.WIDTH, folder / path)]
    partials = folder / f"{path}.p"
    if partials.is_dir():
        names = sorted(name.name for name in partials.iterdir())
        copies += [(int(name), partials / name) for name in names if name in _WIDTHS]
    for copied_width, copy in copies:
        prefix = expected(min(width, copied_width))
        raw = _read(copy)
        if raw is None:
            continue
        if not raw.startswith(prefix) or (copied_width <= width and raw != prefix):
            report.add(copy.relative_to(folder).as_posix(), "The file does not hold what the entries say.")


def _tile(folder: Path, level: int, n: int, width: int) -> tuple[bytes, ...]:
    partial = _read(folder / tiles.tile_path(level, n, width))
    if partial is not None:
        return tiles.decode_tile(partial, width)
    full = _read(folder / tiles.tile_path(level, n))
    if full is None:
        raise TileError("The tile is missing.")
    return tiles.decode_tile(full)[:width]


def _check_continues(folder: Path, older: checkpoint.Checkpoint, head: checkpoint.Checkpoint, report: Report) -> None:
    def fetch(wanted: list[tuple[int, int]]) -> Mapping[tuple[int, int], Sequence[bytes]]:
        return {(level, n): _tile(folder, level, n, tiles.width_of(level, n, head.size)) for level, n in wanted}

    if older.origin != head.origin:
        report.add("since", f"The older checkpoint is of the log {older.origin}, this one of {head.origin}.")
        return
    try:
        proof = tiles.consistency_proof(older.size, head.size, fetch)
        merkle.verify_consistency(older.size, head.size, proof, older.root, head.root)
    except TlogError as problem:
        report.add("since", f"The log does not continue the older checkpoint of size {older.size}: {problem}")


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)  # what is longer than that equals nothing it is compared with
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
