"""The zip container of a pack, with one spelling only, so that not a byte of the file is left unaccounted for.

Members stand in name order, stored without compression under one fixed date and mode. A reader rebuilds the container
from the members and compares: what hides in headers, gaps, comments or a second directory shows as a difference.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping

from audit.tlog.errors import PackError
from audit.tlog.report import Report

MAX_MEMBER_BYTES = 64 * 1024 * 1024
MAX_ARCHIVE_BYTES = 512 * 1024 * 1024
MAX_MEMBERS = 50_000
_VERSION, _UNIX, _MODE, _FIRST_OF_JANUARY_1980 = 20, 3, 0o100644, 0x21
_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, struct.error)


def write(members: Mapping[str, bytes]) -> Iterator[bytes]:
    """The container's bytes, piece by piece. Raises PackError beyond the limits a reader sets."""
    if len(members) > MAX_MEMBERS:
        raise PackError(f"A pack has at most {MAX_MEMBERS} members; this one would have {len(members)}.")
    directory, offset = [], 0
    for name in sorted(members):
        data, raw_name = members[name], name.encode("ascii")
        if len(data) > MAX_MEMBER_BYTES or offset + len(data) > MAX_ARCHIVE_BYTES:
            raise PackError(f"{name} makes the pack larger than a reader will take.")
        about = struct.pack(
            "<5H3L2H",
            _VERSION,
            0,
            0,
            0,
            _FIRST_OF_JANUARY_1980,
            zlib.crc32(data),
            len(data),
            len(data),
            len(raw_name),
            0,
        )
        yield from (b"PK\x03\x04", about, raw_name, data)
        made_by = struct.pack("<H", _UNIX << 8 | _VERSION)
        place = struct.pack("<3H2L", 0, 0, 0, _MODE << 16, offset)
        directory.append(b"PK\x01\x02" + made_by + about + place + raw_name)
        offset += 4 + len(about) + len(raw_name) + len(data)
    listing = b"".join(directory)
    yield listing
    yield struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(members), len(members), len(listing), offset, 0)


def read(raw: bytes, report: Report) -> dict[str, bytes]:
    """The members, as far as they can be read; everything odd about the container goes into the report.

    Raises PackError where the bytes are no zip at all.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except _UNREADABLE as problem:
        raise PackError(f"This is not a readable zip file: {problem}.") from problem
    before = len(report.findings)
    members = _members(archive, report)
    if len(report.findings) == before:
        _compare(raw, members, report)
    return members


def _members(archive: zipfile.ZipFile, report: Report) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    total = 0
    for info in archive.infolist()[: MAX_MEMBERS + 1]:
        if info.filename in members:
            report.add(info.filename, "The zip holds two members of this name.")
            continue
        data = _member(archive, info, report)
        total += len(data or b"")
        if total > MAX_ARCHIVE_BYTES or len(members) == MAX_MEMBERS:
            report.add("zip", "The pack is larger than this verifier reads; the rest was not looked at.")
            break
        if data is not None:
            members[info.filename] = data
    return members


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, report: Report) -> bytes | None:
    if info.compress_type != zipfile.ZIP_STORED:
        report.add(info.filename, "The member is compressed; a pack stores its members as they are.")
    try:
        with archive.open(info) as file:
            data = file.read(MAX_MEMBER_BYTES + 1)
    except _UNREADABLE as problem:
        report.add(info.filename, f"The member cannot be read: {problem}.")
        return None
    if len(data) > MAX_MEMBER_BYTES:
        report.add(info.filename, f"The member is larger than {MAX_MEMBER_BYTES} bytes and was not read.")
        return None
    return data


def _compare(raw: bytes, members: Mapping[str, bytes], report: Report) -> None:
    place = 0
    try:
        for piece in write(members):
            if raw[place : place + len(piece)] != piece:
                report.add(
                    "zip", f"The container is not as a pack is written, in the {len(piece)} bytes from {place} on."
                )
                return
            place += len(piece)
    except (PackError, UnicodeEncodeError) as problem:
        report.add("zip", f"The container cannot have been written as a pack: {problem}.")
        return
    if place != len(raw):
        report.add("zip", f"The container has {len(raw) - place} bytes after its end.")
